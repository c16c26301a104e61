/**
 * What optimizers of TensorFlow.js and of this package have in common: counters, hyper-parameters, and slots, which are
 * tensors that belong to one variable each. Names are Keras's; the values are in the optimizer's own form.
 */

import type { TensorValue } from '../../format/dtypes.js';
import { type Optimizer, type Tensor, tensor } from '../../tfjs-core.js';

/** A kind of slot, which every trained variable has. */
export interface SlotKind {
  /** The list in tf_keras's and Keras 3's optimizers that has one item for each variable: `_momentums`. */
  readonly list: string;
  /** Its part in names of tf_keras's new optimizers: `m` in `Adam/m/dense/kernel`. */
  readonly name: string;
  /** Its name in legacy optimizers; null if these have no such slot. */
  readonly legacy: string | null;
}

export interface NumberState {
  readonly name: string;
  get(): number;
  set(value: number): void;
  /** False for a value that the optimizer cannot have. Default: it accepts every value. */
  accepts?(value: number): boolean;
}

export interface OptimizerState {
  /** Keras's class: `Adam`. */
  readonly kerasName: string;
  /**
   * The slots in the order in which Keras makes them: group by group, within a group variable by variable, for each
   * variable kind by kind.
   */
  readonly groups: readonly (readonly SlotKind[])[];
  /** All of Keras's lists in order, including those without values in this configuration. */
  readonly lists: readonly string[];
  readonly learningRate: NumberState;
  readonly iterations: NumberState;
  /** Hyper-parameters that legacy optimizers keep as variables, in their order; the learning rate is one of them. */
  readonly hyper: readonly NumberState[];
  /** State that does not belong to a variable and has a place in Keras's optimizer. */
  readonly scalars: readonly NumberState[];
  /** float32 state that Keras computes from its iterations, and that has to be kept bit for bit. */
  readonly exact: readonly NumberState[];
  /** Factor from the optimizer's value of a slot to Keras's value, at a learning rate (default: the present one). */
  scale(kind: SlotKind, rate?: number): number;
  /** Names of the variables that have slots, as tfjs knows them. */
  variableNames(): readonly string[];
  /** 'zeros' if Keras has a slot that this optimizer does not need. Undefined if the variable has none yet. */
  slot(variableName: string, kind: SlotKind): Tensor | 'zeros' | undefined;
  /** Gives an existing slot a value of its shape; false if there is no slot yet. */
  assign(variableName: string, kind: SlotKind, value: Tensor): boolean;
  /**
   * Makes the slots that wait, before a step of the variables `names`, in this order. Existing slots are left alone.
   */
  create(names: readonly string[], waiting: WaitingSlots): void;
}

/** Slots that do not exist yet, in the optimizer's own form: by the name of the variable, then by list. */
export type WaitingSlots = ReadonlyMap<string, ReadonlyMap<string, TensorValue>>;

/** The state without its slots. */
export function withoutSlots(state: OptimizerState): OptimizerState {
  const { kerasName, learningRate, iterations, hyper, scalars, exact } = state;
  return {
    ...{ kerasName, learningRate, iterations, hyper, scalars, exact },
    groups: [],
    lists: [],
    scale: () => 1,
    variableNames: () => [],
    slot: () => undefined,
    assign: () => false,
    create: () => undefined,
  };
}

/** A slot's value as a float32 tensor. */
export function tensorOf({ data, shape }: TensorValue): Tensor {
  return tensor(data as Float32Array, [...shape], 'float32');
}

/** Recognises optimizers of any copy of tfjs, by their methods, as tfjs itself does. */
export function isOptimizer(value: unknown): value is Optimizer {
  const { minimize, computeGradients, applyGradients } = (value ?? {}) as Partial<Optimizer>;
  return [minimize, computeGradients, applyGradients].every(method => typeof method === 'function');
}

/** The number `name`, which is in the field `property` of an object. */
export function field(object: object, name: string, property: string): NumberState {
  const fields = object as Record<string, unknown>;
  return {
    name,
    get: () => Number(fields[property]),
    set: value => {
      fields[property] = value;
    },
  };
}
