/** BackupAndRestore: a training that was interrupted anywhere ends as one that was not, bit for bit. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Adam } from '../../../src/optimizers.js';
import {
  BackupAndRestore,
  Checkpoint,
  CheckpointManager,
  Dataset,
  EarlyStopping,
  Generator,
  ModelCheckpoint,
} from '../../../src/tfjs.js';
import { isDeep } from '../../depth.js';
import { bits, data, Interruption, interruption, network, rows, targets, train } from './interrupted.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle backups '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());
let count = 0;
const fresh = (): string => join(directory, `run ${count++}`);

describe('equals a training that was not interrupted', () => {
  for (const [name, make] of Object.entries(data) as [string, () => never][]) {
    const frequencies = ['epoch', 1, 3, 4, 11] as const;
    for (const saveFreq of isDeep ? frequencies : ([name === 'ours' ? 4 : 'epoch'] as const)) {
      it(`${name}, saveFreq ${saveFreq}`, async () => {
        const whole = await train({ run: fresh(), make, saveFreq });
        for (const at of isDeep ? [1, 5, 11, 12, 16, 22, 30] : [1, 11, 16]) {
          const run = fresh();
          expect(await train({ run, make, saveFreq }, at)).toBeNull();
          const again = await train({ run, make, saveFreq });
          expect([at, again!.weights]).toEqual([at, whole!.weights]);
        }
      }, 60_000);
    }
  }

  it('interrupted again and again, at each batch', async () => {
    const make = data.ours as () => never;
    const whole = await train({ run: fresh(), make, saveFreq: 1 });
    const run = fresh();
    let trainings = 0;
    for (let last: Awaited<ReturnType<typeof train>> = null; last === null; ) {
      last = await train({ run, make, saveFreq: 1 }, 1);
      if (last !== null) expect(last.weights).toEqual(whole!.weights);
      trainings++;
    }
    // 33 batches, each in a training of its own; the last one ends only when the next training finds nothing left.
    expect(trainings).toBe(34);
  }, 60_000);

  it('with batchesPerEpoch, on a dataset without end', async () => {
    const make = (() => data.ours().repeat()) as () => never;
    const whole = await train({ run: fresh(), make, saveFreq: 2, batchesPerEpoch: 7 });
    for (const at of isDeep ? [1, 3, 6, 7, 8, 13, 14, 20] : [1, 7, 13]) {
      const run = fresh();
      await train({ run, make, saveFreq: 2, batchesPerEpoch: 7 }, at);
      const again = await train({ run, make, saveFreq: 2, batchesPerEpoch: 7 });
      expect([at, again!.weights]).toEqual([at, whole!.weights]);
    }
  }, 60_000);

  it("with this package's optimizer, and backups in the background", async () => {
    const training = {
      make: data.ours as () => never,
      saveFreq: 2,
      more: { background: true },
      optimizer: () => new Adam({ learningRate: 0.02 }),
    };
    const whole = await train({ ...training, run: fresh() });
    for (const at of [4, 13, 25]) {
      const run = fresh();
      await train({ ...training, run }, at);
      const again = await train({ ...training, run });
      expect([at, again!.weights]).toEqual([at, whole!.weights]);
    }
  }, 60_000);

  it('model.fit with shuffle: false', async () => {
    const [xs, ys] = [tf.tensor2d(rows), tf.tensor2d(targets)];
    const trainFit = async (run: string, stopAfter?: number): Promise<string[] | null> => {
      const model = network();
      const backup = new BackupAndRestore({ backupDir: run });
      const { initialEpoch } = await backup.resume(model);
      const callbacks = [backup, ...(stopAfter === undefined ? [] : [interruption(stopAfter)])];
      try {
        await model.fit(xs, ys, { epochs: 4, initialEpoch, batchSize: 8, shuffle: false, verbose: 0, callbacks });
      } catch (error) {
        if (error instanceof Interruption) return null;
        throw error;
      }
      return bits(model);
    };
    const whole = await trainFit(fresh());
    for (const at of [3, 7, 15, 20]) {
      const run = fresh();
      expect(await trainFit(run, at)).toBeNull();
      expect(await trainFit(run)).toEqual(whole);
    }
  }, 60_000);

  it('with a generator of the user, and early stopping', async () => {
    const run = async (backupDir: string, stopAfter?: number): Promise<unknown> => {
      const model = network();
      const generator = Generator.fromSeed(9);
      const stopping = new EarlyStopping({ monitor: 'loss', patience: 2, minDelta: 0.05, restoreBestWeights: true });
      const noise = new tf.CustomCallback({
        onBatchBegin: async () => {
          const draw = generator.uniform([1], -0.2, 0.2);
          const bias = model.layers[1]!.getWeights();
          model.layers[1]!.setWeights([bias[0]!, tf.add(bias[1]!, draw)]);
        },
      });
      const backup = new BackupAndRestore({ backupDir, trackables: { generator, stopping } });
      const { initialEpoch, dataset } = await backup.resume(model, data.ours());
      try {
        const callbacks = [noise, stopping, backup, ...(stopAfter === undefined ? [] : [interruption(stopAfter)])];
        await model.fitDataset(dataset as never, {
          epochs: 12,
          initialEpoch,
          verbose: 0,
          callbacks: callbacks as never,
        });
      } catch (error) {
        if (error instanceof Interruption) return null;
        throw error;
      }
      return [bits(model), stopping.bestEpoch, stopping.stoppedEpoch, [...generator.state]];
    };
    const whole = (await run(fresh())) as [string[], number, number, bigint[]];
    expect(whole[2]).toBeGreaterThan(1);
    for (const at of [12, 30, 50]) {
      const backupDir = fresh();
      const first = await run(backupDir, at);
      expect(first ?? (await run(backupDir))).toEqual(whole);
    }
  }, 60_000);
});

describe('the backups', () => {
  const make = data.ours as () => never;
  const indexes = (run: string): string[] => readdirSync(run).filter(name => name.endsWith('.index'));

  it('one is left at any time, two with doubleCheckpoint, none at the end if so wished', async () => {
    const [one, two, none] = [fresh(), fresh(), fresh()];
    await train({ run: one, make, saveFreq: 4 });
    expect(indexes(one)).toHaveLength(1);
    await train({ run: two, make, saveFreq: 4, more: { doubleCheckpoint: true } });
    expect(indexes(two)).toHaveLength(2);
    await train({ run: none, make, saveFreq: 4, more: { deleteCheckpoint: true } });
    expect(readdirSync(none).filter(name => !name.startsWith('.'))).toEqual([]);
  }, 60_000);

  it('a damaged one is passed over for the one before; if none is whole, the error says so', async () => {
    const run = fresh();
    const whole = await train({ run: fresh(), make, saveFreq: 4 });
    await train({ run, make, saveFreq: 4, more: { doubleCheckpoint: true } }, 13);
    const newest = indexes(run).sort().at(-1)!;
    writeFileSync(join(run, newest.replace('.index', '.data-00000-of-00001')), 'damage');
    expect((await train({ run, make, saveFreq: 4, more: { doubleCheckpoint: true } }))!.weights).toEqual(
      whole!.weights,
    );
    const single = fresh();
    await train({ run: single, make, saveFreq: 4 }, 13);
    writeFileSync(join(single, indexes(single)[0]!.replace('.index', '.data-00000-of-00001')), 'damage');
    await expect(train({ run: single, make, saveFreq: 4 })).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
  }, 60_000);

  it.each(['epoch', 4, 11, 100] as const)('a finished training is not trained again: saveFreq %s', async saveFreq => {
    const run = fresh();
    const first = await train({ run, make, saveFreq });
    const again = await train({ run, make, saveFreq });
    expect(again).toEqual({ weights: first!.weights, from: 3 });
  });

  it('one callback serves several trainings, each resumed; no tensor stays', async () => {
    const model = network();
    const backup = new BackupAndRestore({ backupDir: fresh(), saveFreq: 5 });
    const before = tf.memory().numTensors;
    for (const [epochs, from] of [
      [1, 0],
      [3, 1],
      [3, 3],
    ] as const) {
      const points = data.ours();
      const validation = data.ours();
      const { initialEpoch, dataset } = await backup.resume(model, points);
      expect(initialEpoch).toBe(from);
      await model.fitDataset(dataset, {
        epochs,
        initialEpoch,
        verbose: 0,
        callbacks: [backup],
        validationData: validation,
      });
    }
    // The tensors that three datasets and their twins are made of, and the optimizer's slots.
    expect(tf.memory().numTensors - before).toBeLessThanOrEqual(3 * 4 + 10);
  }, 60_000);

  it('of another model or dataset are refused; so is a training without resume', async () => {
    const run = fresh();
    await train({ run, make, saveFreq: 4 }, 6);
    const other = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
    other.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
    await expect(new BackupAndRestore({ backupDir: run }).resume(other, make())).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
    });
    const another = Dataset.fromArray([{ xs: [1, 2], ys: [1] }]).batch(1);
    await expect(new BackupAndRestore({ backupDir: run }).resume(network(), another)).rejects.toMatchObject({
      code: 'ERR_MISMATCH',
    });
    const model = network();
    const never = new BackupAndRestore({ backupDir: run });
    const [xs, ys] = [tf.tensor2d(rows), tf.tensor2d(targets)];
    await expect(model.fit(xs, ys, { verbose: 0, callbacks: [never] })).rejects.toMatchObject({ code: 'ERR_STATE' });
    const finished = fresh();
    await train({ run: finished, make, saveFreq: 'epoch' });
    const wrong = new BackupAndRestore({ backupDir: finished });
    const resumed = await wrong.resume(model, make() as Dataset<unknown>);
    await expect(
      model.fitDataset(resumed.dataset as never, { epochs: 5, verbose: 0, callbacks: [wrong] as never }),
    ).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
    const batches = new BackupAndRestore({ backupDir: fresh(), saveFreq: 3 });
    await batches.resume(model);
    await expect(model.fit(xs, ys, { verbose: 0, callbacks: [batches] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  }, 60_000);

  it('a failed backup reaches fit, or is a warning by choice', async () => {
    const run = fresh();
    writeFileSync(run, 'a file where the directory should be');
    await expect(train({ run, make, saveFreq: 'epoch' })).rejects.toMatchObject({ name: 'TensorBundleError' });
    rmSync(run);
    const model = network();
    const backup = new BackupAndRestore({ backupDir: run, onError: 'warn' });
    const { initialEpoch, dataset } = await backup.resume(model, make() as Dataset<unknown>);
    rmSync(run, { recursive: true, force: true });
    writeFileSync(run, 'a file where the directory should be');
    const warnings = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    await model.fitDataset(dataset as never, { epochs: 2, initialEpoch, verbose: 0, callbacks: [backup] as never });
    expect(warnings.mock.calls.filter(([message]) => /a backup failed/.test(String(message)))).toHaveLength(2);
  }, 60_000);

  it('a training that somebody stopped in the middle of an epoch goes on there', async () => {
    const whole = await train({ run: fresh(), make, saveFreq: 'epoch' });
    const run = fresh();
    const model = network();
    const backup = new BackupAndRestore({ backupDir: run });
    const { dataset } = await backup.resume(model, make() as Dataset<unknown>);
    let done = 0;
    const stop = new tf.CustomCallback({
      onBatchEnd: async () => {
        if (++done === 14) model.stopTraining = true;
      },
    });
    await model.fitDataset(dataset as never, { epochs: 3, verbose: 0, callbacks: [backup, stop] as never });
    expect((await train({ run, make, saveFreq: 'epoch' }))!.weights).toEqual(whole!.weights);
  }, 60_000);
});

describe('every so many seconds', () => {
  it('BackupAndRestore, ModelCheckpoint, a manager', async () => {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const run = fresh();
    mkdirSync(run);
    const backup = new BackupAndRestore({ backupDir: run, saveFreq: { seconds: 10 }, writer: { durable: false } });
    const model = network();
    const { dataset } = await backup.resume(model, data.ours());
    const made: string[] = [];
    const saves = new ModelCheckpoint({ filepath: join(run, 'm', '{epoch}-{batch}'), saveFreq: { seconds: 25 } });
    const clock = new tf.CustomCallback({
      onBatchBegin: async () => {
        now += 4000;
      },
      onBatchEnd: async () => {
        const newest = readdirSync(run).find(name => /^backup-\d+\.index$/.test(name)) ?? '-';
        if (newest !== made.at(-1)) made.push(newest);
      },
    });
    await model.fitDataset(dataset as never, { epochs: 1, verbose: 0, callbacks: [clock, backup, saves] as never });
    // 11 batches of 4 s: at 12, 24 and 36 s; and at the end.
    expect(made).toEqual(['-', 'backup-1.index', 'backup-2.index', 'backup-3.index']);
    expect(readdirSync(join(run, 'm')).filter(name => name.endsWith('.index'))).toEqual(['1-7.index']);
    const manager = new CheckpointManager(new Checkpoint({ model }), fresh(), {
      maxToKeep: 9,
      checkpointInterval: { seconds: 10 },
    });
    const answers: boolean[] = [];
    for (let i = 0; i < 6; i++) {
      now += 4000;
      answers.push((await manager.save()) !== null);
    }
    expect(answers).toEqual([false, false, true, false, false, true]);
    expect(await manager.save({ checkInterval: false })).not.toBeNull();
    for (const seconds of [0, -1, NaN, '5', undefined]) {
      const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
      expect(() => new BackupAndRestore({ backupDir: run, saveFreq: { seconds } as never })).toThrow(refused);
      expect(() => new ModelCheckpoint({ filepath: run, saveFreq: { seconds } as never })).toThrow(refused);
    }
  });
});
