/**
 * How the JavaScript thread waits for a small job: it takes the result of a fast one without a turn of the event loop,
 * and a slow one does not hold it. An operation that is held by a fault ends only when JavaScript goes on.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Handle } from '../../src/binding.js';
import { faultAddonPath, faulty as native } from './fault-binding.js';

const HOLD = [{ at: 1, syscall: 'stat', action: 'hold' }] as const;
/** As in native/engine/patience.h. */
const VAIN_WAITS = 4;
const RARE_WAITS = 32;

let path: string;
let directory: Handle;
beforeEach(async () => {
  path = mkdtempSync(join(tmpdir(), 'tensorbundle-'));
  native.setFaults(null);
  directory = await native.openDirectory(path);
});
afterEach(async () => {
  native.setFaults(null);
  await native.close(directory);
  rmSync(path, { recursive: true });
});

/** Whether the promise is settled when the call returns. */
function isSettled(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => true), Promise.resolve().then(() => false)]);
}

/** How many of the calls were waited for. Each is awaited before the next, so that each has the pool to itself. */
async function settledAtOnce(calls: number): Promise<number> {
  let count = 0;
  for (let i = 0; i < calls; i++) {
    const promise = native.stat(directory);
    if (await isSettled(promise)) count++;
    await promise;
  }
  return count;
}

async function held(calls: number): Promise<void> {
  for (let i = 0; i < calls; i++) {
    native.setFaults(HOLD);
    const promise = native.stat(directory);
    // Here only because the call has not waited for the end.
    expect(await isSettled(promise)).toBe(false);
    expect(native.operations()).toEqual([]);
    native.setFaults(null);
    await promise;
  }
}

/** Where other programs use all processors, nothing is waited for; that passes. */
async function untilOneIsSettledAtOnce(): Promise<void> {
  for (let i = 0; i < 10_000; i++) {
    if ((await settledAtOnce(1)) === 1) return;
    if (i % RARE_WAITS === 0) await delay(5);
  }
  throw new Error('no call was waited for');
}

test('a fast operation is there when the call returns; a slow one does not hold the thread', async () => {
  await untilOneIsSettledAtOnce();
  await held(1);
  await untilOneIsSettledAtOnce();
});

test('after several waits in vain most calls do not wait, and a fast one brings the waits back', async () => {
  // Again, because a busy machine has waits that are not even tried, and so not in vain.
  for (let attempt = 1; ; attempt++) {
    await untilOneIsSettledAtOnce();
    await held(VAIN_WAITS);
    const count = await settledAtOnce(RARE_WAITS - 1);
    await untilOneIsSettledAtOnce();
    if (count === 0) return;
    expect(attempt).toBeLessThan(50);
  }
});

test('the first operation of a process does not hold the thread either', () => {
  const script = `
    const native = require(${JSON.stringify(faultAddonPath)});
    native.setFaults([{ at: 1, action: 'hold' }]);
    const opened = native.openDirectory(${JSON.stringify(path)});
    const settled = Promise.race([opened.then(() => true), Promise.resolve().then(() => false)]);
    settled.then(async isSettled => {
      native.setFaults(null);
      await opened;
      console.log(isSettled);
    });
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', timeout: 15_000 });
  expect({ stdout, stderr }).toEqual({ stdout: 'false\n', stderr: '' });
});
