/** Configurations for `.keras` and legacy `.h5` files: Keras 3, tf_keras and Keras 3's loader make models from them. */
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { SGD } from '../../src/optimizers.js';
import { keras2Attributes, keras3Files } from '../../src/training/keras/config/written/keras-files.js';
import { registerAdded } from '../../src/training/models/added/added-classes.js';
import { apply, type Layer, type Tensor } from '../layers/matrix-model.js';
import { describeWritten, type WrittenSubject } from './configurations.js';

const l = tf.layers;

class Doubling extends tf.layers.Layer {
  static readonly className = 'Doubling';
  #scale: tf.LayerVariable | undefined;

  override build(shape: tf.Shape | tf.Shape[]): void {
    this.#scale = this.addWeight('scale', [(shape as tf.Shape).at(-1)!], 'float32', tf.initializers.ones());
    super.build(shape);
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.tidy(() => [inputs].flat()[0]!.mul(this.#scale!.read()).mul(3));
  }
  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), factor: 3 };
  }
}
tf.serialization.registerClass(Doubling, 'mine');

/** TensorFlow.js does not export the base class. */
const Zeros = tf.initializers.zeros().constructor as new () => ReturnType<typeof tf.initializers.zeros>;

class Halves extends Zeros {
  static readonly className = 'Halves';
  override apply(shape: number[]): tf.Tensor {
    return tf.fill(shape, 0.5);
  }
}

/** A class of src/training/models/added. */
function added(className: string, config: object = {}): Layer {
  registerAdded(tf);
  const [cls] = tf.serialization.SerializationMap.getMap().classNameMap[className]!;
  return new cls(config) as unknown as Layer;
}

function operation(name: string, operands: unknown[], x: Tensor | Tensor[], options: object = {}): Tensor {
  return apply(added('KerasOperation', { operation: name, operands, ...options }), x);
}

function operations(): tf.LayersModel {
  const [x, y] = [tf.input({ shape: [4] }), tf.input({ shape: [4] })];
  const each = ['negative', 'absolute', 'square', 'exp', 'sin', 'cos', 'tanh', 'sigmoid', 'relu', 'relu6', 'elu']
    .concat('silu', 'softplus', 'logSigmoid')
    .map(name => operation(name, [null], x));
  const both = ['add', 'subtract', 'multiply', 'maximum', 'minimum'].map(name => operation(name, [null, null], [x, y]));
  const reduced = ['mean', 'sum', 'max', 'min'].map(name => operation(name, [null], x, { axis: -1, keepdims: true }));
  const others = [
    operation('subtract', [1, null], x),
    operation('trueDivide', [null, 2], x),
    operation('power', [null, 2], x),
    operation('clip', [null], x, { xMin: -0.5, xMax: 0.5 }),
    operation('leakyRelu', [null], x, { negativeSlope: 0.3 }),
    operation('softmax', [null], x, { axis: -1 }),
    operation('squeeze', [null], operation('expandDims', [null], x, { axis: 1 }), { axis: 1 }),
    operation('concatenate', [null, null], [x, y], { axis: 1 }),
    apply(l.flatten(), operation('reshape', [null], x, { newshape: [null, 2, 2] })),
  ];
  const joined = apply(l.concatenate(), [...each, ...both, ...reduced, ...others]);
  return tf.model({ inputs: [x, y], outputs: apply(l.dense({ units: 2 }), joined) });
}

function addedLayers(): tf.LayersModel {
  const [x, image] = [tf.input({ shape: [6, 3] }), tf.input({ shape: [3, 3, 2] })];
  const line = [
    added('KerasConv1D', { filters: 2, kernelSize: 2, dilationRate: 2, padding: 'causal', activation: 'tanh' }),
    added('ZeroPadding1D', { padding: [1, 2] }),
    added('Cropping1D', { cropping: [1, 0] }),
    added('UpSampling1D', { size: 2 }),
    added('KerasReLU', { maxValue: 0.5, negativeSlope: 0.1, threshold: 0.1 }),
    added('KerasELU', { alpha: 0.5 }),
    added('UnitNormalization'),
    added('Normalization', { mean: [0.1, 0.2], variance: [0.5, 2] }),
    added('KerasRescaling', { scale: 0.5, offset: [0.1, 0.2] }),
    added('KerasGlobalMaxPooling1D', { keepdims: true }),
    l.flatten(),
  ].reduce((y, layer) => apply(layer, y), x);
  const square = [
    added('KerasUpSampling2D', { size: [2, 2], interpolation: 'bilinear' }),
    added('KerasGlobalAveragePooling2D', { keepdims: false }),
  ].reduce((y, layer) => apply(layer, y), image);
  return tf.model({ inputs: [x, image], outputs: apply(added('Subtract'), [line, square]) });
}

