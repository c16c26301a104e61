/**
 * What BackupAndRestore resumes that is not the training as it was: one that EarlyStopping has ended, and another
 * dataset.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { BackupAndRestore, Dataset, EarlyStopping } from '../../../src/tfjs.js';
import { bits, data, network, rows, targets, train } from './interrupted.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle backups '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());
let count = 0;
const fresh = (): string => join(directory, `run ${count++}`);

describe('a training that EarlyStopping has ended', () => {
  const make = (): Dataset<{ xs: tf.Tensor; ys: tf.Tensor }> =>
    Dataset.fromTensorSlices({ xs: tf.tensor2d(rows), ys: tf.tensor2d(targets) }).batch(21);
  async function rerun(
    run: string,
    {
      isTracked = true,
      isFit = false,
      isFirst = false,
      patience = 1,
    }: { isTracked?: boolean; isFit?: boolean; isFirst?: boolean; patience?: number },
  ): Promise<{ epochs: number; weights: string[]; from: number }> {
    const model = network();
    // No epoch is better than the first.
    const stopping = new EarlyStopping({ monitor: 'loss', patience, minDelta: 1e6, restoreBestWeights: true });
    const backup = new BackupAndRestore({ backupDir: run, ...(isTracked && { trackables: { stopping } }) });
    let epochs = 0;
    const count = new tf.CustomCallback({ onEpochEnd: async () => void epochs++ });
    const callbacks = isFirst ? [count, backup, stopping] : [count, stopping, backup];
    if (isFit) {
      const { initialEpoch } = await backup.resume(model);
      const [xs, ys] = [tf.tensor2d(rows), tf.tensor2d(targets)];
      await model.fit(xs, ys, { epochs: 8, initialEpoch, shuffle: false, verbose: 0, callbacks });
      return { epochs, weights: bits(model), from: initialEpoch };
    }
    const { initialEpoch, dataset } = await backup.resume(model, make());
    await model.fitDataset(dataset as never, { epochs: 8, initialEpoch, verbose: 0, callbacks });
    return { epochs, weights: bits(model), from: initialEpoch };
  }

  it.each([
    { isTracked: true, isFit: false },
    { isTracked: true, isFit: true },
    { isTracked: false, isFit: true },
    { isTracked: true, isFit: true, isFirst: true },
    { isTracked: false, isFit: true, isFirst: true },
    { isTracked: false, isFit: false, isFirst: true },
  ])('is not trained on by a rerun, and has the best weights: %j', async how => {
    const run = fresh();
    const first = await rerun(run, how);
    expect(first).toMatchObject({ epochs: 2, from: 0 });
    for (let i = 0; i < 3; i++)
      expect(await rerun(run, how)).toEqual({ epochs: 0, weights: first.weights, from: Infinity });
    if (!how.isTracked) return;
    // More patience: it goes on, and ends where it would have.
    expect(await rerun(run, { ...how, patience: 3 })).toMatchObject({ epochs: 2, from: 2 });
    expect(await rerun(run, { ...how, patience: 3 })).toMatchObject({ epochs: 0 });
  });
});

describe('another dataset than that of the backup', () => {
  const make = data.ours as () => never;
  const other = (): Dataset<{ xs: tf.Tensor; ys: tf.Tensor }> =>
    Dataset.fromTensorSlices({ xs: tf.tensor2d(rows), ys: tf.tensor2d(targets) }).batch(6);
  const warnings = () => vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

  it("is refused; with onChangedDataset: 'restart' weights, optimizer and epoch go on, data begins anew", async () => {
    const run = fresh();
    expect(await train({ run, make, saveFreq: 4 }, 17)).toBeNull();
    await expect(new BackupAndRestore({ backupDir: run }).resume(network(), other())).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
    });
    const same = network();
    await new BackupAndRestore({ backupDir: run }).resume(same, make() as Dataset<unknown>);
    const said = warnings();
    const model = network();
    const backup = new BackupAndRestore({ backupDir: run, onChangedDataset: 'restart' });
    const { initialEpoch, dataset } = await backup.resume(model, other());
    expect([initialEpoch, bits(model)]).toEqual([1, bits(same)]);
    expect(said.mock.calls.map(([text]) => String(text))).toEqual([
      expect.stringMatching(/epoch 2 begins anew.*5 batches/),
    ]);
    let batches = 0;
    const count = new tf.CustomCallback({ onBatchEnd: async () => void batches++ });
    await model.fitDataset(dataset as never, {
      epochs: 3,
      initialEpoch,
      verbose: 0,
      callbacks: [backup, count] as never,
    });
    expect(batches).toBe(14);
    const last = await new BackupAndRestore({ backupDir: run }).resume(network(), other());
    expect(last.initialEpoch).toBe(3);
    // A model that is another one is refused all the same.
    const wrong = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
    wrong.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
    await expect(
      new BackupAndRestore({ backupDir: run, onChangedDataset: 'restart' }).resume(wrong, make() as Dataset<unknown>),
    ).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
  });

  it("one of tf.data's that is shorter now, and none at all", async () => {
    const run = fresh();
    expect(await train({ run, make: data["tf.data's"] as () => never, saveFreq: 4 }, 9)).toBeNull();
    const short = (): never =>
      tf.data.zip({ xs: tf.data.array(rows.slice(0, 8)), ys: tf.data.array(targets.slice(0, 8)) }).batch(4) as never;
    await expect(train({ run, make: short, saveFreq: 'epoch' })).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
    const said = warnings();
    const more = { onChangedDataset: 'restart' } as const;
    expect(await train({ run, make: short, saveFreq: 'epoch', more })).toMatchObject({ from: 0 });
    expect(String(said.mock.calls[0]![0])).toContain('ends before the place of the backup');
    const none = fresh();
    expect(await train({ run: none, make, saveFreq: 4 }, 17)).toBeNull();
    const resumed = await new BackupAndRestore({ backupDir: none }).resume(network());
    expect(resumed.initialEpoch).toBe(1);
    expect(String(said.mock.calls.at(-1)![0])).toContain('begins anew');
  });
});
