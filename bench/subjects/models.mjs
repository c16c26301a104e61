/** The tfjs-node models of the benchmark. Their weights are trained: each is the output of an operation. */
import tf from '@tensorflow/tfjs-node';
import { buildNetwork } from '../../tools/quickstart/network.mjs';

const UNITS = 2048;

/** Dense layers of 2048 x 2048, about `bytes` in all. Zeros, because random initializers take seconds. */
export function denseModel(bytes) {
  const model = tf.sequential();
  const layers = Math.max(1, Math.round(bytes / 4 / UNITS / UNITS));
  for (let i = 0; i < layers; i++) {
    const input = i === 0 ? { inputShape: [UNITS] } : {};
    model.add(tf.layers.dense({ units: UNITS, kernelInitializer: 'zeros', ...input }));
  }
  return model;
}

/** Units of its hidden layer with which the quickstart's network has 225,000 parameters. */
export const MORE_UNITS = 272;

/** The network of the quickstart, compiled with an optimizer that keeps two values for each weight. */
export function quickstartModel(units) {
  const model = buildNetwork(tf, units);
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'categoricalCrossentropy' });
  return model;
}

/** Steps on random digits, so that all variables and the optimizer's slots are TensorFlow's own tensors. */
export async function trainQuickstart(model, steps = 2) {
  const { images, labels } = randomDigits(8 * steps);
  await model.fit(images, labels, { batchSize: 8, epochs: 1, verbose: 0 });
  tf.dispose([images, labels]);
}

export function randomDigits(count) {
  const classes = Int32Array.from({ length: count }, (_, i) => i % 10);
  return { images: tf.randomUniform([count, 28, 28, 1]), labels: tf.oneHot(tf.tensor1d(classes, 'int32'), 10) };
}

/** MobileNet V1 as Keras has it: 137 tensors, 4.2 million parameters. */
export function mobileNet() {
  const l = tf.layers;
  const zeros = 'zeros';
  const model = tf.sequential();
  const normalized = () => {
    model.add(l.batchNormalization({}));
    model.add(l.reLU({ maxValue: 6 }));
  };
  const conv = (filters, kernelSize, strides, more = {}) =>
    model.add(l.conv2d({ filters, kernelSize, strides, padding: 'same', kernelInitializer: zeros, ...more }));
  conv(32, 3, 2, { inputShape: [224, 224, 3], useBias: false });
  normalized();
  for (const [filters, strides] of MOBILENET) {
    model.add(
      l.depthwiseConv2d({ kernelSize: 3, strides, padding: 'same', useBias: false, depthwiseInitializer: zeros }),
    );
    normalized();
    conv(filters, 1, 1, { useBias: false });
    normalized();
  }
  model.add(l.globalAveragePooling2d({}));
  model.add(l.dense({ units: 1000, kernelInitializer: zeros, activation: 'softmax' }));
  return model;
}

const MOBILENET = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  ...Array(5).fill([512, 1]),
  [1024, 2],
  [1024, 1],
];

/** Makes every weight the output of an operation, with its own memory, and uses each. */
export function madeByOperations(model) {
  tf.tidy(() => {
    model.weights.forEach((weight, i) => {
      weight.write(tf.add(tf.fill(weight.shape, i / 100), tf.range(0, weight.shape.at(-1) ?? 1)));
    });
  });
  useWeights(model);
  return model;
}

/**
 * Runs one operation on each weight. Until then tfjs-node holds a weight as a JavaScript array: a save reads it for
 * nothing, and a load has not handed it to TensorFlow yet.
 */
export function useWeights(model) {
  for (const weight of model.weights) {
    const value = weight.read();
    const [begin, size] = [value.shape.map(() => 0), value.shape.map(() => 1)];
    tf.tidy(() => tf.slice(value, begin, size).dataSync());
  }
}

export const weightBytes = model =>
  model.weights.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);
