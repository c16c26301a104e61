/**
 * ModelCheckpoint where something goes wrong: a save that fails, a name or a metric that cannot be, a second
 * TensorFlow.js.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  BackupAndRestore,
  EarlyStopping,
  loadWeights,
  ModelCheckpoint,
  type ModelCheckpointOptions,
} from '../../../src/tfjs.js';
import { files, network, train, xs, ys } from './network.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle callbacks '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

let count = 0;
const fresh = (): string => join(directory, `run ${count++}`);

describe('what goes wrong', () => {
  /** A file where the directory should be. */
  function blocked(): string {
    const run = fresh();
    writeFileSync(run, '');
    return join(run, 'cp');
  }

  it.each([false, true])('a failed save makes fit reject (background: %s)', async background => {
    const writer = { signal: AbortSignal.abort() };
    const callback = new ModelCheckpoint({ filepath: join(fresh(), 'cp'), background, saveBestOnly: true, writer });
    await expect(train(network(), [callback])).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    expect([callback.best, callback.lastSaved]).toEqual([null, null]);
  });

  it('story 10: the last save of all fails in the background, and fit says so', async () => {
    const run = fresh();
    const callback = new ModelCheckpoint({ filepath: join(run, '{epoch}', 'cp'), background: true });
    const model = network();
    await train(model, [callback], 1);
    writeFileSync(join(run, '2'), '');
    await expect(
      model.fit(xs, ys, { initialEpoch: 1, epochs: 2, verbose: 0, callbacks: [callback] }),
    ).rejects.toMatchObject({ name: 'TensorBundleError' });
  });

  it('is a warning by choice', async () => {
    const warned: string[] = [];
    vi.spyOn(process, 'emitWarning').mockImplementation(text => void warned.push(String(text)));
    await train(network(), [new ModelCheckpoint({ filepath: blocked(), onError: 'warn' })], 2);
    expect(warned).toHaveLength(2);
    expect(warned[0]).toContain('training goes on');
  });

  it('an old model stays when the new save fails', async () => {
    const run = fresh();
    const model = network();
    const callback = new ModelCheckpoint({ filepath: join(run, 'cp') });
    await train(model, [callback], 1);
    const before = [...model.getWeights()[0]!.dataSync()];
    const aborted = new ModelCheckpoint({ filepath: join(run, 'cp'), writer: { signal: AbortSignal.abort() } });
    await expect(train(model, [aborted], 1)).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    const other = network();
    await loadWeights(other, join(run, 'cp'));
    expect([...other.getWeights()[0]!.dataSync()]).toEqual(before);
  });

  it('a field that no metric has costs no epoch', async () => {
    const seen: number[] = [];
    const watch = new tf.CustomCallback({ onEpochBegin: async epoch => void seen.push(epoch) });
    const callback = new ModelCheckpoint({ filepath: join(fresh(), '{val_accuracy:.2f}') });
    await expect(train(network(), [callback, watch] as tf.Callback[])).rejects.toMatchObject({
      code: 'ERR_FILENAME_PATTERN',
      found: 'val_accuracy',
    });
    expect(seen).toEqual([]);
  });

  it.each(['skip', 'save', 'throw'] as const)('a metric that is missing: %s', async onMissingMetric => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const run = fresh();
    const options = { filepath: join(run, 'cp'), saveBestOnly: true, monitor: 'val_accuracy', onMissingMetric };
    const training = train(network(), [new ModelCheckpoint(options)], 1);
    if (onMissingMetric === 'throw') await expect(training).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    else await training;
    expect(existsSync(run)).toBe(onMissingMetric === 'save');
    expect(warned).toHaveBeenCalledTimes(onMissingMetric === 'skip' ? 1 : 0);
  });

  it.each<[string, object]>([
    ['no path', {}],
    ['a mode', { filepath: 'x', mode: 'up' }],
    ['a frequency', { filepath: 'x', saveFreq: 0 }],
    ['a policy', { filepath: 'x', onError: 'ignore' }],
    ['another policy', { filepath: 'x', onMissingMetric: 'warn' }],
    ['a threshold', { filepath: 'x', initialValueThreshold: '1' }],
  ])('refuses %s', (_what, options) => {
    expect(() => new ModelCheckpoint(options as ModelCheckpointOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    );
  });

  it('a second copy of TensorFlow.js is noticed, and works with the option `model`', async () => {
    const require = createRequire(import.meta.url);
    const kept = { ...require.cache };
    for (const name of Object.keys(require.cache)) if (name.includes('tfjs-layers')) delete require.cache[name];
    const second = require('@tensorflow/tfjs-layers') as typeof tf;
    Object.assign(require.cache, kept);
    expect(second.Callback).not.toBe(tf.Callback);
    const model = second.sequential({ layers: [second.layers.dense({ units: 1, inputShape: [2] })] });
    model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
    const run = fresh();
    const options = { filepath: join(run, 'cp'), saveWeightsOnly: true };
    await expect(train(model, [new ModelCheckpoint(options)], 1)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('another copy'),
    });
    await train(model, [new ModelCheckpoint({ ...options, model })], 1);
    expect(files(run)).toEqual(['cp']);
    await expect(new BackupAndRestore({ backupDir: run }).resume(model)).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringContaining('a directory of its own'),
    });
    const backupDir = fresh();
    const backup = new BackupAndRestore({ backupDir });
    await backup.resume(model);
    const monitor = 'loss';
    for (const callback of [new EarlyStopping({ monitor }), backup])
      await expect(train(model, [callback], 1)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
        message: expect.stringContaining('another copy'),
      });
    const known = new BackupAndRestore({ backupDir, model });
    await known.resume(model);
    await train(model, [new EarlyStopping({ monitor, model }), known], 1);
    expect(files(backupDir)).toEqual(['backup-1']);
  });
});
