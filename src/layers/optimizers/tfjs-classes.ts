/**
 * The optimizers of TensorFlow.js, class by class: Keras's names for their state, and the fields that hold it
 * (tfjs-core/src/optimizers).
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { SlotKind } from './optimizer-state.js';

/** A kind of slot, and where tfjs keeps it. */
export interface TfjsSlot extends SlotKind {
  readonly array: string;
  /** The end of `OptimizerVariable.originalName`. */
  readonly suffix: string;
}

export interface TfjsOptimizer {
  readonly kerasName: string;
  readonly groups: readonly (readonly TfjsSlot[])[];
  readonly lists: readonly string[];
  /** Names in legacy optimizers, and the fields of tfjs; null if tfjs does not have it. */
  readonly hyper: readonly (readonly [name: string, field: string | null])[];
  /** Fields with one item for each variable that have no effect, although `getWeights` returns them. */
  readonly idle?: readonly { readonly array: string; readonly suffix: string }[];
  /** float32 variables that are multiplied or incremented at each step. */
  readonly exact: readonly string[];
}

const momentum: TfjsSlot = {
  list: 'momentums',
  name: 'm',
  legacy: 'momentum',
  array: 'accumulations',
  suffix: 'momentum',
};
const first: TfjsSlot = { list: '_momentums', name: 'm', legacy: 'm', array: 'accumulatedFirstMoment', suffix: 'm' };
const DECAY = ['decay', null] as const;
const RATE = ['learning_rate', 'learningRate'] as const;

const sgd: TfjsOptimizer = {
  kerasName: 'SGD',
  groups: [[{ ...momentum, legacy: null }]],
  lists: ['momentums'],
  hyper: [DECAY, RATE, ['momentum', null]],
  exact: [],
};

/** By tfjs's class names. The configuration of the optimizer decides which slots it has. */
export const OPTIMIZERS: ReadonlyMap<string, (optimizer: Optimizer) => TfjsOptimizer> = new Map<
  string,
  (optimizer: Optimizer) => TfjsOptimizer
>([
  ['SGD', () => sgd],
  ['Momentum', () => ({ ...sgd, groups: [[momentum]], hyper: [DECAY, RATE, ['momentum', 'momentum'] as const] })],
  [
    'Adagrad',
    () => ({
      kerasName: 'Adagrad',
      groups: [
        [
          {
            list: '_accumulators',
            name: 'accumulator',
            legacy: 'accumulator',
            array: 'accumulatedGrads',
            suffix: 'accumulator',
          },
        ],
      ],
      lists: ['_accumulators'],
      hyper: [DECAY, RATE],
      exact: [],
    }),
  ],
  [
    'Adadelta',
    () => ({
      kerasName: 'Adadelta',
      groups: [
        [
          {
            list: '_accumulated_grads',
            name: 'accumulated_grad',
            legacy: 'accum_grad',
            array: 'accumulatedGrads',
            suffix: 'accum_grad',
          },
          {
            list: '_accumulated_delta_vars',
            name: 'accumulated_delta_var',
            legacy: 'accum_var',
            array: 'accumulatedUpdates',
            suffix: 'accum_var',
          },
        ],
      ],
      lists: ['_accumulated_grads', '_accumulated_delta_vars'],
      hyper: [DECAY, RATE, ['rho', 'rho'] as const],
      exact: [],
    }),
  ],
  [
    'Adam',
    () => ({
      kerasName: 'Adam',
      groups: [[first, { list: '_velocities', name: 'v', legacy: 'v', array: 'accumulatedSecondMoment', suffix: 'v' }]],
      lists: ['_momentums', '_velocities'],
      hyper: [['beta_1', 'beta1'] as const, ['beta_2', 'beta2'] as const, DECAY, RATE],
      exact: ['accBeta1', 'accBeta2'],
    }),
  ],
  [
    'Adamax',
    () => ({
      kerasName: 'Adamax',
      groups: [
        [
          { ...first, list: '_m' },
          { list: '_u', name: 'u', legacy: 'v', array: 'accumulatedWeightedInfNorm', suffix: 'v' },
        ],
      ],
      lists: ['_m', '_u'],
      hyper: [['beta_1', 'beta1'] as const, ['beta_2', 'beta2'] as const, ['decay', 'decay'] as const, RATE],
      exact: ['accBeta1', 'iteration'],
    }),
  ],
  ['RMSProp', rmsprop],
]);

/**
 * Without momentum, tfjs still keeps values for it, which come from the last step and have no effect on the next. Keras
 * keeps none.
 */
function rmsprop(optimizer: Optimizer): TfjsOptimizer {
  const { momentum, centered } = optimizer as unknown as { momentum: number; centered: boolean };
  const velocity: TfjsSlot = {
    list: '_velocities',
    name: 'velocity',
    legacy: 'rms',
    array: 'accumulatedMeanSquares',
    suffix: 'rms',
  };
  const moment: TfjsSlot = {
    list: '_momentums',
    name: 'momentum',
    legacy: 'momentum',
    array: 'accumulatedMoments',
    suffix: 'momentum',
  };
  const gradient: TfjsSlot = {
    list: '_average_gradients',
    name: 'average_gradient',
    legacy: 'mg',
    array: 'accumulatedMeanGrads',
    suffix: 'mg',
  };
  return {
    kerasName: 'RMSprop',
    groups: [[velocity], ...(momentum > 0 ? [[moment]] : []), ...(centered ? [[gradient]] : [])],
    lists: ['_velocities', '_momentums', '_average_gradients'],
    idle: momentum > 0 ? [] : [moment],
    hyper: [DECAY, RATE, ['momentum', 'momentum'], ['rho', 'decay']],
    exact: [],
  };
}
