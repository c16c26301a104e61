/** The optimizers of resume.deep.test.ts: all of TensorFlow.js's, and those with Keras's formulas. */
import * as tf from '@tensorflow/tfjs-node';
import * as exact from '../../dist/optimizers.js';

const { train } = tf;

export const OPTIMIZERS = {
  sgd: { rate: 0.1, make: rate => train.sgd(rate) },
  momentum: { rate: 0.05, make: rate => train.momentum(rate, 0.9) },
  nesterov: { rate: 0.05, make: rate => train.momentum(rate, 0.9, true) },
  adagrad: { rate: 0.1, make: rate => train.adagrad(rate) },
  adadelta: { rate: 0.01, make: rate => train.adadelta(rate) },
  adam: { rate: 0.01, make: rate => train.adam(rate) },
  adamax: { rate: 0.01, make: rate => train.adamax(rate) },
  rmsprop: { rate: 0.01, make: rate => train.rmsprop(rate) },
  'rmsprop with momentum': { rate: 0.01, make: rate => train.rmsprop(rate, 0.9, 0.8) },
  // TensorFlow.js subtracts epsilon: only a negative one never makes the root of a negative number.
  'rmsprop centered': { rate: 0.01, make: rate => train.rmsprop(rate, 0.9, 0.8, -1e-3, true) },
  'exact SGD': { rate: 0.05, make: learningRate => new exact.SGD({ learningRate, momentum: 0.9, nesterov: true }) },
  'exact Adam': { rate: 0.01, make: learningRate => new exact.Adam({ learningRate, amsgrad: true }) },
  'exact AdamW': { rate: 0.01, make: learningRate => new exact.AdamW({ learningRate }) },
  'exact Adadelta': { rate: 1, make: learningRate => new exact.Adadelta({ learningRate }) },
  'exact RMSprop': {
    rate: 0.01,
    make: learningRate => new exact.RMSprop({ learningRate, centered: true, momentum: 0.9 }),
  },
  'exact Nadam': { rate: 0.01, make: learningRate => new exact.Nadam({ learningRate }) },
};
