/**
 * Saves a model of gigabytes as Keras's files, loads it again, and prints how much memory each took beside the model:
 * joined into one script, because measuring needs a process of its own. argv[2]: folder; argv[3]: GiB;
 * argv[4]: MiB of a tensor.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';

const [folder, gibibytes] = [process.argv[2]!, Number(process.argv[3])];
/** Of each of the tables. */
const TABLE_MIB = Number(process.argv[4]);
const TABLES = (gibibytes * 1024) / TABLE_MIB;
const WIDTH = 256;
const ROWS = (TABLE_MIB * 2 ** 20) / 4 / WIDTH;

function modelOf(first: number): tf.LayersModel {
  const inputs = tf.input({ shape: [1], dtype: 'int32' });
  const outputs = Array.from({ length: TABLES }, (_, i) => {
    const embeddingsInitializer = tf.initializers.constant({ value: first + i });
    const layer = tf.layers.embedding({ inputDim: ROWS, outputDim: WIDTH, embeddingsInitializer, name: `table_${i}` });
    return layer.apply(inputs) as tf.SymbolicTensor;
  });
  return tf.model({ inputs, outputs: tf.layers.add({ name: 'sum' }).apply(outputs) as tf.SymbolicTensor, name: 'm' });
}

const kibibytes = (what: string): number =>
  Number(new RegExp(`${what}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))![1]);

/** Of the process at its largest, above what it was before, in MiB. */
async function memoryOf(action: () => Promise<unknown>): Promise<{ mebibytes: number; seconds: number }> {
  // Sets the peak back to what is there now.
  writeFileSync('/proc/self/clear_refs', '5');
  const before = kibibytes('VmRSS');
  const begun = performance.now();
  await action();
  const seconds = (performance.now() - begun) / 1000;
  return { mebibytes: Math.round((kibibytes('VmHWM') - before) / 1024), seconds };
}

const model = modelOf(1);
const answer = (): number =>
  tf.tidy(() => {
    const rows = tf.tensor2d([0, ROWS - 1], [2, 1], 'int32');
    return (model.predict(rows) as tf.Tensor).sum().arraySync() as number;
  });
const before = answer();
const path = join(folder, 'm.weights.h5');
const options = { durable: false };
// Everything is loaded and compiled before something is measured.
const small = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
for (const ending of ['weights.h5', 'keras']) {
  const warm = join(folder, `small.${ending}`);
  await (ending === 'keras' ? saveModel(small, warm, options) : saveWeights(small, warm, options));
  await loadWeights(small, warm);
}
const saved = await memoryOf(() => saveWeights(model, path, options));
const asKeras = await memoryOf(() => saveModel(model, join(folder, 'm.keras'), options));
/** Replaces all values. Not by zeros, whose memory the system gives only when they are written to. */
function refill(make: (shape: number[]) => tf.Tensor): void {
  for (const { weights } of model.layers) {
    for (const one of weights) {
      const sevens = make(one.shape as number[]);
      one.write(sevens);
      sevens.dispose();
    }
  }
}
refill(shape => tf.fill(shape, 7));
const between = answer();
// Over TensorFlow's own memory, as in a model that was just built.
const loaded = await memoryOf(() => loadWeights(model, path));
refill(shape => tf.tensor(new Float32Array(shape[0]! * shape[1]!).fill(7), shape));
const loadedOverArrays = await memoryOf(() => loadWeights(model, path));
const after = answer();
console.log(JSON.stringify({ saved, asKeras, loaded, loadedOverArrays, before, between, after, TABLE_MIB, TABLES }));
