/** What all examples train: a small network, and the same points at each start. */
import * as tf from '@tensorflow/tfjs-node';

export const EPOCHS = 10;
export const BATCH_SIZE = 8;

/** Points of the plane, and which of three rings each lies in. */
const points = Array.from({ length: 80 }, (_, i) => [Math.sin(i * 12.9) * 1.5, Math.cos(i * 78.2) * 1.5]);
export const xs = tf.tensor2d(points);
export const ys = tf.oneHot(
  points.map(([x, y]) => Math.min(2, Math.floor(Math.hypot(x, y)))),
  3,
);
export const STEPS_PER_EPOCH = Math.ceil(points.length / BATCH_SIZE);

export function createModel() {
  const seeded = seed => tf.initializers.glorotUniform({ seed });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: 'hidden', units: 16, activation: 'relu', inputShape: [2], kernelInitializer: seeded(1) }),
      tf.layers.dense({ name: 'classes', units: 3, activation: 'softmax', kernelInitializer: seeded(2) }),
    ],
  });
  model.compile({ loss: 'categoricalCrossentropy', optimizer: tf.train.adam(0.01), metrics: ['accuracy'] });
  return model;
}

export function accuracy(model) {
  const [, value] = model.evaluate(xs, ys);
  return value.dataSync()[0];
}
