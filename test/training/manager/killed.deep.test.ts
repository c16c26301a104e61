/**
 * Random commands (saves, background saves, restores, restarts with other options, deletions by hand), and a kill in
 * the middle of them, again and again: nothing acknowledged is lost, nothing half is found, the best stays; and
 * TensorFlow's real manager finds in each directory what ours finds, and goes on with it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, expect, it } from 'vitest';
import { removeCheckpoint, verifyCheckpoint } from '../../../src/index.js';
import { Checkpoint, CheckpointManager, keepBest } from '../../../src/tfjs.js';
import { Choices } from '../../layers/random-numbers.js';
import { runPython } from '../../oracle/python.js';

const PROGRAM = fileURLToPath(new URL('killed.mjs', import.meta.url));
const KILLS = 20;
const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-killed-'));
const copies: string[] = [];
afterAll(() => {
  for (const copy of copies) rmSync(copy.slice(0, copy.lastIndexOf(':')), { recursive: true, force: true });
  rmSync(directory, { recursive: true, force: true });
});

/** The last step that was acknowledged before the process was killed, so many milliseconds after its first save. */
async function runAndKill(milliseconds: number, maxToKeep: number, seed: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, directory, String(maxToKeep), String(seed)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let acknowledged = 0;
  let begun = (): void => undefined;
  const beginning = new Promise<void>(resolve => {
    begun = resolve;
  });
  const lines = createInterface({ input: child.stdout });
  lines.on('line', line => {
    if (line === 'ready') begun();
    const [, step] = /^saved (\d+)$/.exec(line) ?? [];
    if (step !== undefined) acknowledged = Number(step);
  });
  const ended = once(child, 'close');
  await Promise.race([beginning, ended]);
  await delay(milliseconds);
  child.kill('SIGKILL');
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  return acknowledged;
}

it(`${KILLS} kills`, async () => {
  const random = new Choices(7);
  const found: { checkpoints: string[]; copy: string; at: number }[] = [];
  let last = 0;
  for (let i = 0; i < KILLS; i++) {
    const maxToKeep = random.whole(1, 4);
    last = Math.max(last, await runAndKill(random.whole(i === 0 ? 400 : 1, 400), maxToKeep, i));
    const v = tf.tidy(() => tf.variable(tf.zeros([200_000])));
    const step = tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
    const retention = [keepBest({ metric: 'loss', mode: 'min' })];
    const options = { maxToKeep, retention, readOnly: true };
    const manager = new CheckpointManager(new Checkpoint({ v, step }), directory, options);
    const restored = await manager.restoreOrInitialize();
    expect(restored).not.toBeNull();
    const at = step.dataSync()[0]!;
    // What was acknowledged is there; one more may have been committed and not yet acknowledged.
    expect([last, last + 1]).toContain(at);
    expect(v.dataSync().every(element => element === at)).toBe(true);
    const indices = readdirSync(directory).filter(name => name.endsWith('.index'));
    for (const { path } of manager.kept) {
      if (indices.includes(`${basename(path)}.index`)) expect((await verifyCheckpoint(path)).ok, path).toBe(true);
    }
    if (at > 3) expect(indices).toContain('ckpt-3.index');
    const copy = `${directory}/../${basename(directory)}-${i}:${maxToKeep}`;
    copies.push(copy);
    cpSync(directory, copy.slice(0, copy.lastIndexOf(':')), { recursive: true });
    found.push({ checkpoints: manager.checkpoints.map(path => basename(path)), copy, at });
    const old = indices
      .map(name => name.replace('.index', ''))
      .filter(name => ![`ckpt-${at}`, 'ckpt-3'].includes(name));
    if (old.length > 0 && random.chance(0.3)) await removeCheckpoint(join(directory, random.one(old)));
    last = at;
    tf.dispose([v, step]);
  }
  expect(last).toBeGreaterThan(5);

  const answers = await runPython(PROGRAM.replace('.mjs', '.py'), copies);
  const theirs = answers
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  expect(theirs).toHaveLength(KILLS);
  for (const [i, { checkpoints, copy, at }] of found.entries()) {
    const { found: names, restored, whole, saved, swept } = theirs[i];
    expect([names, restored, whole]).toEqual([checkpoints, at, true]);
    expect(saved).toBe(`ckpt-${at + 1}`);
    const keep = Number(copy.slice(copy.lastIndexOf(':') + 1));
    expect(swept.checkpoints).toEqual([...checkpoints, saved].slice(-keep));
    expect(swept.files).toContain(`${saved}.index`);
  }
}, 240_000);
