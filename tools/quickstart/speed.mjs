/** Saves one large model with this library and with tfjs-node in turns, and returns the median time of each. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

const ROUNDS = 3;

/** 128 MiB of weights, enough that the disk is measured and not the overhead. */
function largeModel(tf) {
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 8192, inputShape: [2048], kernelInitializer: 'ones', useBias: false }),
      tf.layers.dense({ units: 2048, kernelInitializer: 'ones', useBias: false }),
    ],
  });
}

/** @returns {Promise<{ bytes: number, median: Record<string, number> }>} bytes of the weights; seconds */
export async function compareSpeed(tf, saveWeights, work, onProgress) {
  const model = largeModel(tf);
  const prefix = join(work, 'large', 'model');
  const folder = join(work, 'large-tfjs');
  const contestants = {
    'saveWeights, synced to disk (default)': () => saveWeights(model, prefix),
    'saveWeights, durable: false': () => saveWeights(model, prefix, { durable: false }),
    "tfjs-node's model.save (never synced)": () => model.save(`file://${folder}`),
  };
  const times = Object.fromEntries(Object.keys(contestants).map(name => [name, []]));
  let done = 0;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, save] of Object.entries(contestants)) {
      const start = performance.now();
      await save();
      times[name].push((performance.now() - start) / 1000);
      onProgress(++done / (ROUNDS * Object.keys(contestants).length));
    }
  }
  const bytes = model.countParams() * 4;
  model.dispose();
  await rm(join(work, 'large'), { recursive: true });
  await rm(folder, { recursive: true });
  const median = Object.fromEntries(
    Object.entries(times).map(([name, list]) => [name, list.sort((a, b) => a - b)[ROUNDS >> 1]]),
  );
  return { bytes, median };
}