/** Layers that two models share, models in models, and calls of one layer at several places. */
function shared(): tf.LayersModel {
  const both = l.dense({ units: 4, activation: 'tanh' });
  const inner = tf.input({ shape: [4] });
  const tower = tf.model({ inputs: inner, outputs: apply(l.batchNormalization(), apply(both, apply(both, inner))) });
  const row = tf.sequential({ layers: [l.dense({ units: 4, inputShape: [4] }), l.dense({ units: 4 })] });
  const [x, y] = [tf.input({ shape: [4] }), tf.input({ shape: [4], name: 'second' })];
  const seen = [apply(tower, x), apply(tower, y), apply(both, x), apply(row, y), apply(row, apply(both, y))];
  tower.layers[1]!.trainable = false;
  return tf.model({ inputs: [x, y], outputs: [apply(l.add(), seen), apply(tower, seen[3]!), seen[4]!] });
}

function frozen(): tf.LayersModel {
  const inner = tf.sequential({ layers: [l.dense({ units: 3, inputShape: [4] }), l.dense({ units: 3 })] });
  const model = tf.sequential({
    layers: [
      inner,
      l.dense({ units: 3, trainable: false }),
      l.leakyReLU({ alpha: 0.2 }),
      l.dense({ units: 2, activation: 'sigmoid' }),
    ],
  });
  inner.trainable = false;
  // TensorFlow.js would go on training them.
  for (const layer of inner.layers) layer.trainable = false;
  return model;
}

function recurrent(): tf.LayersModel {
  const x = tf.input({ shape: [5] });
  const words = apply(l.embedding({ inputDim: 9, outputDim: 3, maskZero: true, inputLength: 5 }), x);
  const first = l.lstm({ units: 3, returnSequences: true, returnState: true }).apply(words) as Tensor[];
  const second = l.gru({ units: 3, goBackwards: true }).apply(first[0]!, { initialState: [first[1]!] } as never);
  const turned = l.bidirectional({
    layer: l.lstm({ units: 2, goBackwards: true, recurrentActivation: 'sigmoid' }) as never,
    mergeMode: 'ave',
  });
  const stacked = l.rnn({ cell: [l.lstmCell({ units: 2 }), l.gruCell({ units: 2 })] as never });
  const each = l.timeDistributed({ layer: tf.sequential({ layers: [l.dense({ units: 2, inputShape: [3] })] }) });
  const all = [second as Tensor, apply(turned, words), apply(stacked, words), apply(l.flatten(), apply(each, words))];
  return tf.model({ inputs: x, outputs: apply(l.concatenate(), all) });
}

function own(): tf.LayersModel {
  return tf.sequential({
    layers: [
      l.dense({ units: 3, inputShape: [4], activation: 'gelu_new' as never, kernelInitializer: new Halves() }),
      new Doubling(),
      l.thresholdedReLU({ theta: 0.2 }),
    ],
  });
}

const compile =
  (optimizer: () => tf.Optimizer, loss: string | string[], metrics: unknown[]) =>
  (model: tf.LayersModel): void =>
    model.compile({ optimizer: optimizer(), loss, metrics: metrics as string[] });

