/** Saves a model with this library and with tfjs-node, in turns, and returns the median time of each. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Labels of what is compared. Only lines with the same promise are rivals, so each says whether it is synced. */
export const SAVES = {
  unsynced: 'saveWeights, durable: false   (not synced)',
  tfjs: "tfjs-node's model.save        (not synced)",
  synced: 'saveWeights                   (synced)',
};

/** 128 MiB of weights, enough that the disk is measured and not the overhead. */
export function largeModel(tf) {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 8192, inputShape: [2048], kernelInitializer: 'zeros', useBias: false }),
      tf.layers.dense({ units: 2048, kernelInitializer: 'zeros', useBias: false }),
    ],
  });
  // As after a training: until an operation makes them, tfjs-node keeps weights as JavaScript arrays and saves faster.
  tf.tidy(() => {
    for (const weight of model.weights) weight.write(tf.add(tf.fill(weight.shape, 1), 0.5));
  });
  return model;
}

/**
 * @param subject `{ saveWeights, model, work, rounds, onProgress }`. A compiled model is saved with its optimizer, by
 *   both. The first save of each warms up and does not count.
 * @returns {Promise<{ bytes: number, seconds: Record<string, number> }>} size of a save; seconds by the keys of SAVES
 */
export async function compareSaves({ saveWeights, model, work, rounds, onProgress }) {
  const folder = join(work, 'speed');
  const includeOptimizer = Boolean(model.optimizer);
  const saves = {
    unsynced: () => saveWeights(model, join(folder, 'unsynced', 'model'), { durable: false }),
    tfjs: () => model.save(`file://${join(folder, 'tfjs')}`, { includeOptimizer }),
    synced: () => saveWeights(model, join(folder, 'synced', 'model')),
  };
  const names = Object.keys(saves);
  const times = Object.fromEntries(names.map(name => [name, []]));
  let bytes = 0;
  for (let round = 0; round <= rounds; round++) {
    for (const [i, name] of (round % 2 === 0 ? names : names.toReversed()).entries()) {
      const start = performance.now();
      const result = await saves[name]();
      bytes = result.bytesWritten ?? bytes;
      if (round > 0) times[name].push((performance.now() - start) / 1000);
      onProgress((round * names.length + i + 1) / ((rounds + 1) * names.length));
    }
  }
  await rm(folder, { recursive: true });
  const median = list => list.sort((a, b) => a - b)[rounds >> 1];
  return { bytes, seconds: Object.fromEntries(names.map(name => [name, median(times[name])])) };
}
