/**
 * How often each door to a checkpoint opens the directory, lists it, and opens the index: once, whatever is done
 * there.
 */
import '../crash/fault-engine.js';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dispatch } from '../../src/cli/dispatch.js';
import { Output } from '../../src/cli/terminal/output.js';
import {
  CheckpointReader,
  CheckpointWriter,
  checkpointExists,
  copyCheckpoint,
  latestCheckpoint,
  latestValidCheckpoint,
  listVariables,
  mergeCheckpoints,
  removeCheckpoint,
  updateCheckpointState,
  verifyCheckpoint,
} from '../../src/index.js';
import '../../src/register.js';
import {
  BackupAndRestore,
  Checkpoint,
  CheckpointManager,
  Dataset,
  loadModel,
  loadWeights,
  ModelCheckpoint,
  saveModel,
  saveWeights,
} from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('opened-once');
const quick = { durable: false } as const;

let model: tf.Sequential;
let v: tf.Variable;
beforeAll(() => {
  model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  v = tf.variable(tf.zeros([4]));
});
afterAll(() => {
  model.dispose();
  v.dispose();
});
afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

interface Counted {
  /** Opens of the directory. */
  directory: number;
  listings: number;
  /** Opens of an index that is committed. */
  indexes: number;
}

async function counted(directory: string, run: () => unknown): Promise<Counted> {
  faulty.setFaults([]);
  await run();
  const done = faulty.operations().filter(({ errno }) => errno === 0);
  const count = (syscall: string, isMeant: (path: string) => boolean): number =>
    done.filter(one => one.syscall === syscall && isMeant(one.path ?? '')).length;
  return {
    directory: count('open', path => path === directory),
    listings: count('readdir', () => true),
    indexes: count('open', path => path.endsWith('.index')),
  };
}

function save(prefix: string, options: { durable?: boolean } = quick): Promise<unknown> {
  const writer = new CheckpointWriter(prefix, options);
  for (let i = 0; i < 5; i++) writer.add(`v${i}`, { dtype: 'float32', shape: [2], data: new Float32Array(2) });
  return writer.finish();
}

const train = async (callback: ModelCheckpoint): Promise<void> => {
  const [xs, ys] = [tf.zeros([2, 2]), tf.zeros([2, 1])];
  await model.fit(xs, ys, { epochs: 1, verbose: 0, callbacks: [callback] as never });
  tf.dispose([xs, ys]);
};

const sink = { write: () => true, on: () => undefined };
const cli = (...args: string[]): Promise<number> => dispatch(args, new Output(sink, sink, {}, () => undefined));

describe('saving', () => {
  const doors: [string, (directory: string) => unknown][] = [
    ['CheckpointWriter.finish', d => save(join(d, 'm'))],
    ['saveWeights', d => saveWeights(model, join(d, 'm'), quick)],
    ['saveModel', d => saveModel(model, join(d, 'm'), quick)],
    ['Checkpoint.write', d => new Checkpoint({ v }).write(join(d, 'm'), quick)],
    ['ckpt://', d => model.save(`ckpt://${join(d, 'm')}`)],
    ['ModelCheckpoint', d => train(new ModelCheckpoint({ filepath: join(d, 'm'), model, writer: quick }))],
  ];
  it.each(doors)('%s, the first time', async (_, door) => {
    const d = scratch.directory();
    expect(await counted(d, () => door(d))).toEqual({ directory: 1, listings: 2, indexes: 0 });
  });
  // The index that is there says which data files it needs; at the commit it is still the same one.
  it.each(doors)('%s, over another', async (_, door) => {
    const d = scratch.directory();
    await door(d);
    expect(await counted(d, () => door(d))).toEqual({ directory: 1, listings: 2, indexes: 1 });
  });

  it('Checkpoint.save', async () => {
    const d = scratch.directory();
    const checkpoint = new Checkpoint({ v });
    for (let i = 0; i < 2; i++)
      expect(await counted(d, () => checkpoint.save(join(d, 'c'), quick))).toEqual({
        directory: 1,
        listings: 2,
        indexes: 0,
      });
    const options = { ...quick, background: true } as const;
    const inBackground = await counted(d, () => checkpoint.save(join(d, 'c'), options).durable);
    expect(inBackground).toEqual({ directory: 1, listings: 2, indexes: 0 });
  });

  it('the manager: one more to find the number of the first, one listing more to remove', async () => {
    const d = scratch.directory();
    const manager = new CheckpointManager(new Checkpoint({ v }), d, { maxToKeep: 2 });
    await manager.checkpoint.sync();
    const saves: Counted[] = [];
    for (let i = 0; i < 4; i++) saves.push(await counted(d, () => manager.save(quick)));
    expect(saves.slice(1)).toEqual([
      { directory: 1, listings: 2, indexes: 0 },
      { directory: 1, listings: 3, indexes: 0 },
      { directory: 1, listings: 3, indexes: 0 },
    ]);
  });

  it('what changes a directory without a save', async () => {
    const d = scratch.directory();
    await save(join(d, 'm'));
    const state = { modelCheckpointPath: join(d, 'm'), ...quick };
    expect(await counted(d, () => updateCheckpointState(d, state))).toEqual({ directory: 1, listings: 1, indexes: 0 });
    expect(await counted(d, () => removeCheckpoint(join(d, 'm')))).toEqual({ directory: 1, listings: 1, indexes: 0 });
  });
});

