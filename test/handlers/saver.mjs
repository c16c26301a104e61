/**
 * For drop-in.test.ts: `node saver.mjs DIRECTORY FROM`. An unmodified program of tfjs-node: saves models that differ,
 * one after the other, under one name, until it is killed.
 */
import * as tf from '@tensorflow/tfjs-node';

const [directory, from] = process.argv.slice(2);
const model = tf.sequential({
  layers: [tf.layers.dense({ units: 300, inputShape: [1000] }), tf.layers.dense({ units: 1 })],
});
for (let i = Number(from); ; i++) {
  model.setWeights(model.getWeights().map(weight => tf.fill(weight.shape, i)));
  await model.save(`file://${directory}`);
  await new Promise(resolve => process.stdout.write(`saved ${i}\n`, resolve));
}