const SUBJECTS: Readonly<Record<string, WrittenSubject>> = {
  operations: { make: operations, not: { legacy: 'it lacks layers around functions of TensorFlow' } },
  'layers that TensorFlow.js lacks': { make: addedLayers },
  'shared layers and models': {
    make: shared,
    compile: compile(() => new SGD({ learningRate: 1 }), 'meanSquaredError', ['mae']),
    not: {
      tf_keras: 'it makes a layer that is in two models twice',
      legacy: 'it numbers the calls of models otherwise',
    },
  },
  'frozen layers and models': {
    make: frozen,
    compile: compile(() => new SGD({ learningRate: 1, momentum: 0 }), 'binaryCrossentropy', [
      'accuracy',
      'crossentropy',
    ]),
  },
  'recurrent layers': {
    make: recurrent,
    vocabulary: 9,
    compile: compile(() => new SGD({ learningRate: 1, nesterov: true, momentum: 0.5 }), 'logcosh', ['mse']),
    not: { legacy: 'it has no initial states, and another hard sigmoid' },
  },
  'classes of the user': { make: own, not: { legacy: 'it lacks ThresholdedReLU' } },
  'layers in wrappers, and a rate that falls': {
    make: () =>
      tf.sequential({
        layers: [
          l.timeDistributed({ layer: l.dense({ units: 3 }), inputShape: [4, 2] }),
          l.bidirectional({ layer: l.lstm({ units: 2, recurrentActivation: 'sigmoid' }) as never }),
          l.dense({ units: 1 }),
        ],
      }),
    compile: compile(() => new SGD({ learningRate: 1, decay: 1 }), 'meanSquaredError', ['mae']),
  },
  'a frozen Bidirectional': {
    make: () => {
      const both = l.bidirectional({ layer: l.gru({ units: 2 }) as never, inputShape: [3, 2] });
      const model = tf.sequential({ layers: [both, l.dense({ units: 1 })] });
      both.trainable = false;
      return model;
    },
    compile: compile(() => new SGD({ learningRate: 1 }), 'meanSquaredError', ['mse', tf.metrics.meanSquaredError]),
    not: { legacy: 'it has another hard sigmoid' },
  },
  'names with slashes': {
    make: () =>
      tf.sequential({
        layers: [
          l.dense({ units: 2, inputShape: [2], name: 'block/dense' }),
          l.dense({ units: 2, name: 'block_dense' }),
        ],
      }),
    not: { legacy: 'it refuses slashes' },
  },
};

describe('models made from configurations', () => {
  describeWritten(SUBJECTS, ['keras3', 'tf_keras', 'legacy']);
});

describe('what Keras lacks', () => {
  it('is told in one warning for each library', async () => {
    const warnings: string[] = [];
    const note = (warning: Error): number => warnings.push(warning.message);
    process.on('warning', note);
    const model = own();
    for (let i = 0; i < 2; i++) {
      keras3Files(model, { includeOptimizer: false }, new Date(0));
      keras2Attributes(model, { includeOptimizer: false });
    }
    await new Promise(setImmediate);
    process.off('warning', note);
    expect(warnings).toHaveLength(2);
    const [, second] = model.layers;
    const layer = `the layer '${second!.name}' of the class Doubling`;
    const lacking = `the activation gelu_new .*, Halves as kernel_initializer .*, ${layer}`;
    expect(warnings[0]).toMatch(new RegExp(`^Keras 3 lacks ${lacking}.*@keras.saving.register_keras_serializable`));
    expect(warnings[1]).toMatch(new RegExp(`^Keras lacks ${lacking}.*custom_objects`));
  });

  it('is named once for all layers of which it is a part', async () => {
    const warned = new Promise<Error>(resolve => process.once('warning', resolve));
    const layers = Array.from({ length: 7 }, (_, i) =>
      l.dense({ units: 2, activation: 'gelu_new', name: `d${i}`, ...(i === 0 && { inputShape: [2] }) }),
    );
    keras2Attributes(tf.sequential({ layers }), { includeOptimizer: false });
    const named = [0, 1, 2, 3, 4].map(i => `'d${i}' (Dense)`).join(', ');
    expect((await warned).message).toContain(`lacks the activation gelu_new of the layers ${named}, and 2 more: `);
  });

  it('has the date in the metadata', () => {
    const { metadata } = keras3Files(frozen(), { includeOptimizer: false }, new Date(Date.UTC(2026, 10, 27, 3, 4, 5)));
    expect(metadata).toEqual({ keras_version: '3.15.1', date_saved: '2026-11-27@03:04:05' });
  });
});
