/** The tfjs models of the layer tests. Names are given, so that Keras's variables have the same ones. */
import * as tf from '@tensorflow/tfjs-node';

const l = tf.layers;

/** The network of the quickstart in small, without names: Keras names it by itself. */
export function digits(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 1] }),
      l.batchNormalization(),
      l.maxPooling2d({ poolSize: 2 }),
      l.dropout({ rate: 0.2 }),
      l.flatten(),
      l.dense({ units: 5, activation: 'relu' }),
      l.dense({ units: 3, activation: 'softmax' }),
    ],
  });
}

function convolutional(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.conv2d({ filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 2], name: 'c1' }),
      l.batchNormalization({ name: 'bn1' }),
      l.averagePooling2d({ poolSize: 2, name: 'pool' }),
      l.conv2d({ filters: 3, kernelSize: [2, 1], useBias: false, padding: 'same', name: 'c2' }),
      l.batchNormalization({ name: 'bn2', scale: false }),
      l.activation({ activation: 'relu', name: 'act' }),
      l.globalMaxPooling2d({ name: 'gmp' }),
      l.dropout({ rate: 0.5, name: 'drop' }),
      l.dense({ units: 2, activation: 'sigmoid', name: 'out' }),
    ],
  });
}

function withInputLayer(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.inputLayer({ inputShape: [6], name: 'in' }),
      l.dense({ units: 4, useBias: false, name: 'd1' }),
      l.batchNormalization({ center: false, name: 'bn' }),
      l.dense({ units: 2, name: 'd2' }),
    ],
  });
}

function otherRanks(): tf.LayersModel {
  const signal = l.inputLayer({ inputShape: [12, 2], name: 'signal' }).inboundNodes[0]!.outputTensors[0]!;
  const volume = l.inputLayer({ inputShape: [5, 5, 5, 1], name: 'volume' }).inboundNodes[0]!.outputTensors[0]!;
  let a = l.conv1d({ filters: 3, kernelSize: 3, name: 'one' }).apply(signal) as tf.SymbolicTensor;
  a = l.maxPooling1d({ poolSize: 2, name: 'p1' }).apply(a) as tf.SymbolicTensor;
  a = l.globalAveragePooling1d({ name: 'gap' }).apply(a) as tf.SymbolicTensor;
  let b = l.conv3d({ filters: 2, kernelSize: 2, name: 'three' }).apply(volume) as tf.SymbolicTensor;
  b = l.maxPooling3d({ poolSize: 2, name: 'p3' }).apply(b) as tf.SymbolicTensor;
  b = l.flatten({ name: 'flat' }).apply(b) as tf.SymbolicTensor;
  const joined = l.concatenate({ name: 'join' }).apply([a, b]) as tf.SymbolicTensor;
  const first = l.dense({ units: 2, activation: 'tanh', name: 'first' }).apply(joined) as tf.SymbolicTensor;
  const second = l.dense({ units: 1, name: 'second' }).apply(a) as tf.SymbolicTensor;
  return tf.model({ inputs: [signal, volume], outputs: [first, second], name: 'ranks' });
}

function shared(): tf.LayersModel {
  const x = tf.input({ shape: [4], name: 'x' });
  const dense = l.dense({ units: 4, activation: 'relu', name: 'twice' });
  const once = dense.apply(x) as tf.SymbolicTensor;
  const again = dense.apply(once) as tf.SymbolicTensor;
  const sum = l.add({ name: 'sum' }).apply([once, again]) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: l.dense({ units: 2, name: 'end' }).apply(sum) as tf.SymbolicTensor });
}

function nested(): tf.LayersModel {
  const inner = tf.sequential({
    name: 'inner',
    layers: [
      l.dense({ units: 3, inputShape: [4], name: 'i1' }),
      l.batchNormalization({ name: 'i2' }),
      l.dense({ units: 3, name: 'i3' }),
    ],
  });
  const x = tf.input({ shape: [4], name: 'x' });
  const y = l.dense({ units: 2, name: 'end' }).apply(inner.apply(x) as tf.SymbolicTensor) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: y });
}

function weightless(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.zeroPadding2d({ padding: 1, inputShape: [6, 6, 1], name: 'a' }),
      l.cropping2D({
        cropping: [
          [1, 0],
          [0, 1],
        ],
        name: 'b',
      }),
      l.upSampling2d({ size: [2, 2], name: 'c' }),
      l.conv2d({ filters: 2, kernelSize: 3, name: 'conv' }),
      l.leakyReLU({ name: 'd' }),
      l.elu({ name: 'e' }),
      l.reLU({ maxValue: 6, name: 'f' }),
      l.thresholdedReLU({ name: 'g' }),
      l.gaussianNoise({ stddev: 0.1, name: 'h' }),
      l.gaussianDropout({ rate: 0.1, name: 'i' }),
      l.alphaDropout({ rate: 0.1, name: 'j' }),
      l.reshape({ targetShape: [144, 2], name: 'k' }),
      l.permute({ dims: [2, 1], name: 'm' }),
      l.spatialDropout1d({ rate: 0.1, name: 'n' }),
      l.flatten({ name: 'o' }),
      l.dense({ units: 3, name: 'dense' }),
      l.softmax({ name: 'p' }),
      l.repeatVector({ n: 2, name: 'q' }),
      l.masking({ maskValue: -1, name: 'r' }),
    ],
  });
}

/** Names with every character that tfjs allows and keys would escape. */
function awkwardNames(): tf.LayersModel {
  return tf.sequential({
    name: 'net.v1',
    layers: [
      l.dense({ units: 2, inputShape: [3], name: 'a.b' }),
      l.dense({ units: 2, name: 'x/y' }),
      l.dense({ units: 2, name: 'c-d_E.9' }),
    ],
  });
}

export const MODELS: Readonly<Record<string, () => tf.LayersModel>> = {
  convolutional,
  withInputLayer,
  otherRanks,
  shared,
  nested,
  weightless,
  awkwardNames,
};

/** Other values than the initial ones (zeros and ones would hide a mistake), positive for variances. */
export function randomize(model: tf.LayersModel, seed: number): void {
  model.setWeights(model.getWeights().map((w, i) => tf.randomUniform(w.shape, 0.1, 0.9, 'float32', seed * 100 + i)));
}
