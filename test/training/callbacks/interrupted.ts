/** Trainings with BackupAndRestore that are interrupted, and resumed. */
import * as tf from '@tensorflow/tfjs-node';
import { BackupAndRestore, type BackupAndRestoreOptions, Dataset } from '../../../src/tfjs.js';

export function network(optimizer: () => tf.Optimizer = () => tf.train.adam(0.01)): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 4,
        inputShape: [2],
        activation: 'tanh',
        kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }),
      }),
      tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotUniform({ seed: 2 }) }),
    ],
  });
  model.compile({ loss: 'meanSquaredError', optimizer: optimizer() });
  return model;
}
export const bits = (model: tf.LayersModel): string[] =>
  model.getWeights().map(weight => Buffer.from((weight.dataSync() as Float32Array).slice().buffer).toString('hex'));

export const rows = Array.from({ length: 42 }, (_, i) => [Math.sin(i), Math.cos(i * 3)]);
export const targets = rows.map(([a, b]) => [a! * b! + a!]);

/** Shuffled, noisy, prefetched: 11 batches of 4 an epoch. */
export const data = {
  ours: () =>
    Dataset.fromTensorSlices({ xs: tf.tensor2d(rows), ys: tf.tensor2d(targets) })
      .shuffle(16, 5)
      .map(({ xs, ys }, random) => ({ xs: tf.add(xs, random.normal([2], 0, 0.1)) as tf.Tensor, ys }), { seed: 6 })
      .batch(4)
      .prefetch(2),
  "tf.data's": () =>
    tf.data
      .zip({ xs: tf.data.array(rows), ys: tf.data.array(targets) })
      .shuffle(16, 'seed')
      .batch(4),
};

export class Interruption extends Error {}
/** Ends the process of training as a kill would: nothing of the callbacks runs after it. */
export const interruption = (batches: number) => {
  let done = 0;
  return new tf.CustomCallback({
    onBatchEnd: async () => {
      if (++done === batches) throw new Interruption();
    },
  });
};

export interface Training {
  run: string;
  make: () => never;
  batchesPerEpoch?: number;
  saveFreq: 'epoch' | number;
  more?: Partial<BackupAndRestoreOptions>;
  optimizer?: () => tf.Optimizer;
}

export async function train(
  { run, make, batchesPerEpoch, saveFreq, more, optimizer }: Training,
  stopAfter?: number,
): Promise<{ weights: string[]; from: number } | null> {
  const model = network(optimizer);
  const backup = new BackupAndRestore({ backupDir: run, saveFreq, writer: { durable: false }, ...more });
  const { initialEpoch, dataset } = await backup.resume(model, make());
  const callbacks: tf.CustomCallback[] = stopAfter === undefined ? [] : [interruption(stopAfter)];
  try {
    await model.fitDataset(dataset as never, {
      epochs: 3,
      initialEpoch,
      batchesPerEpoch,
      verbose: 0,
      callbacks: [backup, ...callbacks] as never,
    });
  } catch (error) {
    if (error instanceof Interruption) return null;
    throw error;
  }
  return { weights: bits(model), from: initialEpoch };
}
