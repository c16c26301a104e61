/**
 * Optimizers for TensorFlow.js with the formulas of Keras. Some of TensorFlow.js's own optimizers compute something
 * else, so a training that moves from one language to the other would change. Needs `@tensorflow/tfjs-core`.
 *
 * @example
 * model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'meanSquaredError' }); // was: tf.train.adam(0.01)
 */
export { Adadelta, type AdadeltaOptions } from './optimizers/adadelta.js';
export { Adagrad, type AdagradOptions } from './optimizers/adagrad.js';
export { Adam, type AdamOptions, AdamW } from './optimizers/adam.js';
export { Adamax, type AdamaxOptions } from './optimizers/adamax.js';
export { KerasOptimizer, type OptimizerOptions } from './optimizers/base.js';
export { LossScaleOptimizer, type LossScaleOptions } from './optimizers/loss-scale.js';
export { Nadam, type NadamOptions } from './optimizers/nadam.js';
export { RMSprop, type RMSpropOptions } from './optimizers/rmsprop.js';
export type { KerasOptimizerState, NumberInState, SlotList } from './optimizers/saved-state.js';
export { SGD, type SGDOptions } from './optimizers/sgd.js';
