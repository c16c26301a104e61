/** Whole models as SavedModels, where `format` chooses them: saveModel, loadModel and ModelCheckpoint. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointReader } from '../../../src/index.js';
import { loadModel as loadSavedModel } from '../../../src/savedmodel.js';
import { loadModel, ModelCheckpoint, type ModelCheckpointOptions, saveModel } from '../../../src/tfjs.js';
import { network, xs, ys } from './network.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle saved models '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

let count = 0;
const fresh = (): string => join(directory, `run ${count++}`);

const predicted = (model: tf.LayersModel): number[] => tf.tidy(() => [...(model.predict(xs) as tf.Tensor).dataSync()]);

describe('saveModel and loadModel', () => {
  test('a SavedModel is saved, and loaded by what it is', async () => {
    const model = network();
    await model.fit(xs, ys, { epochs: 2, verbose: 0 });
    const path = fresh();
    const result = await saveModel(model, path, { format: 'savedmodel', shards: 2 });
    expect(result).toMatchObject({ prefix: path, shards: 2 });
    expect(readdirSync(path).sort()).toEqual([
      'assets',
      'fingerprint.pb',
      'keras_metadata.pb',
      'saved_model.pb',
      'variables',
    ]);
    for (const given of [path, `${path}/`, join(path, 'variables', 'variables')]) {
      const loaded = await loadModel(given);
      expect(predicted(loaded)).toEqual(predicted(model));
      expect(loaded.optimizer.iterations).toBe(model.optimizer.iterations);
    }
    expect(predicted(await loadSavedModel(path))).toEqual(predicted(model));
  });

  test('what only a checkpoint can be is refused, and nothing is written', async () => {
    const path = fresh();
    const refused = { code: 'ERR_INVALID_ARGUMENT' };
    const format = 'savedmodel';
    await expect(saveModel(network(), path, { format, overwrite: 'in-place' })).rejects.toMatchObject(refused);
    await expect(saveModel(network(), path, { format, keepPrevious: true })).rejects.toMatchObject(refused);
    const wrong = 'saved-model' as unknown as 'savedmodel';
    await expect(saveModel(network(), path, { format: wrong })).rejects.toMatchObject(refused);
    expect(existsSync(path)).toBe(false);
  });

  test("overwrite: 'error', and a directory with other files", async () => {
    const path = fresh();
    await saveModel(network(), path, { format: 'savedmodel' });
    const again = saveModel(network(), path, { format: 'savedmodel', overwrite: 'error' });
    await expect(again).rejects.toMatchObject({ code: 'ERR_EXISTS' });
    await saveModel(network(), join(path, 'other'));
    await expect(saveModel(network(), path, { format: 'savedmodel' })).rejects.toMatchObject({ code: 'ERR_EXISTS' });
    await loadModel(path);
  });
});

describe('ModelCheckpoint', () => {
  const checkpoint = (options: Omit<ModelCheckpointOptions, 'format'>): ModelCheckpoint =>
    new ModelCheckpoint({ format: 'savedmodel', ...options });

  test.each([false, true])('a directory for each epoch; background: %s', async background => {
    const run = fresh();
    const model = network();
    const callback = checkpoint({ filepath: join(run, 'model-{epoch:02d}'), background });
    await model.fit(xs, ys, { epochs: 3, verbose: 0, callbacks: [callback] });
    expect(readdirSync(run).sort()).toEqual(['model-01', 'model-02', 'model-03']);
    expect(callback.lastSaved).toBe(join(run, 'model-03'));
    const loaded = await loadModel(join(run, 'model-03'));
    expect(predicted(loaded)).toEqual(predicted(model));
    expect(loaded.optimizer.iterations).toBe(model.optimizer.iterations);
  });

  test('a later training goes on from the newest, and does not replace a better one', async () => {
    const run = fresh();
    const options = { filepath: join(run, 'best-{epoch}'), monitor: 'loss', saveBestOnly: true };
    const model = network();
    const first = checkpoint(options);
    await model.fit(xs, ys, { epochs: 2, verbose: 0, callbacks: [first] });
    expect(first.best).not.toBeNull();
    const stored = await CheckpointReader.open(first.lastSaved!);
    expect(stored.names()).toContain('.TENSORBUNDLE/best');
    await stored.close();

    const other = network();
    const second = checkpoint({ ...options, loadWeightsOnRestart: true });
    const before: number[][] = [];
    const spy = new tf.CustomCallback({ onTrainBegin: () => void before.push(predicted(other)) });
    await other.fit(xs, ys, { epochs: 1, verbose: 0, callbacks: [second, spy] });
    expect(before).toEqual([predicted(await loadModel(first.lastSaved!))]);
    expect(second.best).toBeLessThanOrEqual(first.best!);
  });

  test('options that do not fit together', () => {
    const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
    expect(() => checkpoint({ filepath: fresh(), saveWeightsOnly: true })).toThrow(refused);
    expect(() => checkpoint({ filepath: fresh(), writer: { overwrite: 'in-place' } })).toThrow(refused);
    expect(() => checkpoint({ filepath: fresh(), writer: { keepPrevious: true } })).toThrow(refused);
  });
});
