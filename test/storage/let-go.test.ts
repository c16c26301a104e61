/**
 * What saves and loads leave in memory when the program has let go of the values: nothing of them. Each door is used at
 * three places, because some things are remembered for each place.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LazyTensor } from '../../src/bundle/source.js';
import { CheckpointReader, CheckpointWriter, copyCheckpoint, verifyCheckpoint } from '../../src/index.js';
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

const MIB = 2 ** 20;
const UNITS = 1024;
/** Of the one large value of each place. */
const BYTES = 4 * UNITS * UNITS;
const PLACES = 3;

const scratch = new Scratch('let-go');
const quick = { durable: false } as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

interface Held {
  /** Bytes of all arrays of JavaScript, those of the addon included. */
  arrays: number;
  /** Bytes of all tensors. */
  tensors: number;
}

function held(): Held {
  return { arrays: process.memoryUsage().arrayBuffers, tensors: tf.memory().numBytes };
}

/** When there is little enough, or nothing more is freed. V8 frees the memory of arrays on another thread. */
async function heldAfterwards(enough: number, rounds: number): Promise<Held> {
  for (let i = 0; i < rounds; i++) {
    collect();
    await delay(10);
    if (held().arrays <= enough) break;
  }
  return held();
}

/** What `door` gives is kept, as a program may do. */
async function letsGo(door: (place: string) => Promise<unknown>): Promise<void> {
  const kept: unknown[] = [];
  // The first time, code is loaded, tables are made, and memory for reads is kept.
  await door(scratch.directory());
  const before = await heldAfterwards(0, 4);
  for (let i = 0; i < PLACES; i++) kept.push(await door(scratch.directory()));
  const after = await heldAfterwards(before.arrays + MIB, 30);
  expect(after.arrays - before.arrays).toBeLessThan(BYTES / 2);
  expect(kept.length).toBe(PLACES);
  // An optimizer of TensorFlow.js leaves some numbers of its own.
  expect(after.tensors - before.tensors).toBeLessThan(1024);
}

/** Its kernel has BYTES. */
function trained(): tf.Sequential {
  const layers = [tf.layers.dense({ units: UNITS, inputShape: [UNITS], kernelInitializer: 'ones', name: 'a' })];
  const model = tf.sequential({ layers });
  model.compile({ optimizer: tf.train.momentum(0.1, 0.9), loss: 'meanSquaredError' });
  return model;
}

async function withModel<T>(use: (model: tf.Sequential) => Promise<T>): Promise<T> {
  const model = trained();
  try {
    return await use(model);
  } finally {
    model.optimizer?.dispose();
    model.dispose();
  }
}

async function train(model: tf.Sequential, callbacks: object[]): Promise<void> {
  const [xs, ys] = [tf.ones([1, UNITS]), tf.ones([1, UNITS])];
  await model.fit(xs, ys, { epochs: 2, verbose: 0, callbacks: callbacks as never });
  tf.dispose([xs, ys]);
}

const values = (): Float32Array => new Float32Array(BYTES / 4).fill(1.5);
const SHAPE = [UNITS, UNITS];
const given = () => ({ dtype: 'float32' as const, shape: SHAPE, data: values() });
const lazy = (data: () => Float32Array): LazyTensor => ({ dtype: 'float32', shape: SHAPE, data });

