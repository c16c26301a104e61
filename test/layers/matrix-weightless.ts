/** Layers without weights: none may disturb the files of a model, whose layers with weights they stand between. */
import * as tf from '@tensorflow/tfjs-node';
import { apply, graph, type Layer, type Naming, type Row, type Rows, row, type Tensor } from './matrix-model.js';

const l = tf.layers;

/** One layer between two with weights. */
function between(shape: number[], layer: (n: Naming) => Layer, more: Omit<Row, 'make'> = {}): Row {
  return row(
    shape,
    n => {
      const middle = layer(n);
      const ready =
        shape.length === 1 || middle.getClassName().startsWith('Global') || middle.getClassName() === 'Flatten';
      const flat = ready && middle.getClassName() !== 'RepeatVector' ? [] : [l.flatten(n('flat'))];
      return [l.dense({ units: 3, ...n('before') }), middle, ...flat, l.dense({ units: 2, ...n('after') })];
    },
    more,
  );
}

const SIGNAL: Readonly<Record<string, (n: Naming) => Layer>> = {
  MaxPooling1D: n => l.maxPooling1d({ poolSize: 2, ...n('x') }),
  AveragePooling1D: n => l.averagePooling1d({ poolSize: 2, strides: 1, ...n('x') }),
  GlobalMaxPooling1D: n => l.globalMaxPooling1d(n('x')),
  GlobalAveragePooling1D: n => l.globalAveragePooling1d(n('x')),
  SpatialDropout1D: n => l.spatialDropout1d({ rate: 0.3, ...n('x') }),
  Masking: n => l.masking({ maskValue: 2, ...n('x') }),
  Permute: n => l.permute({ dims: [2, 1], ...n('x') }),
  Reshape: n => l.reshape({ targetShape: [2, 6], ...n('x') }),
};

const IMAGE: Readonly<Record<string, (n: Naming) => Layer>> = {
  MaxPooling2D: n => l.maxPooling2d({ poolSize: [1, 2], padding: 'same', ...n('x') }),
  AveragePooling2D: n => l.averagePooling2d({ poolSize: 2, strides: 1, ...n('x') }),
  GlobalMaxPooling2D: n => l.globalMaxPooling2d(n('x') as never),
  GlobalAveragePooling2D: n => l.globalAveragePooling2d(n('x') as never),
  ZeroPadding2D: n =>
    l.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 2],
      ],
      ...n('x'),
    }),
  Cropping2D: n =>
    l.cropping2D({
      cropping: [
        [1, 0],
        [1, 1],
      ],
      ...n('x'),
    }),
  UpSampling2D: n => l.upSampling2d({ size: [2, 1], ...n('x') }),
  Rescaling: n => l.rescaling({ scale: 0.5, offset: 0.1, ...n('x') }),
};

const VOLUME: Readonly<Record<string, (n: Naming) => Layer>> = {
  MaxPooling3D: n => l.maxPooling3d({ poolSize: 2, ...n('x') }),
  AveragePooling3D: n => l.averagePooling3d({ poolSize: [1, 2, 2], ...n('x') }),
};

const ELEMENTS: Readonly<Record<string, (n: Naming) => Layer>> = {
  Activation: n => l.activation({ activation: 'swish', ...n('x') }),
  ReLU: n => l.reLU({ maxValue: 0.5, ...n('x') }),
  LeakyReLU: n => l.leakyReLU({ alpha: 0.2, ...n('x') }),
  ELU: n => l.elu(n('x')),
  ThresholdedReLU: n => l.thresholdedReLU({ theta: 0.1, ...n('x') }),
  Softmax: n => l.softmax({ axis: -1, ...n('x') }),
  Dropout: n => l.dropout({ rate: 0.3, ...n('x') }),
  GaussianNoise: n => l.gaussianNoise({ stddev: 0.3, ...n('x') }),
  GaussianDropout: n => l.gaussianDropout({ rate: 0.3, ...n('x') }),
  AlphaDropout: n => l.alphaDropout({ rate: 0.3, ...n('x') }),
  Flatten: n => l.flatten(n('x')),
};

const MERGES: Readonly<Record<string, (n: Naming) => Layer>> = {
  Add: n => l.add(n('x')),
  Multiply: n => l.multiply(n('x')),
  Average: n => l.average(n('x')),
  Maximum: n => l.maximum(n('x')),
  Minimum: n => l.minimum(n('x')),
  Concatenate: n => l.concatenate({ axis: 1, ...n('x') }),
  Dot: n => l.dot({ axes: 2, normalize: true, ...n('x') }),
};

function merged(layer: (n: Naming) => Layer) {
  return graph([[3, 4]], (n, x: Tensor) => {
    const [left, right] = [l.dense({ units: 3, ...n('left') }), l.dense({ units: 3, ...n('right') })];
    return apply(l.dense({ units: 2, ...n('after') }), apply(layer(n), [apply(left, x), apply(right, x)]));
  });
}

function rows(shape: number[], layers: Readonly<Record<string, (n: Naming) => Layer>>): Rows {
  return Object.fromEntries(Object.entries(layers).map(([title, layer]) => [title, between(shape, layer)]));
}

export const WEIGHTLESS: Rows = {
  ...rows([4, 2], SIGNAL),
  ...rows([4, 4, 2], IMAGE),
  ...rows([4, 4, 4, 2], VOLUME),
  ...rows([2, 4], ELEMENTS),
  RepeatVector: between([4], n => l.repeatVector({ n: 3, ...n('x') })),
  CenterCrop: between([4, 4, 2], n => l.centerCrop({ height: 2, width: 3, ...n('x') }), {
    filesOnly: 'tfjs interpolates where Keras cuts',
  }),
  // The last layer, because tfjs says that its output has no batch.
  Resizing: row(
    [4, 4, 2],
    n => [l.dense({ units: 3, ...n('before') }), l.resizing({ height: 3, width: 5, ...n('x') })],
    {
      filesOnly: 'tfjs cannot run it in a model',
    },
  ),
  ...Object.fromEntries(Object.entries(MERGES).map(([title, layer]) => [title, merged(layer)])),
  CategoryEncoding: row(
    [3],
    n => [
      l.categoryEncoding({ numTokens: 5, outputMode: 'multiHot', ...n('x') } as never),
      l.dense({ units: 2, ...n('after') }),
    ],
    { filesOnly: 'tfjs-node lacks a kernel that it needs' },
  ),
};
