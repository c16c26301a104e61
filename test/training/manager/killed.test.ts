/** A training that is killed again and again while it saves: nothing acknowledged is lost, nothing half is found, the best stays. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, expect, it } from 'vitest';
import { verifyCheckpoint } from '../../../src/index.js';
import { Checkpoint, CheckpointManager, keepBest } from '../../../src/tfjs.js';
import { Choices } from '../../layers/random-numbers.js';

const PROGRAM = fileURLToPath(new URL('killed.mjs', import.meta.url));
const KILLS = 12;
const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-killed-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The last step that was acknowledged before the process was killed, so many milliseconds after its first save. */
async function runAndKill(milliseconds: number): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
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
  let last = 0;
  for (let i = 0; i < KILLS; i++) {
    last = Math.max(last, await runAndKill(random.whole(i === 0 ? 400 : 1, 400)));
    const v = tf.tidy(() => tf.variable(tf.zeros([200_000])));
    const step = tf.tidy(() => tf.variable(tf.scalar(0, 'int32'), false));
    const retention = [keepBest({ metric: 'loss', mode: 'min' })];
    const manager = new CheckpointManager(new Checkpoint({ v, step }), directory, {
      maxToKeep: 2,
      retention,
      readOnly: true,
    });
    const restored = await manager.restoreOrInitialize();
    expect(restored).not.toBeNull();
    const at = step.dataSync()[0]!;
    // What was acknowledged is there; one more may have been committed and not yet acknowledged.
    expect([last, last + 1]).toContain(at);
    expect(v.dataSync().every(element => element === at)).toBe(true);
    for (const { path } of manager.kept) {
      if (readdirSync(directory).includes(`${path.slice(directory.length + 1)}.index`))
        expect((await verifyCheckpoint(path)).ok, path).toBe(true);
    }
    if (at > 3) expect(readdirSync(directory)).toContain('ckpt-3.index');
    last = at;
    tf.dispose([v, step]);
  }
  expect(last).toBeGreaterThan(5);
});