describe('a save lets go of its values', () => {
  const writers: Record<string, ConstructorParameters<typeof CheckpointWriter>[1]> = {
    synced: {},
    'not synced': quick,
    'several data files': { ...quick, shards: 2 },
    'in place': { ...quick, overwrite: 'in-place' },
  };
  it.each(Object.entries(writers))('CheckpointWriter, %s, new and over another', async (_, options) => {
    await letsGo(async place => {
      const writers = [0, 1].map(() => new CheckpointWriter(join(place, 'm'), options));
      for (const writer of writers) await writer.add('given', given()).add('lazy', lazy(values)).finish();
      return writers;
    });
  });

  it('CheckpointWriter, where the save fails', async () => {
    const failing = lazy(() => {
      throw new Error('no');
    });
    await letsGo(async place => {
      const writer = new CheckpointWriter(join(place, 'm'), quick).add('a', given()).add('b', failing);
      // Until the text of an error's stack is asked for, V8 keeps all objects that were called.
      const stack = await writer.finish().catch(error => (error as Error).stack);
      expect(stack).toContain('no');
      return writer;
    });
  });

  it('CheckpointWriter, aborted before the save', async () => {
    await letsGo(async place => {
      const writer = new CheckpointWriter(join(place, 'm'), quick).add('a', given());
      await writer.abort();
      return writer;
    });
  });

  it('Checkpoint.save in the background, of values that are an array of JavaScript', async () => {
    await letsGo(async place => {
      const initial = tf.tensor(values());
      const v = tf.variable(initial);
      const checkpoint = new Checkpoint({ v });
      const save = checkpoint.save(join(place, 'm'), { ...quick, background: true });
      tf.dispose([initial, v]);
      await save.durable;
      return [checkpoint, save];
    });
  });

  const models: Record<string, (model: tf.Sequential, place: string) => Promise<unknown>> = {
    saveWeights: (model, place) => saveWeights(model, join(place, 'm'), quick),
    'saveWeights, .weights.h5': (model, place) => saveWeights(model, join(place, 'm.weights.h5'), quick),
    saveModel: (model, place) => saveModel(model, join(place, 'm'), quick),
    'saveModel, .keras': (model, place) => saveModel(model, join(place, 'm.keras'), quick),
    'saveModel, .h5': (model, place) => saveModel(model, join(place, 'm.h5'), quick),
    'ckpt://': (model, place) => model.save(`ckpt://${join(place, 'm')}`),
    'Checkpoint.write': (model, place) => new Checkpoint({ model }).write(join(place, 'm'), quick),
    'Checkpoint.save in the background': async (model, place) => {
      const save = new Checkpoint({ model }).save(join(place, 'm'), { ...quick, background: true });
      await save.durable;
      return save;
    },
    CheckpointManager: async (model, place) => {
      const manager = new CheckpointManager(new Checkpoint({ model }), place, { maxToKeep: 2 });
      for (let i = 0; i < 3; i++) await manager.save(quick);
      return manager;
    },
    ModelCheckpoint: async (model, place) => {
      const callback = new ModelCheckpoint({ filepath: join(place, 'm-{epoch}'), model, writer: quick });
      await train(model, [callback]);
      return callback;
    },
    BackupAndRestore: async (model, place) => {
      const [xs, ys] = [tf.ones([1, UNITS]), tf.ones([1, UNITS])];
      const backup = new BackupAndRestore({ backupDir: place, model, writer: quick });
      const { dataset } = await backup.resume(model, Dataset.fromTensorSlices({ xs, ys }).batch(1));
      await model.fitDataset(dataset as never, { epochs: 2, verbose: 0, callbacks: [backup] as never });
      tf.dispose([xs, ys]);
      return backup;
    },
  };
  it.each(Object.entries(models))('%s', async (_, save) => {
    await letsGo(place => withModel(model => save(model, place)));
  });
});

describe('a load lets go of its values', () => {
  let path: string;
  let model: tf.Sequential;
  beforeAll(async () => {
    path = join(scratch.directory(), 'm');
    model = trained();
    for (const end of ['', '.keras', '.h5']) await saveModel(model, `${path}${end}`, quick);
  });
  afterAll(() => {
    model.optimizer.dispose();
    model.dispose();
  });

  const doors: Record<string, () => Promise<unknown>> = {
    'CheckpointReader, views': async () => {
      await using reader = await CheckpointReader.open(path);
      await reader.readAll(reader.names());
      return reader;
    },
    'CheckpointReader, copies': async () => {
      await using reader = await CheckpointReader.open(path);
      await reader.readAll(reader.names(), { copy: true });
      return reader;
    },
    verifyCheckpoint: () => verifyCheckpoint(path),
    loadWeights: () => loadWeights(model, path),
    'Checkpoint.read': () => new Checkpoint({ model }).read(path),
    ...Object.fromEntries(
      ['', '.keras', '.h5'].map(end => [
        `loadModel${end}`,
        async () => {
          const loaded = (await loadModel(`${path}${end}`)) as tf.LayersModel;
          loaded.optimizer?.dispose();
          loaded.dispose();
        },
      ]),
    ),
  };
  it.each(Object.entries(doors))('%s', async (_, door) => {
    await letsGo(door);
  });

  it('copyCheckpoint', async () => {
    await letsGo(place => copyCheckpoint(path, join(place, 'copy'), quick));
  });
});

describe('an iterator of a dataset that is dropped before its end', () => {
  const ELEMENTS = 8;
  let xs: tf.Tensor;
  let ys: tf.Tensor;
  beforeAll(() => {
    [xs, ys] = [tf.ones([ELEMENTS, 2]), tf.ones([ELEMENTS, 1])];
  });
  afterAll(() => tf.dispose([xs, ys]));

  const dataset = () => Dataset.fromTensorSlices({ xs, ys }).shuffle(4).batch(2).prefetch(1);
  const begun = async () => {
    const iterator = await dataset().iterator();
    tf.dispose((await iterator.next()).value);
    return iterator;
  };
  const uses: Record<string, () => Promise<unknown>> = {
    begun,
    'restored, and not used since': async () => {
      const path = join(scratch.directory(), 'm');
      await new Checkpoint({ iterator: await begun() }).write(path, quick);
      await new Checkpoint({ iterator: await dataset().iterator() }).read(path);
    },
    'of fitDataset': async () => {
      const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
      model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
      await model.fitDataset(dataset() as never, { epochs: 1, batchesPerEpoch: 2, verbose: 0 });
      model.dispose();
    },
  };
  it.each(Object.entries(uses))('%s', async (_, use) => {
    const { numTensors } = tf.memory();
    for (let i = 0; i < PLACES; i++) await use();
    expect(tf.memory().numTensors).toBeGreaterThan(numTensors + PLACES);
    // The optimizer of fitDataset stays: it has one number.
    for (let i = 0; i < 30 && tf.memory().numTensors > numTensors + PLACES; i++) {
      collect();
      await delay(10);
    }
    expect(tf.memory().numTensors).toBeLessThanOrEqual(numTensors + PLACES);
  });
});
