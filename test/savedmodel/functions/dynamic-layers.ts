/** Tests of every layer of TensorFlow.js but recurrent ones, with null batch and, where it can, null space or time. */
import * as tf from '@tensorflow/tfjs-node';
import { expectAtUnseen, type Shape } from './unseen.js';

type Apply = (...inputs: tf.SymbolicTensor[]) => tf.SymbolicTensor;

interface Row {
  /** Without the batch. */
  readonly shapes: readonly Shape[];
  readonly apply: Apply;
  readonly dtype?: 'int32' | 'float32';
  readonly training?: boolean;
}

const one = (shape: Shape, layer: tf.layers.Layer, more: Partial<Row> = {}): Row => ({
  shapes: [shape],
  apply: x => layer.apply(x!) as tf.SymbolicTensor,
  ...more,
});
const many = (shape: Shape, layer: tf.layers.Layer): Row => ({
  shapes: [shape, shape],
  apply: (...xs) => layer.apply(xs) as tf.SymbolicTensor,
});
const { layers } = tf;
const V = [5] as const;
const T = [null, 4] as const;
const I = [null, null, 3] as const;
const D3 = [null, null, null, 2] as const;

export const LAYERS: Readonly<Record<string, Row>> = {
  dense: one(V, layers.dense({ units: 3, activation: 'softmax' })),
  'dense of a sequence': one(T, layers.dense({ units: 3, activation: 'tanh' })),
  dropout: one(T, layers.dropout({ rate: 0.5 })),
  flatten: one([3, 4], layers.flatten()),
  'flatten channels first': one([3, 4, 2], layers.flatten({ dataFormat: 'channelsFirst' })),
  reshape: one([3, 4], layers.reshape({ targetShape: [2, 6] })),
  'reshape with a rest': one([null, 4], layers.reshape({ targetShape: [-1, 2, 2] })),
  permute: one(T, layers.permute({ dims: [2, 1] })),
  repeatVector: one(V, layers.repeatVector({ n: 4 })),
  spatialDropout1d: one(T, layers.spatialDropout1d({ rate: 0.5 })),
  embedding: one([null], layers.embedding({ inputDim: 7, outputDim: 3 }), { dtype: 'int32' }),
  'embedding with a mask': one([null], layers.embedding({ inputDim: 7, outputDim: 3, maskZero: true }), {
    dtype: 'int32',
  }),
  masking: one(T, layers.masking({ maskValue: 0 })),
  add: many(T, layers.add()),
  average: many(T, layers.average()),
  concatenate: many(T, layers.concatenate({ axis: 2 })),
  'concatenate in time': many(T, layers.concatenate({ axis: 1 })),
  maximum: many(I, layers.maximum()),
  minimum: many(I, layers.minimum()),
  multiply: many(I, layers.multiply()),
  dot: many(V, layers.dot({ axes: 1 })),
  'dot of sequences': many([3, 4], layers.dot({ axes: [2, 2] })),
  'dot, normalized': many(V, layers.dot({ axes: 1, normalize: true })),
  batchNormalization: one(I, layers.batchNormalization()),
  'batchNormalization of another axis': one([3, 4], layers.batchNormalization({ axis: 1 })),
  layerNormalization: one(T, layers.layerNormalization()),
  'layerNormalization of two axes': one([3, 4], layers.layerNormalization({ axis: [1, 2] })),
  conv1d: one(T, layers.conv1d({ filters: 2, kernelSize: 3, strides: 2 })),
  'conv1d same': one(T, layers.conv1d({ filters: 2, kernelSize: 3, padding: 'same' })),
  conv2d: one(I, layers.conv2d({ filters: 2, kernelSize: 3, strides: 2, activation: 'relu' })),
  'conv2d same, dilated': one(I, layers.conv2d({ filters: 2, kernelSize: 3, padding: 'same', dilationRate: 2 })),
  conv3d: one(D3, layers.conv3d({ filters: 2, kernelSize: 2, padding: 'same' })),
  conv2dTranspose: one(I, layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' })),
  'conv2dTranspose valid': one(I, layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2 })),
  'conv2dTranspose, kernel below stride': one(I, layers.conv2dTranspose({ filters: 2, kernelSize: 2, strides: 3 })),
  conv3dTranspose: one(D3, tf.layers.conv3dTranspose({ filters: 2, kernelSize: 2, strides: 2, padding: 'same' })),
  separableConv2d: one(I, layers.separableConv2d({ filters: 2, kernelSize: 3, depthMultiplier: 2 })),
  depthwiseConv2d: one(I, layers.depthwiseConv2d({ kernelSize: 3, strides: 2 })),
  cropping2D: one(
    I,
    layers.cropping2D({
      cropping: [
        [1, 2],
        [0, 1],
      ],
    }),
  ),
  upSampling2d: one(I, layers.upSampling2d({ size: [2, 3] })),
  'upSampling2d bilinear': one(I, layers.upSampling2d({ size: [2, 2], interpolation: 'bilinear' })),
  zeroPadding2d: one(
    I,
    layers.zeroPadding2d({
      padding: [
        [1, 2],
        [0, 1],
      ],
    }),
  ),
  averagePooling1d: one(T, layers.averagePooling1d({ poolSize: 2 })),
  averagePooling2d: one(I, layers.averagePooling2d({ poolSize: 2, padding: 'same' })),
  averagePooling3d: one(D3, layers.averagePooling3d({ poolSize: 2 })),
  maxPooling1d: one(T, layers.maxPooling1d({ poolSize: 3, strides: 2, padding: 'same' })),
  maxPooling2d: one(I, layers.maxPooling2d({ poolSize: 3, strides: 2 })),
  maxPooling3d: one(D3, layers.maxPooling3d({ poolSize: 2 })),
  globalAveragePooling1d: one(T, layers.globalAveragePooling1d({})),
  globalAveragePooling2d: one(I, layers.globalAveragePooling2d({})),
  globalMaxPooling1d: one(T, layers.globalMaxPooling1d({})),
  globalMaxPooling2d: one(I, layers.globalMaxPooling2d({})),
  timeDistributed: one([4, 5], layers.timeDistributed({ layer: layers.dense({ units: 3 }) })),
  'timeDistributed of null time': one([null, 5], layers.timeDistributed({ layer: layers.dense({ units: 3 }) })),
  elu: one(T, layers.elu()),
  leakyReLU: one(T, layers.leakyReLU()),
  prelu: one([3, 4], layers.prelu({ alphaInitializer: 'ones' })),
  relu: one(T, layers.reLU({ maxValue: 2 })),
  thresholdedReLU: one(T, layers.thresholdedReLU()),
  gaussianNoise: one(T, layers.gaussianNoise({ stddev: 1 })),
  gaussianDropout: one(T, layers.gaussianDropout({ rate: 0.5 })),
  alphaDropout: one(T, layers.alphaDropout({ rate: 0.5 })),
  rescaling: one(I, layers.rescaling({ scale: 2, offset: 1 })),
};

/** The graph of a model of this layer is the model, at sizes that were never traced. */
export function expectDynamic(name: string): void {
  const { shapes, apply, dtype = 'float32' } = LAYERS[name]!;
  const inputs = shapes.map(shape => tf.input({ shape: [...shape], dtype }));
  const model = tf.model({ inputs, outputs: apply(...inputs) });
  const all = shapes.map(shape => ({ shape: [null, ...shape], dtype }));
  const nulls = all[0]!.shape.filter(size => size === null).length;
  expectAtUnseen({
    inputs: all,
    fn: (...xs) => model.apply(xs.length === 1 ? xs[0]! : xs) as tf.Tensor,
    unseen: [
      [1, 19, 14, 22],
      [4, 30, 23, 12],
    ].map(sizes => all.flatMap(() => sizes.slice(0, nulls))),
    options: { sameBatch: true },
  });
}
