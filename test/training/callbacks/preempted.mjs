/**
 * For preemption.test.ts: `node preempted.mjs MODE DIRECTORY [listener]`. Trains until it is done or ended by SIGTERM;
 * says so for each batch, and at the end the weights, bit for bit.
 */
import * as tf from '@tensorflow/tfjs-node';
import {
  BackupAndRestore,
  Checkpoint,
  CheckpointManager,
  Dataset,
  loadWeights,
  ModelCheckpoint,
} from '../../../dist/tfjs.js';

const [mode, directory, listener] = process.argv.slice(2);
if (listener === 'listener') process.once('SIGTERM', () => process.stdout.write('heard\n'));
const rows = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(i * 3)]);
const [xs, ys] = [tf.tensor2d(rows), tf.tensor2d(rows.map(([a, b]) => [a * b]))];
const seeded = seed => tf.initializers.glorotUniform({ seed });
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 4, inputShape: [2], activation: 'tanh', kernelInitializer: seeded(1) }),
    tf.layers.dense({ units: 1, kernelInitializer: seeded(2) }),
  ],
});
model.compile({ loss: 'meanSquaredError', optimizer: tf.train.adam(0.01) });
const digest = () =>
  model
    .getWeights()
    .map(one => Buffer.from(one.dataSync().slice().buffer).toString('hex'))
    .join(' ');
// Time for the parent to send its signal; the weights are those that a save at this moment has.
const tell = async () => {
  process.stdout.write(`batch ${digest()}\n`);
  await new Promise(resolve => setTimeout(resolve, 20));
};
const done = () => process.stdout.write(`done ${digest()}\n`);

if (mode === 'backup' || mode === 'fit') {
  const backup = new BackupAndRestore({ backupDir: directory, saveBeforePreemption: true, writer: { durable: false } });
  const callbacks = [new tf.CustomCallback({ onBatchEnd: tell }), backup];
  if (mode === 'fit') {
    const { initialEpoch } = await backup.resume(model);
    await model.fit(xs, ys, { epochs: 3, initialEpoch, batchSize: 4, shuffle: false, verbose: 0, callbacks });
  } else {
    const points = Dataset.fromTensorSlices({ xs, ys }).shuffle(20, 3).batch(4);
    const { initialEpoch, dataset } = await backup.resume(model, points);
    await model.fitDataset(dataset, { epochs: 3, initialEpoch, verbose: 0, callbacks });
  }
  done();
} else if (mode === 'model') {
  const filepath = `${directory}/cp`;
  const checkpoint = new ModelCheckpoint({ filepath, saveBeforePreemption: true, background: true });
  const callbacks = [new tf.CustomCallback({ onBatchEnd: tell }), checkpoint];
  await model.fit(xs, ys, { epochs: 3, batchSize: 4, shuffle: false, verbose: 0, callbacks });
  done();
} else if (mode === 'load') {
  await loadWeights(model, `${directory}/cp`);
  done();
} else {
  const step = tf.variable(tf.scalar(0, 'int32'), false);
  const manager = new CheckpointManager(new Checkpoint({ model, optimizer: model.optimizer, step }), directory, {
    maxToKeep: 1,
    checkpointInterval: { seconds: 1000 },
  });
  await manager.restoreOrInitialize();
  const preemption = manager.saveBeforePreemption();
  for (let at = step.dataSync()[0]; at < 30; at++) {
    await model.trainOnBatch(xs, ys);
    step.assign(tf.scalar(at + 1, 'int32'));
    await tell();
    if (await manager.save()) process.stdout.write('saved by interval\n');
    const path = await preemption.saveIfAsked();
    if (path) process.stdout.write('saved\n');
  }
  await preemption.close();
  done();
}
process.stdout.write(`listeners ${process.listenerCount('SIGTERM')}\n`);
