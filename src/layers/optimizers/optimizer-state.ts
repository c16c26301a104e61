/**
 * What is common to optimizers, whoever wrote them: counters, hyper-parameters, and slots, which are tensors that
 * belong to one variable each. Names are Keras's; the values are the optimizer's own.
 */

import type { TensorValue } from '../../format/dtypes.js';
import { type Optimizer, type Tensor, tensor } from '../../tfjs-core.js';

/** A slot that every variable has. */
export interface SlotKind {
  /** The list in tf_keras's and Keras 3's optimizers that has one for each variable: `_momentums`. */
  readonly list: string;
  /** Its part of a new optimizer's names: `m` in `Adam/m/dense/kernel`. */
  readonly name: string;
  /** Its name in legacy optimizers; null if these have no such slot. */
  readonly legacy: string | null;
}

export interface NumberState {
  readonly name: string;
  get(): number;
  set(value: number): void;
  /** False for a value that the optimizer cannot have. Left out: it takes all. */
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
  /** All of Keras's lists in order, also those without values in this configuration. */
  readonly lists: readonly string[];
  readonly learningRate: NumberState;
  readonly iterations: NumberState;
  /** Hyper-parameters that legacy optimizers keep as variables, in their order; the learning rate is one of them. */
  readonly hyper: readonly NumberState[];
  /** State that belongs to no variable and has a place in Keras's optimizer. */
  readonly scalars: readonly NumberState[];
  /** float32 state that Keras computes from its iterations, and that is to be kept bit for bit. */
  readonly exact: readonly NumberState[];
  /** What Keras keeps is this times what the optimizer keeps, at a learning rate; the present one by default. */
  scale(kind: SlotKind, rate?: number): number;
  /** Names of the variables that have slots, as tfjs knows them. */
  variableNames(): readonly string[];
  /** 'zeros': Keras has one and this optimizer needs none. Undefined if the variable has none yet. */
  slot(variableName: string, kind: SlotKind): Tensor | 'zeros' | undefined;
  /** Gives a slot that exists a value of its shape; false if there is none yet. */
  assign(variableName: string, kind: SlotKind, value: Tensor): boolean;
  /** Makes the slots that wait, before a step whose variables are these, in this order. What exists is left alone. */
  create(names: readonly string[], waiting: WaitingSlots): void;
}

/** Slots that do not exist yet, in the optimizer's own form: by the name of the variable, then by list. */
export type WaitingSlots = ReadonlyMap<string, ReadonlyMap<string, TensorValue>>;

/** The optimizer as far as its state belongs to no variable. */
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

/** A slot's value; float32. */
export function tensorOf({ data, shape }: TensorValue): Tensor {
  return tensor(data as Float32Array, [...shape], 'float32');
}

/** Any copy of tfjs: its classes are told apart by their methods, as tfjs itself does. */
export function isOptimizer(value: unknown): value is Optimizer {
  const { minimize, computeGradients, applyGradients } = (value ?? {}) as Partial<Optimizer>;
  return [minimize, computeGradients, applyGradients].every(method => typeof method === 'function');
}

/** A number in a field of an object that has it under this name. */
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
