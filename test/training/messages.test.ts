/** What is easily mistaken is told by what helps. */
import { mkdtempSync, rmSync, unlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import {
  BackupAndRestore,
  CheckpointableDataset,
  CheckpointView,
  Dataset,
  DatasetIterator,
  EarlyStopping,
  Generator,
  ModelCheckpoint,
} from '../../src/tfjs.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tensorbundle-messages-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

const [xs, ys] = [tf.ones([4, 1]), tf.ones([4, 1])];

function compiled(): tf.LayersModel {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], activation: 'sigmoid' })] });
  model.compile({ loss: 'meanSquaredError', optimizer: 'sgd', metrics: ['accuracy', 'mse'] });
  return model;
}

async function warnings(work: () => Promise<unknown>): Promise<string[]> {
  const told: string[] = [];
  const listen = ({ message }: Error): void => void told.push(message);
  process.on('warning', listen);
  try {
    await work();
    await new Promise(resolve => setImmediate(resolve));
  } finally {
    process.off('warning', listen);
  }
  return told;
}

describe('a plain object among the callbacks', () => {
  const plain = { onEpochEnd: async () => undefined };
  const train = (callbacks: unknown[]): Promise<unknown> =>
    compiled().fit(xs, ys, { epochs: 1, verbose: 0, callbacks: callbacks as tf.Callback[] });

  it.each([
    ['EarlyStopping', () => new EarlyStopping({ monitor: 'loss' })],
    ['ModelCheckpoint', () => new ModelCheckpoint({ filepath: at('plain') })],
    ['BackupAndRestore', () => new BackupAndRestore({ backupDir: at('plain-b') })],
  ])('%s says what to give in its place', async (name, make) => {
    const wrong = train([plain, make()]);
    await expect(wrong).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await expect(wrong).rejects.toThrow(new RegExp(`this ${name} .*plain object.*new tf\\.CustomCallback\\(`));
    await expect(wrong).rejects.not.toThrow(/another copy/);
  });

  it.each<[string, unknown]>([
    ['a plain object', plain],
    ['nothing', undefined],
    ['a text', 'earlyStopping'],
  ])('after one of ours: %s', async (_what, other) => {
    for (const make of [
      () => new EarlyStopping({ monitor: 'loss' }),
      () => new ModelCheckpoint({ filepath: at('a') }),
    ]) {
      const told = await warnings(() => expect(train([make(), other])).rejects.toThrow(/setParams/));
      expect(told).toEqual([expect.stringMatching(/has not begun.*plain object.*new tf\.CustomCallback\(/)]);
    }
    const set = tf.data.array([{ xs, ys }]);
    const callbacks = [new EarlyStopping({ monitor: 'loss' })];
    expect(await warnings(() => compiled().fitDataset(set, { epochs: 1, verbose: 0, callbacks }))).toEqual([]);
    expect(await warnings(() => train([...callbacks, new tf.CustomCallback(plain)]))).toEqual([]);
  });

  it('what it says helps, and so does the option model', async () => {
    await train([new tf.CustomCallback(plain), new EarlyStopping({ monitor: 'loss' })]);
    await train([new EarlyStopping({ monitor: 'loss' })]);
    const model = compiled();
    const callbacks = [plain as never, new EarlyStopping({ monitor: 'loss', model })];
    await model.fit(xs, ys, { epochs: 1, verbose: 0, callbacks });
  });
});

describe('a metric under the name that another library has for it', () => {
  const train = (callback: tf.Callback, validation = true): Promise<unknown> =>
    compiled().fit(xs, ys, {
      epochs: 1,
      verbose: 0,
      callbacks: [callback],
      ...(validation && { validationData: [xs, ys] }),
    });

  it.each([
    ['accuracy', 'acc'],
    ['val_accuracy', 'val_acc'],
    ['valAcc', 'val_acc'],
    ['val_meanSquaredError', 'val_mse'],
    ['mean_squared_error', 'mse'],
    ['valLoss', 'val_loss'],
  ])('%s is %s', async (monitor, right) => {
    const hint = `did you mean ${right}?`;
    const best = new ModelCheckpoint({ filepath: at('m'), monitor, saveBestOnly: true });
    expect((await warnings(() => train(best))).join()).toContain(hint);
    expect((await warnings(() => train(new EarlyStopping({ monitor })))).join()).toContain(hint);
    const strict = new ModelCheckpoint({ filepath: at('m'), monitor, saveBestOnly: true, onMissingMetric: 'throw' });
    await expect(train(strict)).rejects.toThrow(hint);
    const named = train(new ModelCheckpoint({ filepath: `${at('m')}-{${monitor}:.2f}` }));
    await expect(named).rejects.toMatchObject({ code: 'ERR_FILENAME_PATTERN' });
    await expect(named).rejects.toThrow(hint);
  });

  it('where there is no validation, and where nothing is like it', async () => {
    const told = await warnings(() => train(new EarlyStopping({ monitor: 'val_loss' }), false));
    expect(told.join()).toMatch(
      /without validation data there is only loss \(options of fit: validationData, validationSplit/,
    );
    const none = await warnings(() => train(new EarlyStopping({ monitor: 'f1' })));
    expect(none.join()).toMatch(/no metric f1; the metrics are: [^;]*$/);
  });
});

describe('what is not made by new', () => {
  it.each([
    ['CheckpointReader', CheckpointReader, ['out/model'], 'await CheckpointReader.open(path)'],
    ['CheckpointReader', CheckpointReader, [new URL('file:///x')], 'await CheckpointReader.open(path)'],
    ['CheckpointReader', CheckpointReader, [], 'await CheckpointReader.open(path)'],
    ['CheckpointView', CheckpointView, ['out/model'], 'await CheckpointView.open(path)'],
    ['Generator', Generator, [1], 'Generator.fromSeed(seed)'],
    ['Generator', Generator, [{ seed: 1 }], 'Generator.fromSeed(seed)'],
    ['Dataset', Dataset, [[1, 2]], 'Dataset.fromArray(items)'],
    ['DatasetIterator', DatasetIterator, [[1, 2]], 'await dataset.iterator()'],
    ['CheckpointableDataset', CheckpointableDataset, [1], 'checkpointable takes a dataset'],
  ])('%s', (_name, made, given, how) => {
    const make = () => new (made as unknown as new (...given: unknown[]) => object)(...given);
    expect(make).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
    expect(make).toThrow(how);
  });
});

describe('a path that means no checkpoint', () => {
  beforeAll(async () => {
    for (const i of [1, 2, 3, 4, 5, 6, 7]) {
      const writer = new CheckpointWriter(at(`run/ckpt-${i}`));
      writer.add('a', { dtype: 'float32', shape: [], data: new Float32Array(1) });
      await writer.finish();
      utimesSync(at(`run/ckpt-${i}.index`), i, i);
    }
  });

  it('of a directory without a `checkpoint` file: the checkpoints in it, the newest first', async () => {
    const opened = CheckpointReader.open(at('run'));
    await expect(opened).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    await expect(opened).rejects.toThrow(
      `no \`checkpoint\` file and no SavedModel; give the prefix of a checkpoint in it: '${at('run/ckpt-7')}', ` +
        `'${at('run/ckpt-6')}', '${at('run/ckpt-5')}', '${at('run/ckpt-4')}', '${at('run/ckpt-3')}' and 2 more`,
    );
  });

  it('of a name that lacks its number, or is another', async () => {
    await expect(CheckpointReader.open(at('run/ckpt'))).rejects.toThrow(`there is '${at('run/ckpt-7')}', `);
    await expect(CheckpointReader.open(at('run/ckpt-9'))).rejects.toThrow(`there is '${at('run/ckpt-7')}', `);
    unlinkSync(at('run/ckpt-7.index'));
    await expect(CheckpointReader.open(at('run'))).rejects.toThrow(`: '${at('run/ckpt-6')}', `);
    await expect(CheckpointReader.open(at('nowhere/x'))).rejects.toThrow(/does not exist$/);
  });
});
