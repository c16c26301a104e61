/**
 * How much a real load into tfjs-node holds beside the model, counted: bytes that were read and are not yet the
 * model's, and the tensors of TensorFlow.js meanwhile. Resident memory cannot tell: TensorFlow keeps what values that
 * were replaced leave, and the new values become the model's without a copy.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { CheckpointReader, type TensorValue } from '../../src/index.js';
import { loadWeights, saveWeights } from '../../src/tfjs.js';
import { randomize } from './models.js';

const MIB = 2 ** 20;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-memory-'));
});
afterAll(() => rm(directory, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

/** The embedding has 4 MiB, the kernel of the LSTM 2 MiB, each kernel of the stack 1 MiB. */
function model(): tf.LayersModel {
  const l = tf.layers;
  const recurrent = l.lstm({ units: 512, recurrentInitializer: 'glorotNormal' });
  return tf.sequential({
    layers: [
      l.embedding({ inputDim: 4096, outputDim: 256, inputLength: 3 }),
      recurrent,
      ...Array.from({ length: 6 }, () => l.dense({ units: 512 })),
      l.batchNormalization(),
    ],
  });
}

/** Watches the real reader, its single and its plural reads, and the real variables. */
function watch(): { mostHeld(): number; mostTensors(): number } {
  let held = 0;
  let mostHeld = 0;
  let mostTensors = 0;
  const hold = (values: readonly TensorValue[]): void => {
    // The object graph is a string, and none of the values.
    for (const { dtype, data } of values) if (dtype === 'float32') held += (data as Float32Array).byteLength;
    mostHeld = Math.max(mostHeld, held);
    mostTensors = Math.max(mostTensors, tf.memory().numBytes);
  };
  const { read, readAll, readForTensors } = CheckpointReader.prototype;
  vi.spyOn(CheckpointReader.prototype, 'read').mockImplementation(async function (this: CheckpointReader, ...given) {
    const value = await read.apply(this, given);
    hold([value]);
    return value;
  });
  vi.spyOn(CheckpointReader.prototype, 'readAll').mockImplementation(async function (this: CheckpointReader, ...given) {
    const values = await readAll.apply(this, given);
    hold(values);
    return values;
  });
  vi.spyOn(CheckpointReader.prototype, 'readForTensors').mockImplementation(async function (
    this: CheckpointReader,
    ...given
  ) {
    const values = await readForTensors.apply(this, given);
    hold(values);
    return values;
  });
  const { assign } = tf.Variable.prototype;
  vi.spyOn(tf.Variable.prototype, 'assign').mockImplementation(function (this: tf.Variable, value: tf.Tensor) {
    mostTensors = Math.max(mostTensors, tf.memory().numBytes);
    assign.call(this, value);
    held -= value.size * 4;
  });
  return { mostHeld: () => mostHeld, mostTensors: () => mostTensors };
}

it.each([
  ['all of it', {}, 4 * MIB],
  ['all of it as views', { alias: true }, 4 * MIB],
  ['a part', { exclude: /embedding|lstm/ }, MIB],
])('a load of %s holds what it reads, and one tensor more than the model has', async (_what, options, largest) => {
  const saved = model();
  randomize(saved, 1);
  const prefix = join(directory, 'model');
  await saveWeights(saved, prefix);
  saved.dispose();
  const live = model();
  const { numBytes, numTensors } = tf.memory();
  const watched = watch();
  const status = await loadWeights(live, prefix, options);
  expect(status.missing).toEqual([]);
  expect(watched.mostHeld()).toBeGreaterThan(largest);
  expect(watched.mostHeld()).toBeLessThanOrEqual(numBytes);
  expect(watched.mostTensors()).toBeLessThanOrEqual(numBytes + largest);
  expect(tf.memory()).toMatchObject({ numBytes, numTensors });
  live.dispose();
});
