/** Everything that a model can be compiled with, and every activation, in models as small as possible. */
import * as tf from '@tensorflow/tfjs-node';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  LossScaleOptimizer,
  Nadam,
  RMSprop,
  SGD,
} from '../../src/optimizers.js';
import { apply } from '../layers/matrix-model.js';
import type { SavedSubject } from './exchange.js';

const l = tf.layers;

const ACTIVATIONS = [
  ...['elu', 'selu', 'relu', 'relu6', 'linear', 'sigmoid', 'hardSigmoid', 'softplus', 'softsign', 'tanh', 'softmax'],
  ...['logSoftmax', 'gelu', 'mish', 'swish'],
] as const;

function activations(): tf.LayersModel {
  const x = tf.input({ shape: [4] });
  const all = ACTIVATIONS.map(activation => apply(l.dense({ units: 3, activation: activation as 'relu' }), x));
  const layers = ACTIVATIONS.map(activation => apply(l.activation({ activation: activation as 'relu' }), x));
  return tf.model({ inputs: x, outputs: apply(l.concatenate(), [...all, ...layers]) });
}

function small(): tf.LayersModel {
  return tf.sequential({
    layers: [l.dense({ units: 4, activation: 'tanh', inputShape: [3] }), l.dense({ units: 3, activation: 'softmax' })],
  });
}

/** TensorFlow.js's `evaluate` leaves out what regularizers add; a step does not. */
function regularized(): tf.LayersModel {
  const kernelRegularizer = tf.regularizers.l1l2({ l1: 0.1, l2: 0.2 });
  const biasRegularizer = tf.regularizers.l2({ l2: 0.3 });
  return tf.sequential({
    layers: [
      l.dense({ units: 4, inputShape: [3], kernelRegularizer, biasRegularizer, kernelInitializer: 'leCunNormal' }),
      l.dense({ units: 2, kernelRegularizer: 'l1l2' }),
    ],
  });
}

/** TensorFlow.js does not apply constraints in a step; Keras does. */
function constrained(): tf.LayersModel {
  const kernelConstraint = tf.constraints.minMaxNorm({ maxValue: 0.5 });
  return tf.sequential({
    layers: [
      l.dense({ units: 4, inputShape: [6], kernelConstraint: 'unitNorm', biasConstraint: 'maxNorm' }),
      l.dense({ units: 4, kernelConstraint, biasConstraint: 'nonNeg' }),
      l.reshape({ targetShape: [2, 2, 1] }),
      l.depthwiseConv2d({ kernelSize: 2, depthwiseConstraint: 'maxNorm', depthwiseRegularizer: 'l1l2' }),
    ],
  });
}

/** Options that the matrix of layers does not have, and every initializer. */
function unusual(): tf.LayersModel {
  const x = tf.input({ shape: [null, 4], dtype: 'int32', name: 'numbers' });
  const initializers = [
    ...[tf.initializers.constant({ value: 0.5 }), tf.initializers.randomNormal({ stddev: 0.2, seed: 3 })],
    ...[tf.initializers.truncatedNormal({ mean: 0.1 }), tf.initializers.randomUniform({ minval: -1, maxval: 1 })],
    tf.initializers.varianceScaling({ scale: 2, mode: 'fanIn', distribution: 'truncatedNormal', seed: 1 }),
    ...(['heNormal', 'heUniform', 'leCunUniform', 'glorotUniform', 'orthogonal', 'identity', 'zeros'] as const),
  ];
  const reshaped = apply(
    l.reshape({ targetShape: [2, -1] }),
    apply(l.timeDistributed({ layer: l.dense({ units: 4 }) }), x),
  );
  const embedded = apply(l.embedding({ inputDim: 9, outputDim: 3, embeddingsRegularizer: 'l1l2' }), x);
  const summed = apply(
    l.globalAveragePooling1d({ name: 'mean' }),
    apply(l.reshape({ targetShape: [-1, 3] }), embedded),
  );
  const dropped = apply(l.dropout({ rate: 0.5, noiseShape: [null, 1] as never, seed: 4 }), summed);
  const dense = initializers.map(kernelInitializer => apply(l.dense({ units: 3, kernelInitializer }), dropped));
  return tf.model({ inputs: x, outputs: [apply(l.concatenate(), dense), reshaped] });
}

