/** The list of known layers against what TensorFlow.js registers: a layer it gains must not be forgotten. */
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { numberObjects } from '../../src/graph/numbering.js';
import { keyedAttributes } from '../../src/graph/stored/encode.js';
import { modelTrackable } from '../../src/layers/model.js';
import { knownClasses } from '../../src/layers/registry.js';

const l = tf.layers;

/** Every layer class that tfjs registers, with an instance and the shapes it is built for. */
const SAMPLES: Readonly<Record<string, readonly [make: () => unknown, ...shapes: tf.Shape[]]>> = {
  InputLayer: [() => l.inputLayer({ inputShape: [2] })],
  Dense: [() => l.dense({ units: 2 }), [2, 3]],
  Dropout: [() => l.dropout({ rate: 0.5 }), [2, 3]],
  SpatialDropout1D: [() => l.spatialDropout1d({ rate: 0.5 }), [2, 3, 4]],
  Activation: [() => l.activation({ activation: 'relu' }), [2, 3]],
  Flatten: [() => l.flatten(), [2, 3, 4]],
  RepeatVector: [() => l.repeatVector({ n: 2 }), [2, 3]],
  Reshape: [() => l.reshape({ targetShape: [6] }), [2, 3, 2]],
  Permute: [() => l.permute({ dims: [2, 1] }), [2, 3, 4]],
  Masking: [() => l.masking(), [2, 3, 4]],
  Embedding: [() => l.embedding({ inputDim: 5, outputDim: 2 }), [2, 3]],
  ReLU: [() => l.reLU(), [2, 3]],
  LeakyReLU: [() => l.leakyReLU(), [2, 3]],
  PReLU: [() => l.prelu({}), [2, 3]],
  ELU: [() => l.elu(), [2, 3]],
  ThresholdedReLU: [() => l.thresholdedReLU(), [2, 3]],
  Softmax: [() => l.softmax(), [2, 3]],
  Conv1D: [() => l.conv1d({ filters: 2, kernelSize: 2 }), [2, 4, 3]],
  Conv2D: [() => l.conv2d({ filters: 2, kernelSize: 2 }), [2, 4, 4, 3]],
  Conv3D: [() => l.conv3d({ filters: 2, kernelSize: 2 }), [2, 4, 4, 4, 3]],
  Conv2DTranspose: [() => l.conv2dTranspose({ filters: 2, kernelSize: 2 }), [2, 4, 4, 3]],
  Conv3DTranspose: [() => l.conv3dTranspose({ filters: 2, kernelSize: 2 }), [2, 4, 4, 4, 3]],
  SeparableConv2D: [() => l.separableConv2d({ filters: 2, kernelSize: 2 }), [2, 4, 4, 3]],
  DepthwiseConv2D: [() => l.depthwiseConv2d({ kernelSize: 2 }), [2, 4, 4, 3]],
  Cropping2D: [
    () =>
      l.cropping2D({
        cropping: [
          [1, 1],
          [1, 1],
        ],
      }),
    [2, 4, 4, 3],
  ],
  UpSampling2D: [() => l.upSampling2d({}), [2, 4, 4, 3]],
  ZeroPadding2D: [() => l.zeroPadding2d(), [2, 4, 4, 3]],
  RNN: [() => l.rnn({ cell: l.lstmCell({ units: 2 }) }), [2, 4, 3]],
  SimpleRNNCell: [() => l.simpleRNNCell({ units: 2 }), [2, 3]],
  SimpleRNN: [() => l.simpleRNN({ units: 2 }), [2, 4, 3]],
  GRUCell: [() => l.gruCell({ units: 2 }), [2, 3]],
  GRU: [() => l.gru({ units: 2 }), [2, 4, 3]],
  LSTMCell: [() => l.lstmCell({ units: 2 }), [2, 3]],
  LSTM: [() => l.lstm({ units: 2 }), [2, 4, 3]],
  StackedRNNCells: [() => l.stackedRNNCells({ cells: [l.gruCell({ units: 2 }), l.lstmCell({ units: 2 })] }), [2, 3]],
  ConvLSTM2DCell: [() => l.convLstm2dCell({ filters: 2, kernelSize: 2 }), [2, 4, 4, 3]],
  ConvLSTM2D: [() => l.convLstm2d({ filters: 2, kernelSize: 2 }), [2, 3, 4, 4, 3]],
  Add: [() => l.add(), [2, 3], [2, 3]],
  Multiply: [() => l.multiply(), [2, 3], [2, 3]],
  Average: [() => l.average(), [2, 3], [2, 3]],
  Maximum: [() => l.maximum(), [2, 3], [2, 3]],
  Minimum: [() => l.minimum(), [2, 3], [2, 3]],
  Concatenate: [() => l.concatenate(), [2, 3], [2, 3]],
  Dot: [() => l.dot({ axes: 1 }), [2, 3], [2, 3]],
  GaussianNoise: [() => l.gaussianNoise({ stddev: 0.1 }), [2, 3]],
  GaussianDropout: [() => l.gaussianDropout({ rate: 0.1 }), [2, 3]],
  AlphaDropout: [() => l.alphaDropout({ rate: 0.1 }), [2, 3]],
  BatchNormalization: [() => l.batchNormalization(), [2, 3]],
  LayerNormalization: [() => l.layerNormalization(), [2, 3]],
  MaxPooling1D: [() => l.maxPooling1d({ poolSize: 2 }), [2, 4, 3]],
  AveragePooling1D: [() => l.averagePooling1d({ poolSize: 2 }), [2, 4, 3]],
  MaxPooling2D: [() => l.maxPooling2d({}), [2, 4, 4, 3]],
  AveragePooling2D: [() => l.averagePooling2d({}), [2, 4, 4, 3]],
  MaxPooling3D: [() => l.maxPooling3d({ poolSize: 2 }), [2, 4, 4, 4, 3]],
  AveragePooling3D: [() => l.averagePooling3d({ poolSize: 2 }), [2, 4, 4, 4, 3]],
  GlobalAveragePooling1D: [() => l.globalAveragePooling1d(), [2, 4, 3]],
  GlobalMaxPooling1D: [() => l.globalMaxPool1d(), [2, 4, 3]],
  GlobalAveragePooling2D: [() => l.globalAveragePooling2d({}), [2, 4, 4, 3]],
  GlobalMaxPooling2D: [() => l.globalMaxPooling2d({}), [2, 4, 4, 3]],
  TimeDistributed: [() => l.timeDistributed({ layer: l.dense({ units: 2 }) }), [2, 4, 3]],
  Bidirectional: [() => l.bidirectional({ layer: l.lstm({ units: 2 }), mergeMode: 'concat' }), [2, 4, 3]],
  Rescaling: [() => l.rescaling({ scale: 2 }), [2, 3]],
  CenterCrop: [() => l.centerCrop({ height: 2, width: 2 }), [2, 4, 4, 3]],
  Resizing: [() => l.resizing({ height: 2, width: 2 }), [2, 4, 4, 3]],
  CategoryEncoding: [() => l.categoryEncoding({ numTokens: 4, outputMode: 'multiHot' }), [2, 3]],
  RandomWidth: [() => l.randomWidth({ factor: [0.1, 0.2] }), [2, 4, 4, 3]],
  Model: [() => dense()],
  Functional: [() => dense()],
  Sequential: [() => tf.sequential({ layers: [l.dense({ units: 1, inputShape: [2] })] })],
};

