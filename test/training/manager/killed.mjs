/**
 * For killed.deep.test.ts: `node killed.mjs DIRECTORY MAX_TO_KEEP SEED`. Goes on from what it finds with commands that
 * follow from the seed (saves, background saves while training goes on, restores), until it is killed.
 */
import * as tf from '@tensorflow/tfjs-node';
import { Checkpoint, CheckpointManager, Generator, keepBest } from '../../../dist/tfjs.js';

const [directory, maxToKeep, seed] = process.argv.slice(2);
const v = tf.variable(tf.zeros([200_000]));
const step = tf.variable(tf.scalar(0, 'int32'), false);
const manager = new CheckpointManager(new Checkpoint({ v, step }), directory, {
  maxToKeep: Number(maxToKeep),
  stepCounter: step,
  retention: [keepBest({ metric: 'loss', mode: 'min' })],
});
const fill = value => tf.tidy(() => v.assign(tf.fill([200_000], value)));
await manager.restoreOrInitialize();
process.stdout.write('ready\n');
const choices = Generator.fromSeed(Number(seed)).uniform([1000]).dataSync();
for (const choice of choices) {
  if (choice < 0.1) {
    await manager.restoreOrInitialize();
    continue;
  }
  const at = step.dataSync()[0] + 1;
  fill(at);
  tf.tidy(() => step.assign(tf.scalar(at, 'int32')));
  // The third is the best there ever is.
  const metrics = { loss: at === 3 ? 0 : 1 };
  if (choice < 0.5) {
    const save = manager.save({ metrics, background: true });
    fill(-at);
    await save.durable;
  } else await manager.save({ metrics });
  process.stdout.write(`saved ${at}\n`);
}
