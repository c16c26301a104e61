/** A small network, its training, and the checkpoints that it left: for the tests of callbacks. */
import { readdirSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-node';

export function network(): tf.Sequential {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2], name: 'd' })] });
  model.compile({ loss: 'meanSquaredError', optimizer: tf.train.adam(0.1), metrics: ['acc'] });
  return model;
}

export const [xs, ys] = [tf.ones([8, 2]), tf.ones([8, 1])];

export const train = (model: tf.LayersModel, callbacks: tf.Callback[], epochs = 4): Promise<tf.History> =>
  model.fit(xs, ys, { epochs, batchSize: 2, validationData: [xs, ys], verbose: 0, callbacks });

/** Names of the checkpoints in a directory. */
export const files = (run: string): string[] =>
  readdirSync(run)
    .filter(name => name.endsWith('.index'))
    .map(name => name.slice(0, -6))
    .sort();
