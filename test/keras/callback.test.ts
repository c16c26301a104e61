/** ModelCheckpoint as Keras users write it: `best.keras`, `best.weights.h5`, `{epoch}.h5`. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, test } from 'vitest';
import { Adam } from '../../src/optimizers.js';
import { loadModel, loadWeights, ModelCheckpoint, type ModelCheckpointOptions } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';

const scratch = new Scratch('callback');
const x = tf.linspace(-1, 1, 12).reshape([4, 3]);
const y = tf.ones([4, 2]);

function network(): tf.LayersModel {
  const input = tf.input({ shape: [3], name: 'in' });
  const output = tf.layers.dense({ units: 2, name: 'out' }).apply(input) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs: output, name: 'net' });
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'meanSquaredError' });
  return model;
}

const predictions = (model: tf.LayersModel): Float32Array => (model.predict(x) as tf.Tensor).dataSync() as Float32Array;

async function trained(
  model: tf.LayersModel,
  epochs: number,
  options: ModelCheckpointOptions,
): Promise<ModelCheckpoint> {
  const callback = new ModelCheckpoint({ monitor: 'loss', ...options });
  await model.fit(x, y, { epochs, batchSize: 4, verbose: 0, shuffle: false, callbacks: [callback] });
  return callback;
}

describe.each([
  ['best.keras', false],
  ['best.h5', false],
  ['best.hdf5', true],
  ['best.h5', true],
  ['best.weights.h5', true],
])('%s, saveWeightsOnly: %s', (name, saveWeightsOnly) => {
  test('the best value stays in the file, and a later run knows it', async () => {
    const folder = scratch.directory();
    const filepath = join(folder, name);
    const model = network();
    const first = await trained(model, 3, { filepath, saveWeightsOnly, saveBestOnly: true });
    expect(first.lastSaved).toBe(filepath);
    expect(readdirSync(folder)).toEqual([name]);
    const best = first.best!;
    const saved = readFileSync(filepath);

    // Another run, which begins worse: nothing is replaced.
    const worse = network();
    worse.setWeights(worse.getWeights().map(weight => tf.mul(tf.onesLike(weight), 50)));
    const second = await trained(worse, 1, { filepath, saveWeightsOnly, saveBestOnly: true });
    expect([second.best, second.lastSaved]).toEqual([best, null]);
    expect(readFileSync(filepath).equals(saved)).toBe(true);
    // Of another metric it is not the best value.
    const other = new ModelCheckpoint({ filepath, saveWeightsOnly, saveBestOnly: true, monitor: 'loss', mode: 'max' });
    other.setModel(worse as never);
    other.setParams({ metrics: ['loss'] });
    await other.onTrainBegin();
    expect(other.best).toBeNull();

    // A run that goes on where the file is.
    const restarted = network();
    const third = await trained(restarted, 1, {
      filepath,
      saveWeightsOnly,
      saveBestOnly: true,
      loadWeightsOnRestart: true,
    });
    expect(third.best).toBeLessThan(best);
    const again = network();
    (await loadWeights(again, filepath)).assertExistingObjectsMatched();
    expect(predictions(again)).toEqual(predictions(restarted));
    if (!saveWeightsOnly) expect((await loadModel(filepath)).optimizer).toBeInstanceOf(Adam);
  });
});

test('patterns, background saves, and which file is the newest', async () => {
  const folder = scratch.directory();
  const model = network();
  const filepath = join(folder, 'cp-{epoch:02d}.keras');
  const callback = await trained(model, 3, { filepath, background: true, writer: { durable: false } });
  expect(readdirSync(folder).sort()).toEqual(['cp-01.keras', 'cp-02.keras', 'cp-03.keras']);
  expect(callback.lastSaved).toBe(join(folder, 'cp-03.keras'));
  // Files of other names, and a directory that is called like one.
  writeFileSync(join(folder, 'other.keras'), 'x');
  mkdirSync(join(folder, 'cp-99.keras'));
  const next = network();
  await trained(next, 1, {
    filepath: join(folder, 'cp-{epoch:02d}.keras'),
    loadWeightsOnRestart: true,
    saveFreq: 1000,
  });
  await model.fit(x, y, { epochs: 1, batchSize: 4, verbose: 0, shuffle: false });
  expect(predictions(next)).toEqual(predictions(model));
});

test('damaged files of the pattern do not end a training', async () => {
  const folder = scratch.directory();
  for (const [name, text] of [
    ['a.keras', 'PK\u0003\u0004'],
    ['b.keras', 'hello'],
    ['c.keras', ''],
  ] as const)
    writeFileSync(join(folder, name), text);
  const callback = await trained(network(), 1, { filepath: join(folder, '{epoch}.keras'), saveBestOnly: true });
  expect(callback.lastSaved).toBe(join(folder, '1.keras'));
});

test.each<[string, Partial<ModelCheckpointOptions>, string]>([
  ['a.keras', { saveWeightsOnly: true }, 'ERR_NOT_SUPPORTED'],
  ['a.weights.h5', {}, 'ERR_NOT_SUPPORTED'],
  ['a.weights.json', { saveWeightsOnly: true }, 'ERR_NOT_SUPPORTED'],
  ['{epoch}', { format: 'keras' }, 'ERR_INVALID_ARGUMENT'],
  ['{epoch}', { format: 'h5', saveWeightsOnly: true }, 'ERR_INVALID_ARGUMENT'],
  ['a.keras', { format: 'h5' }, 'ERR_INVALID_ARGUMENT'],
  ['a.keras', { format: 'checkpoint' }, 'ERR_NOT_SUPPORTED'],
  ['a.h5', { format: 'savedmodel' }, 'ERR_NOT_SUPPORTED'],
  ['a.npz', {}, 'ERR_NOT_SUPPORTED'],
  ['a.keras', { writer: { shards: 2 } }, 'ERR_INVALID_ARGUMENT'],
  ['a.keras', { writer: { keepPrevious: true } }, 'ERR_INVALID_ARGUMENT'],
  ['a.keras', { writer: { overwrite: 'in-place' } }, 'ERR_INVALID_ARGUMENT'],
])('refused at once: %s %o', (filepath, options, code) => {
  const error = (() => {
    try {
      return new ModelCheckpoint({ filepath, ...options });
    } catch (caught) {
      return caught;
    }
  })();
  expect(error).toMatchObject({ name: 'TensorBundleError', code });
});