describe('loading', () => {
  let d: string;
  beforeAll(async () => {
    d = scratch.directory();
    await saveModel(model, join(d, 'm'), quick);
  });
  const once = { directory: 1, listings: 0, indexes: 1 };
  const restored = async (path: string): Promise<unknown> => new Checkpoint({ model }).read(path);
  const opened = async (path: string): Promise<void> => (await CheckpointReader.open(path)).close();
  const loaded = async (path: string): Promise<void> => void (await loadModel(path)).dispose();
  const doors: [string, (path: string) => unknown][] = [
    ['CheckpointReader.open', opened],
    ['verifyCheckpoint', path => verifyCheckpoint(path)],
    ['listVariables', path => listVariables(path)],
    ['loadWeights', path => loadWeights(model, path)],
    ['loadModel', loaded],
    ['Checkpoint.read', restored],
    ['ckpt://', async path => void (await tf.loadLayersModel(`ckpt://${path}`)).dispose()],
    ['copyCheckpoint', path => copyCheckpoint(path, join(scratch.path, 'copy', 'm'), quick)],
    ['verify', path => cli('verify', path)],
    ['ls', path => cli('ls', path)],
  ];
  it.each(doors)('%s: a prefix, one of its files, the directory', async (name, door) => {
    for (const path of [join(d, 'm'), join(d, 'm.index'), d, `${d}/`]) {
      // A copy saves, too, in another directory, which it lists.
      const { listings, indexes, ...rest } = await counted(d, () => door(path));
      expect({ path, ...rest }).toEqual({ path, directory: 1 });
      if (name !== 'copyCheckpoint') expect({ listings, indexes }).toEqual({ listings: 0, indexes: 1 });
    }
  });

  it('a SavedModel', async () => {
    const variables = join(scratch.directory(), 'variables');
    mkdirSync(variables);
    await save(join(variables, 'variables'));
    expect(await counted(variables, () => opened(dirname(variables)))).toEqual(once);
  });

  it('a merge of several, all in one directory', async () => {
    const parts = scratch.directory();
    const from = [1, 2, 3].map(i => join(parts, `m-${i}`));
    for (const [i, prefix] of from.entries()) {
      const writer = new CheckpointWriter(prefix, quick);
      writer.add(`v${i}`, { dtype: 'float32', shape: [1], data: new Float32Array(1) });
      await writer.finish();
    }
    const { indexes } = await counted(parts, () => mergeCheckpoints(from, join(scratch.directory(), 'm'), quick));
    expect(indexes).toBe(3);
  });

  it('which is the latest', async () => {
    const path = join(d, 'm');
    expect(await counted(d, () => latestCheckpoint(d))).toEqual({ directory: 1, listings: 0, indexes: 0 });
    expect(await counted(d, () => latestValidCheckpoint(d))).toEqual({ directory: 1, listings: 1, indexes: 1 });
    expect(await counted(d, () => checkpointExists(path))).toEqual({ directory: 1, listings: 0, indexes: 0 });
    expect(await counted(d, () => checkpointExists(d))).toEqual({ directory: 1, listings: 0, indexes: 0 });
    // Two that are damaged are looked at before.
    const many = scratch.directory();
    for (const name of ['a', 'b', 'c']) await save(join(many, name));
    for (const name of ['b', 'c']) rmSync(join(many, `${name}.data-00000-of-00001`));
    // Where a data file is missing, the index is opened anew: it may have been replaced meanwhile.
    const indexes = 2 + 2 + 1;
    expect(await counted(many, () => latestValidCheckpoint(many))).toEqual({ directory: 1, listings: 1, indexes });
  });

  it('the manager', async () => {
    const run = scratch.directory();
    const manager = new CheckpointManager(new Checkpoint({ v }), run, { maxToKeep: 2 });
    await manager.save(quick);
    expect(await counted(run, () => manager.restoreOrInitialize())).toEqual(once);
  });

  it('ModelCheckpoint: its weights and its best are of one reading', async () => {
    const run = scratch.directory();
    const options = { filepath: join(run, 'm'), model, monitor: 'loss', saveBestOnly: true, writer: quick } as const;
    await train(new ModelCheckpoint(options));
    const again = new ModelCheckpoint({ ...options, loadWeightsOnRestart: true });
    again.setModel(model as never);
    expect(await counted(run, () => again.onTrainBegin())).toEqual({ directory: 1, listings: 1, indexes: 1 });
  });

  it('BackupAndRestore, also where the data is other data', async () => {
    const backupDir = scratch.directory();
    const [xs, ys] = [tf.zeros([4, 2]), tf.zeros([4, 1])];
    const all = Dataset.fromTensorSlices({ xs, ys });
    const backup = new BackupAndRestore({ backupDir, model, writer: quick });
    const { dataset } = await backup.resume(model, all.batch(1));
    await model.fitDataset(dataset as never, { epochs: 1, verbose: 0, callbacks: [backup] as never });
    const again = new BackupAndRestore({ backupDir, model, onChangedDataset: 'restart' });
    // Three are the manager's: which directory it is, and two files that its constructor reads at once.
    expect(await counted(backupDir, () => again.resume(model, all.batch(2)))).toEqual({
      directory: 3 + 1,
      listings: 1,
      indexes: 1,
    });
    tf.dispose([xs, ys]);
  });
});
