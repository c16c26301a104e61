/**
 * The optimizers of random worlds: all of TensorFlow.js's, those with Keras's formulas, and some of either with a
 * scaled loss.
 */
import * as tf from '@tensorflow/tfjs-node';
import * as exact from '../../../dist/optimizers.js';

const { train } = tf;

/** By what they keep slots for: `places` in the list of a step (TensorFlow.js's own), or `variables`. */
const BY_PLACES = {
  sgd: () => train.sgd(0.05),
  momentum: () => train.momentum(0.02, 0.9),
  nesterov: () => train.momentum(0.02, 0.9, true),
  adagrad: () => train.adagrad(0.1),
  adadelta: () => train.adadelta(0.5),
  adam: () => train.adam(0.02),
  adamax: () => train.adamax(0.02),
  rmsprop: () => train.rmsprop(0.01),
  'rmsprop with momentum': () => train.rmsprop(0.01, 0.9, 0.8),
  // TensorFlow.js subtracts epsilon: only a negative one never makes the root of a negative number.
  'rmsprop centered': () => train.rmsprop(0.01, 0.9, 0.8, -1e-3, true),
};

const BY_VARIABLES = {
  'exact SGD': () => new exact.SGD({ learningRate: 0.02, momentum: 0.9, nesterov: true }),
  'exact Adagrad': () => new exact.Adagrad({ learningRate: 0.1 }),
  'exact Adadelta': () => new exact.Adadelta({ learningRate: 1 }),
  'exact Adam': () => new exact.Adam({ learningRate: 0.02, amsgrad: true }),
  'exact AdamW': () => new exact.AdamW({ learningRate: 0.02 }),
  'exact Adamax': () => new exact.Adamax({ learningRate: 0.02 }),
  'exact Nadam': () => new exact.Nadam({ learningRate: 0.02 }),
  'exact RMSprop': () => new exact.RMSprop({ learningRate: 0.01, momentum: 0.8, centered: true, clipnorm: 1 }),
};

/** `byVariables`: only of those that keep slots by variables. */
export function randomOptimizer(random, { byVariables = false } = {}) {
  const table = byVariables || random.chance(0.4) ? BY_VARIABLES : BY_PLACES;
  const name = random.pick(Object.keys(table));
  const isScaled = random.chance(0.15);
  const optimizer = table[name]();
  // The class is there as soon as `tensorbundle/optimizers` has it.
  const { LossScaleOptimizer } = exact;
  if (!isScaled || LossScaleOptimizer === undefined) return { name, optimizer, byVariables: table === BY_VARIABLES };
  const scaled = new LossScaleOptimizer(optimizer, { initialScale: 8, dynamicGrowthSteps: 3 });
  return { name: `scaled ${name}`, optimizer: scaled, byVariables: table === BY_VARIABLES };
}
