/** Loads one model of 256 MiB several times, in a process of its own. Prints its anonymous memory, and
 * at the end that of arrays, in MiB, as JSON. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import tf from '@tensorflow/tfjs-node';

const [directory, dist] = process.argv.slice(2);
const { loadWeights, saveWeights } = await import(dist);
const UNITS = 2048;

const resident = () => Number(/RssAnon:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;

function model() {
  const layer = i =>
    tf.layers.dense({ units: UNITS, kernelInitializer: 'zeros', ...(i === 0 && { inputShape: [UNITS] }) });
  return tf.sequential({ layers: Array.from({ length: 16 }, (_, i) => layer(i)) });
}

async function collected() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await wait(50);
  }
}

const prefix = join(directory, 'model');
const saved = model();
await saveWeights(saved, prefix, { durable: false });
saved.dispose();
await collected();
const before = resident();
const live = model();
const loaded = [];
for (let round = 0; round < 10; round++) {
  await loadWeights(live, prefix);
  for (const weight of live.weights) tf.tidy(() => tf.slice(weight.read(), 0, 1).dataSync());
  loaded.push(resident() - before);
}
await collected();
const kept = resident() - before;
live.dispose();
await collected();
const arrays = process.memoryUsage().arrayBuffers / 1024 / 1024;
console.log(JSON.stringify({ loaded, kept, arrays, disposed: resident() - before }));
