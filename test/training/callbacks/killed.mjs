/**
 * For killed.deep.test.ts: `node killed.mjs DIRECTORY MODE`. Trains with backups until it is killed or done; says so
 * for each batch, and at the end the weights, bit for bit.
 */
import * as tf from '@tensorflow/tfjs-node';
import { BackupAndRestore, Dataset } from '../../../dist/tfjs.js';

const [backupDir, mode] = process.argv.slice(2);
const rows = Array.from({ length: 60 }, (_, i) => [Math.sin(i), Math.cos(i * 3), i / 60]);
const [xs, ys] = [tf.tensor2d(rows), tf.tensor2d(rows.map(([a, b, c]) => [a * b + c]))];
const seeded = seed => tf.initializers.glorotUniform({ seed });
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 8, inputShape: [3], activation: 'tanh', kernelInitializer: seeded(1) }),
    tf.layers.dense({ units: 1, kernelInitializer: seeded(2) }),
  ],
});
model.compile({ loss: 'meanSquaredError', optimizer: tf.train.adam(0.01) });
const backup = new BackupAndRestore({
  backupDir,
  saveFreq: mode === 'fit' ? 'epoch' : 2,
  background: mode === 'background',
});
const tell = new tf.CustomCallback({ onBatchEnd: async () => void process.stdout.write('batch\n') });
if (mode === 'fit') {
  const { initialEpoch } = await backup.resume(model);
  await model.fit(xs, ys, {
    epochs: 8,
    initialEpoch,
    batchSize: 4,
    shuffle: false,
    verbose: 0,
    callbacks: [backup, tell],
  });
} else {
  const points = Dataset.fromTensorSlices({ xs, ys })
    .shuffle(20, 3)
    .repeat(2)
    .map((point, random) => ({ xs: tf.add(point.xs, random.normal([3], 0, 0.05)), ys: point.ys }), { seed: 4 })
    .batch(4)
    .prefetch(3);
  const { initialEpoch, dataset } = await backup.resume(model, points);
  await model.fitDataset(dataset, { epochs: 4, initialEpoch, verbose: 0, callbacks: [backup, tell] });
}
const digest = model.getWeights().map(weight => Buffer.from(weight.dataSync().slice().buffer).toString('hex'));
process.stdout.write(`done ${digest.join(' ')}\n`);
