/**
 * Everything of this package that writes into a directory, as a table: what it starts from, what it does, and how the
 * old and the new state are told apart. The prefix is `m` in a directory of its own.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { expect } from 'vitest';
import { copyCheckpoint, mergeCheckpoints, verifyCheckpoint } from '../../src/index.js';
import '../../src/register.js';
import { Checkpoint, CheckpointManager, keepBest, loadWeights, saveWeights } from '../../src/tfjs.js';
import { onlyGeneration, save, savedAt } from '../crash/generation.js';

/** The files that a save closes after writing. `glob` is the name while it is written and after its rename. */
export const WRITTEN = {
  index: '*.index*',
  data: '*.data-*',
  state: '@(checkpoint|checkpoint.tmp-*)',
  ledger: 'checkpoint.tensorbundle*',
  model: 'model.json*',
  weights: 'weights*.bin',
} as const;
export type Written = keyof typeof WRITTEN;

export interface Operation {
  name: string;
  /** What it writes, in this order. */
  writes: Written[];
  /** State 1, on a sound file system. Nothing for a fresh save. */
  prepare(directory: string): Promise<unknown>;
  /** Makes it state 2. */
  run(directory: string): Promise<unknown>;
  /** Fails unless the directory holds state `k` and every checksum is right. */
  check(directory: string, k: number): Promise<unknown>;
  /**
   * The same where files of another generation may lie beside, as after a commit that is not certain. Default: `check`.
   */
  content?(directory: string, k: number): Promise<unknown>;
  fresh?: boolean;
  /** The old state does not outlive a failure: overwrite 'in-place'. */
  losesOld?: boolean;
}

const at = (directory: string): string => join(directory, 'm');
const content = async (directory: string, k: number): Promise<void> =>
  expect(await savedAt(at(directory), true)).toBe(k);
const isSave = async (directory: string, k: number): Promise<void> => {
  await content(directory, k);
  onlyGeneration(at(directory));
};

function modelOf(k: number): tf.Sequential {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [2], kernelInitializer: 'zeros', biasInitializer: 'zeros' })],
  });
  model.setWeights(model.getWeights().map(weight => tf.fill(weight.shape, k)));
  return model;
}

const valuesOf = (model: tf.LayersModel): number[] => [...new Set(model.getWeights().flatMap(w => [...w.dataSync()]))];

async function inputs(directory: string): Promise<string[]> {
  const beside = `${directory}-inputs`;
  if (existsSync(beside)) return [join(beside, 'a')];
  mkdirSync(beside);
  await save(join(beside, 'a'), 2);
  return [join(beside, 'a')];
}

/** A manager over one variable that keeps two, the best by a metric: so it has a ledger. */
function managerOf(directory: string, k: number): CheckpointManager {
  const v = tf.variable(tf.fill([4], k));
  return new CheckpointManager(new Checkpoint({ v }), directory, {
    maxToKeep: null,
    retention: [keepBest({ metric: 'loss', mode: 'min', count: 2 })],
  });
}

async function managedValue(directory: string): Promise<number> {
  const v = tf.variable(tf.zeros([4]));
  const manager = new CheckpointManager(new Checkpoint({ v }), directory, { maxToKeep: null, readOnly: true });
  const path = await manager.restoreOrInitialize();
  expect((await verifyCheckpoint(path!)).problems).toEqual([]);
  return v.dataSync()[0]!;
}

async function modelFilesHold(directory: string, k: number): Promise<void> {
  expect(valuesOf(await tf.loadLayersModel(`file://${directory}/model.json`))).toEqual([k]);
}

