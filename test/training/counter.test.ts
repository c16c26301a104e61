/** A step of 64 bits; checkpoint.test.ts gives it to TensorFlow and back. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { listVariables } from '../../src/index.js';
import { Checkpoint, CheckpointManager, Counter } from '../../src/tfjs.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle counter '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const int32 = (value: number): tf.Variable => tf.tidy(() => tf.variable(tf.scalar(value, 'int32')));

it('a Counter counts exactly, or refuses', async () => {
  const counter = new Counter(2n ** 53n - 1n);
  expect(counter.assignAdd().bigint).toBe(2n ** 53n);
  expect(() => counter.value).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }));
  expect(counter.assignSub(2n).value).toBe(2 ** 53 - 2);
  for (const bad of [0.5, Number.NaN, 2 ** 53, '1', null, tf.tensor1d([1, 2])])
    expect(() => counter.assign(bad as number)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  for (const bad of [2n ** 63n, -(2n ** 63n) - 1n])
    expect(() => counter.assign(bad)).toThrow(expect.objectContaining({ code: 'ERR_TOO_LARGE' }));
  expect(counter.value).toBe(2 ** 53 - 2);
  expect(counter.assign(int32(9)).value).toBe(9);
  const step = new Counter();
  const options = { maxToKeep: null, stepCounter: step, checkpointInterval: 10 };
  const manager = new CheckpointManager(new Checkpoint({ step }), directory, options);
  const saved = [];
  for (let i = 0; i < 25; i++, step.assignAdd()) saved.push((await manager.save()) !== null);
  expect(saved.flatMap((is, i) => (is ? [i] : []))).toEqual([0, 10, 20]);
  expect(
    (await listVariables(manager.latestCheckpoint!))
      .filter(({ name }) => name.startsWith('step/'))
      .map(({ dtype }) => dtype),
  ).toEqual(['int64']);
});

it.each([7, 2n ** 60n, { step: 1n }, null, new String('7')])('serialize() that gives %s, and no text', async state => {
  const value = { serialize: () => state as string, deserialize: () => undefined };
  const saving = new Checkpoint({ values: { state: value } }).write(join(directory, 'no-text'));
  await expect(saving).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', expected: 'string' });
  await expect(saving).rejects.toThrow("serialize() of 'values.state'");
});

it('what is no array or no step is named', async () => {
  const value = { dtype: 'int64' as const, shape: [], read: () => 3n as never, assign: () => undefined };
  const saving = new Checkpoint({ value }).write(join(directory, 'no-array'));
  await expect(saving).rejects.toMatchObject({ code: 'ERR_DTYPE', expected: 'int64', found: 'bigint' });
  const manager = (stepCounter: unknown): CheckpointManager =>
    new CheckpointManager(new Checkpoint({ step: new Counter() }), join(directory, 'steps'), {
      ...{ maxToKeep: 1, checkpointInterval: 2 },
      stepCounter: stepCounter as () => number,
    });
  for (const bad of [5, 5n, {}, null])
    expect(() => manager(bad)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
  for (const bad of [Number.NaN, undefined, '5'])
    await expect(manager(() => bad).save()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  let step = 3n;
  const counted = manager(() => step);
  expect(await counted.save()).not.toBeNull();
  step++;
  expect(await counted.save()).toBeNull();
  step++;
  expect(await counted.save()).not.toBeNull();
});