type Options = { learningRate: number };

const OPTIMIZERS: Readonly<Record<string, (rate: Options) => tf.Optimizer>> = {
  SGD: rate => new SGD(rate),
  'SGD with momentum': rate => new SGD({ ...rate, momentum: 0.9, nesterov: true }),
  'SGD whose rate falls': rate => new SGD({ ...rate, decay: 0.5 }),
  Adam: rate => new Adam({ ...rate, amsgrad: true, clipnorm: 0.5 }),
  AdamW: rate => new AdamW(rate),
  Adamax: rate => new Adamax(rate),
  Adagrad: rate => new Adagrad(rate),
  Adadelta: rate => new Adadelta(rate),
  RMSprop: rate => new RMSprop({ ...rate, momentum: 0.5, centered: true, clipvalue: 0.1 }),
  Nadam: rate => new Nadam({ ...rate, globalClipnorm: 0.5 }),
  'loss scaling': rate => new LossScaleOptimizer(new Adam(rate), { initialScale: 8, dynamicGrowthSteps: 2 }),
  "TensorFlow.js's SGD": ({ learningRate }) => tf.train.sgd(learningRate),
  "TensorFlow.js's momentum": ({ learningRate }) => tf.train.momentum(learningRate, 0.8, true),
  "TensorFlow.js's Adagrad": ({ learningRate }) => tf.train.adagrad(learningRate, 0.2),
  "TensorFlow.js's RMSprop": ({ learningRate }) => tf.train.rmsprop(learningRate, 0.8, 0.3),
};

/** Without binaryCrossentropy, which Keras computes from the logits of a softmax: other models here have it. */
const LOSSES = [
  ...['meanSquaredError', 'meanAbsoluteError', 'meanAbsolutePercentageError', 'meanSquaredLogarithmicError'],
  ...['squaredHinge', 'hinge', 'categoricalHinge', 'logcosh', 'categoricalCrossentropy'],
  ...['kullbackLeiblerDivergence', 'poisson', 'cosineProximity'],
];

const METRICS = [
  ...['accuracy', 'acc', 'crossentropy', 'ce', 'binaryAccuracy', 'categoricalAccuracy', 'categoricalCrossentropy'],
  ...['mse', 'MSE', 'mae', 'MAE', 'mape', 'MAPE'],
  ...[tf.metrics.meanSquaredError, tf.metrics.meanAbsoluteError, tf.metrics.meanAbsolutePercentageError],
];

function compiled(optimizer: (rate: Options) => tf.Optimizer, loss: string, metrics: unknown[] = []): SavedSubject {
  const compile = (model: tf.LayersModel): void =>
    model.compile({ optimizer: optimizer({ learningRate: 0.05 }), loss, metrics: metrics as string[] });
  return { make: small, compile };
}

const sgd = OPTIMIZERS.SGD!;

export const PARTS: Readonly<Record<string, SavedSubject>> = {
  'every activation': { make: activations },
  'every metric': compiled(sgd, 'categoricalCrossentropy', METRICS),
};

export const COMPILATIONS: Readonly<Record<string, SavedSubject>> = {
  'every constraint': { make: constrained },
  'unusual options': { make: unusual, vocabulary: 9 },
  regularizers: {
    make: regularized,
    stepOnly: true,
    compile: model => model.compile({ optimizer: new SGD({ learningRate: 0.1 }), loss: 'meanSquaredError' }),
  },
  ...Object.fromEntries(
    Object.entries(OPTIMIZERS).map(([name, optimizer]) => [
      `the optimizer ${name}`,
      compiled(optimizer, 'meanSquaredError'),
    ]),
  ),
  ...Object.fromEntries(LOSSES.map(loss => [`the loss ${loss}`, compiled(sgd, loss)])),
};