function dense(): tf.LayersModel {
  const x = tf.input({ shape: [2] });
  return tf.model({ inputs: x, outputs: l.dense({ units: 1 }).apply(x) as tf.SymbolicTensor });
}

type Layer = tf.LayersModel['layers'][number];

/** Whether a field of it is a layer or a list of layers, whatever the class. */
function holdsLayers(layer: Layer): boolean {
  return Object.values(layer).some(value => [value].flat().some(item => item instanceof l.Layer));
}

const registered = Object.entries(tf.serialization.SerializationMap.getMap().classNameMap)
  .filter(([, [type]]) => (type as { prototype: unknown }).prototype instanceof l.Layer)
  .map(([name]) => name);

describe('every layer that TensorFlow.js registers', () => {
  it('is listed here', () => {
    expect(registered.filter(name => !(name in SAMPLES))).toEqual([]);
    expect(registered.length).toBeGreaterThan(60);
  });

  it.each(registered)('%s is described if it has weights or holds layers', name => {
    const [make, ...shapes] = SAMPLES[name]!;
    const layer = make() as Layer;
    if (shapes.length > 0) layer.build(shapes.length > 1 ? shapes : shapes[0]!);
    const needed = layer.weights.length > 0 || holdsLayers(layer);
    expect(knownClasses().includes(name)).toBe(needed);
  });

  it('has no kind described that does not exist', () => {
    expect(knownClasses().filter(name => !registered.includes(name))).toEqual([]);
  });

  it.each(registered.filter(name => !name.endsWith('Cell') && !name.endsWith('Cells') && name !== 'InputLayer'))(
    '%s has each weight in the graph once, under a key of its own',
    name => {
      const [make, ...shapes] = SAMPLES[name]!;
      const layer = make() as Layer;
      const inputs = (shapes.length > 0 ? shapes : [[2, 2]]).map(shape => tf.input({ shape: shape.slice(1) }));
      const outputs = layer.apply(inputs.length > 1 ? inputs : inputs[0]!) as tf.SymbolicTensor;
      const model = tf.model({ inputs, outputs });
      const keys = keyedAttributes(numberObjects(modelTrackable(model)).objects).map(({ key }) => key);
      expect(keys).toHaveLength(model.weights.length);
      expect(new Set(keys).size).toBe(keys.length);
    },
  );
});