const CORE: Operation[] = [
  {
    name: 'a fresh save',
    writes: ['data', 'index'],
    fresh: true,
    prepare: async () => undefined,
    run: directory => save(at(directory), 2),
    check: isSave,
    content,
  },
  {
    name: 'an overwrite',
    writes: ['data', 'index'],
    prepare: directory => save(at(directory), 1, { shards: 2 }),
    run: directory => save(at(directory), 2, { shards: 2 }),
    check: isSave,
    content,
  },
  {
    name: 'a fresh save, not durable',
    writes: ['data', 'index'],
    fresh: true,
    prepare: async () => undefined,
    run: directory => save(at(directory), 2, { durable: false }),
    check: isSave,
    content,
  },
  {
    name: 'an overwrite, not durable',
    writes: ['data', 'index'],
    prepare: directory => save(at(directory), 1),
    run: directory => save(at(directory), 2, { durable: false }),
    check: content,
  },
  {
    name: 'an overwrite with keepPrevious',
    writes: ['data', 'index'],
    prepare: directory => save(at(directory), 1),
    run: directory => save(at(directory), 2, { keepPrevious: true }),
    check: content,
  },
  {
    name: 'an overwrite in place',
    writes: ['data', 'index'],
    losesOld: true,
    prepare: directory => save(at(directory), 1),
    run: directory => save(at(directory), 2, { overwrite: 'in-place' }),
    check: isSave,
    content,
  },
  {
    name: "a save with overwrite: 'error'",
    writes: ['data', 'index'],
    fresh: true,
    prepare: async () => undefined,
    run: directory => save(at(directory), 2, { overwrite: 'error' }),
    check: isSave,
    content,
  },
  {
    name: 'a copy over a checkpoint',
    writes: ['data', 'index'],
    prepare: async directory => [await inputs(directory), await save(at(directory), 1)],
    run: async directory => copyCheckpoint((await inputs(directory))[0]!, at(directory)),
    check: isSave,
    content,
  },
  {
    name: 'a merge over a checkpoint',
    writes: ['data', 'index'],
    prepare: async directory => [await inputs(directory), await save(at(directory), 1)],
    run: async directory => mergeCheckpoints(await inputs(directory), at(directory)),
    check: isSave,
    content,
  },
];

const TRAINING: Operation[] = [
  {
    name: 'saveWeights over weights',
    writes: ['data', 'index', 'state'],
    // The state file names another checkpoint, so that it has to change.
    prepare: async directory => {
      await saveWeights(modelOf(1), at(directory));
      await saveWeights(modelOf(1), join(directory, 'other'));
    },
    run: directory => saveWeights(modelOf(2), at(directory)),
    check: async (directory, k) => {
      const model = modelOf(0);
      await loadWeights(model, at(directory));
      expect(valuesOf(model)).toEqual([k]);
      expect((await verifyCheckpoint(at(directory))).problems).toEqual([]);
    },
  },
  {
    name: 'Checkpoint.write over a checkpoint',
    writes: ['data', 'index'],
    prepare: directory => new Checkpoint({ v: tf.variable(tf.fill([4], 1)) }).write(at(directory)),
    run: directory => new Checkpoint({ v: tf.variable(tf.fill([4], 2)) }).write(at(directory)),
    check: async (directory, k) => {
      const v = tf.variable(tf.zeros([4]));
      await new Checkpoint({ v }).read(at(directory));
      expect(v.dataSync()[0]).toBe(k);
    },
  },
  {
    name: 'the second save of a CheckpointManager',
    writes: ['data', 'index', 'ledger', 'state'],
    prepare: directory => managerOf(directory, 1).save({ metrics: { loss: 2 } }),
    run: async directory => managerOf(directory, 2).save({ metrics: { loss: 1 } }),
    check: async (directory, k) => expect(await managedValue(directory)).toBe(k),
  },
  {
    name: 'model.save to file:// over a model',
    writes: ['weights', 'model'],
    prepare: directory => modelOf(1).save(`file://${directory}`),
    run: directory => modelOf(2).save(`file://${directory}`),
    check: async (directory, k) => {
      await modelFilesHold(directory, k);
      expect(readdirSync(directory)).toHaveLength(2);
    },
    content: modelFilesHold,
  },
];

export const OPERATIONS: readonly Operation[] = [...CORE, ...TRAINING];

/** Every file with the hash of its content. */
export function contents(directory: string): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  const hash = (file: string): string =>
    statSync(join(directory, file)).isFile()
      ? createHash('sha256')
          .update(readFileSync(join(directory, file)))
          .digest('hex')
      : 'directory';
  return Object.fromEntries(files.map(file => [file, hash(file)]));
}

/** What `run` rejected with; null if it did not. */
export function errorOf(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => null,
    (error: unknown) => error,
  );
}
