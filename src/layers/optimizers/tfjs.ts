/**
 * The optimizers of TensorFlow.js, seen as Keras's. They keep slots in arrays, in the order of the gradients of the first step,
 * and under names; the names count here, since the order is not known before (tfjs-core/src/optimizers).
 */
import { keep, type Optimizer, scalar, type Tensor, type Variable, variable } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../../errors.js';
import { field, type NumberState, type OptimizerState, type SlotKind } from './state.js';

/** A kind of slot, and where tfjs has it. */
interface TfjsSlot extends SlotKind {
  readonly array: string;
  /** The end of `OptimizerVariable.originalName`. */
  readonly suffix: string;
}

interface TfjsOptimizer {
  readonly kerasName: string;
  readonly groups: readonly (readonly TfjsSlot[])[];
  readonly lists: readonly string[];
  /** Names in legacy optimizers, and the fields of tfjs; null for what tfjs does not have. */
  readonly hyper: readonly (readonly [name: string, field: string | null])[];
  /** float32 variables that are multiplied or counted at each step. */
  readonly exact: readonly string[];
}

interface OptimizerVariable {
  readonly originalName: string;
  readonly variable: Variable;
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

/** By tfjs's class names. */
const OPTIMIZERS: ReadonlyMap<string, (optimizer: Optimizer) => TfjsOptimizer> = new Map([
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

/** Without momentum, what tfjs keeps as such is the last step's and has no effect on the next; Keras keeps none. */
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
    hyper: [DECAY, RATE, ['momentum', 'momentum'], ['rho', 'decay']],
    exact: [],
  };
}

/** Undefined for a class that is not TensorFlow.js's. */
export function tfjsState(optimizer: Optimizer): OptimizerState | undefined {
  const description = OPTIMIZERS.get(optimizer.getClassName())?.(optimizer);
  return description && new TfjsState(optimizer, description);
}

class TfjsState implements OptimizerState {
  readonly kerasName: string;
  readonly groups: readonly (readonly TfjsSlot[])[];
  readonly lists: readonly string[];
  readonly learningRate: NumberState;
  readonly iterations: NumberState;
  readonly hyper: readonly NumberState[];
  readonly scalars: readonly NumberState[] = [];
  readonly exact: readonly NumberState[];
  readonly #fields: Record<string, unknown>;
  readonly #isPlainSgd: boolean;

  constructor(optimizer: Optimizer, { kerasName, groups, lists, hyper, exact }: TfjsOptimizer) {
    this.kerasName = kerasName;
    this.groups = groups;
    this.lists = lists;
    this.#fields = optimizer as unknown as Record<string, unknown>;
    this.#isPlainSgd = optimizer.getClassName() === 'SGD';
    this.learningRate = {
      name: 'learning_rate',
      get: () => Number(this.#fields.learningRate),
      set: value => setLearningRate(optimizer, value),
    };
    this.iterations = {
      name: 'iterations',
      get: () => optimizer.iterations,
      set: value => {
        this.#fields.iterations_ = value;
      },
    };
    this.hyper = hyper.map(([name, property]) => {
      if (property === 'learningRate') return this.learningRate;
      if (property === null) return { name, get: () => 0, set: () => undefined };
      if (property === 'momentum' && kerasName === 'SGD') return momentumOf(optimizer);
      return field(optimizer, name, property);
    });
    this.exact = exact.map(name => this.#variableState(name));
  }

  /** Keras's velocity of SGD has the learning rate in it, with its sign. */
  scale(kind: SlotKind): number {
    return kind.list === 'momentums' ? -this.learningRate.get() : 1;
  }

  variableNames(): string[] {
    const slots = this.groups.flat();
    const names = slots.flatMap(({ array, suffix }) =>
      this.#array(array).map(({ originalName }) => originalName.slice(0, -suffix.length - 1)),
    );
    return [...new Set(names)];
  }

  slot(variableName: string, kind: SlotKind): Tensor | 'zeros' | undefined {
    if (this.#isPlainSgd) return this.iterations.get() > 0 ? 'zeros' : undefined;
    return this.#find(variableName, kind)?.variable;
  }

  assign(variableName: string, kind: SlotKind, value: Tensor): boolean {
    if (this.#isPlainSgd) return true;
    const found = this.#find(variableName, kind);
    found?.variable.assign(value);
    return found !== undefined;
  }

  create(names: readonly string[], initial: (variableName: string, kind: SlotKind) => Tensor | undefined): void {
    for (const { array, suffix, ...kind } of this.groups.flat()) {
      const slots = this.#array(array);
      names.forEach((name, i) => {
        if (slots[i] != null) return;
        const value = initial(name, kind);
        if (value) slots[i] = { originalName: `${name}/${suffix}`, variable: variable(value, false) };
      });
    }
  }

  #find(variableName: string, { list }: SlotKind): OptimizerVariable | undefined {
    const { array, suffix } = this.groups.flat().find(slot => slot.list === list)!;
    return this.#array(array).find(slot => slot?.originalName === `${variableName}/${suffix}`);
  }

  #array(name: string): OptimizerVariable[] {
    const array = this.#fields[name];
    if (Array.isArray(array)) return array as OptimizerVariable[];
    // SGD has none.
    return [];
  }

  #variableState(name: string): NumberState {
    const value = (): Variable => this.#fields[name] as Variable;
    return {
      name,
      get: () => value().dataSync()[0]!,
      set: number => {
        const replacement = scalar(number, 'float32');
        value().assign(replacement);
        replacement.dispose();
      },
    };
  }
}

/** SGD and what extends it keep a tensor of it, too. */
function setLearningRate(optimizer: Optimizer, value: number): void {
  const { setLearningRate: set } = optimizer as Optimizer & { setLearningRate?: (value: number) => void };
  if (set) set.call(optimizer, value);
  else (optimizer as unknown as { learningRate: number }).learningRate = value;
}

/** tfjs's `setMomentum` leaves the tensor alone that it computes with. */
function momentumOf(optimizer: Optimizer): NumberState {
  const fields = optimizer as unknown as { momentum: number; m: Tensor };
  return {
    name: 'momentum',
    get: () => fields.momentum,
    set: value => {
      if (fields.momentum === value) return;
      fields.momentum = value;
      fields.m.dispose();
      fields.m = keep(scalar(value));
    },
  };
}

/** ERR_NOT_SUPPORTED for an optimizer of another class. */
export function unknownOptimizer(optimizer: Optimizer): TensorBundleError {
  const known = [...OPTIMIZERS.keys()];
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `the optimizer ${optimizer.getClassName()} is not known; those of TensorFlow.js (${known.join(', ')}) and of ` +
      'tensorbundle/optimizers can be saved',
    { expected: known, found: optimizer.getClassName() },
  );
}
