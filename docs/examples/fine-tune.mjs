/**
 * From end to end: a pre-trained network gets a new head and is fine-tuned. A crash in the middle of an epoch loses
 * nothing. The result goes to Python (fine_tune.py). `node fine-tune.mjs [BATCHES]`: after so many batches the process
 * is killed. Start it again.
 */
import * as tf from '@tensorflow/tfjs-node';
import { checkpointExists } from 'tensorbundle';
import { BackupAndRestore, Dataset, EarlyStopping, loadWeights, ModelCheckpoint, saveWeights } from 'tensorbundle/tfjs';
import { createModel, xs, ys } from './network.mjs';

if (!(await checkpointExists('pretrained/network'))) {
  const pretrained = createModel();
  await pretrained.fit(xs, ys, { epochs: 5, shuffle: false, verbose: 0 });
  await saveWeights(pretrained, 'pretrained/network', { includeOptimizer: false });
}

// The new task: inside or outside of the second ring.
const model = tf.sequential({
  layers: [
    tf.layers.dense({ name: 'hidden', units: 16, activation: 'relu', inputShape: [2] }),
    tf.layers.dense({
      name: 'inside',
      units: 2,
      activation: 'softmax',
      kernelInitializer: tf.initializers.glorotUniform({ seed: 3 }),
    }),
  ],
});
await loadWeights(model, 'pretrained/network', { include: /^hidden\// });
model.layers[0].trainable = false;
model.compile({ loss: 'categoricalCrossentropy', optimizer: tf.train.adam(0.05), metrics: ['accuracy'] });

const [first, second, third] = tf.split(ys, 3, 1);
const labels = tf.concat([tf.add(first, second), third], 1).toFloat();
const points = Dataset.fromTensorSlices({ xs, ys: labels })
  .shuffle(80, 1)
  .map((point, random) => ({ xs: point.xs.add(random.normal([2], 0, 0.02)), ys: point.ys }), { seed: 2 })
  .batch(8)
  .prefetch(2);

const stopping = new EarlyStopping({ monitor: 'val_loss', patience: 4, restoreBestWeights: true });
const backup = new BackupAndRestore({ backupDir: 'backup', saveFreq: 3, trackables: { stopping } });
const { initialEpoch, dataset } = await backup.resume(model, points);
console.log(initialEpoch === 0 ? 'begins' : `goes on in epoch ${initialEpoch + 1}`);

const best = new ModelCheckpoint({ filepath: 'best/inside', saveBestOnly: true, saveWeightsOnly: true });
const [crashAfter] = process.argv.slice(2).map(Number);
let batches = 0;
const crash = new tf.CustomCallback({
  onBatchEnd: async () => {
    if (++batches === crashAfter) process.kill(process.pid, 'SIGKILL');
  },
});
const callbacks = [stopping, best, backup, crash];
await model.fitDataset(dataset, { epochs: 12, initialEpoch, validationData: [xs, labels], verbose: 0, callbacks });

await saveWeights(model, 'done/inside', { includeOptimizer: false });
const [weights] = model.layers[1].getWeights();
console.log(`finished, best val_loss ${best.best}, weights ${weights.dataSync().slice(0, 4).join(' ')}`);
console.log(
  `probabilities ${model
    .predict(tf.tensor2d([[0.5, 0.5]]))
    .dataSync()
    .join(' ')}`,
);
