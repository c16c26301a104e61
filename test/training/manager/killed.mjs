/** For killed.test.ts: `node killed.mjs DIRECTORY`. Goes on from what it finds, and saves until it is killed. */
import * as tf from '@tensorflow/tfjs-node';
import { Checkpoint, CheckpointManager, keepBest } from '../../../dist/tfjs.js';

const [directory] = process.argv.slice(2);
const v = tf.variable(tf.zeros([200_000]));
const step = tf.variable(tf.scalar(0, 'int32'), false);
const checkpoint = new Checkpoint({ v, step });
const manager = new CheckpointManager(checkpoint, directory, {
  maxToKeep: 2,
  stepCounter: step,
  retention: [keepBest({ metric: 'loss', mode: 'min' })],
});
await manager.restoreOrInitialize();
process.stdout.write('ready\n');
for (let i = 0; i < 1000; i++) {
  const at = step.dataSync()[0] + 1;
  tf.tidy(() => {
    v.assign(tf.fill([200_000], at));
    step.assign(tf.scalar(at, 'int32'));
  });
  // The third is the best there ever is.
  await manager.save({ metrics: { loss: at === 3 ? 0 : 1 }, background: false });
  process.stdout.write(`saved ${at}\n`);
}
