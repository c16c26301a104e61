/**
 * Slots of an optimizer before its first step. They do not exist then, and in which order it will make them is not known; so
 * restored values wait until the first gradients come (in Python, `optimizer.build` or the first step makes the variables).
 */
import { type NamedTensorMap, type Optimizer, type Tensor, tensor, type Variable } from '@tensorflow/tfjs-core';
import type { TensorValue } from '../../format/dtypes.js';
import type { OptimizerState, SlotKind } from './state.js';

/** Values of one optimizer, in its own form, that wait. */
export interface Pending {
  /** By the name of the variable, then by list. */
  readonly slots: Map<string, Map<string, TensorValue>>;
  /** Slots of variables that are not known yet, in Keras's order of variables, by list. */
  readonly byIndex: Map<number, Map<string, TensorValue>>;
}

const waiting = new WeakMap<Optimizer, Pending>();

type Gradients = NamedTensorMap | { name: string; tensor: Tensor }[] | Record<string, Variable>;

export function pendingOf(optimizer: Optimizer): Pending | undefined {
  return waiting.get(optimizer);
}

/** Takes the place of what waited before. */
export function forgetPending(optimizer: Optimizer): void {
  waiting.delete(optimizer);
}

/** A value for a slot that the optimizer will make; `variable` is a name, or a place in Keras's order. */
export function addPending(
  optimizer: Optimizer,
  state: OptimizerState,
  variable: string | number,
  { list }: SlotKind,
  value: TensorValue,
): void {
  let pending = waiting.get(optimizer);
  if (pending === undefined) {
    pending = { slots: new Map(), byIndex: new Map() };
    waiting.set(optimizer, pending);
    beforeFirstStep(optimizer, state, pending);
  }
  const values = typeof variable === 'string' ? pending.slots.get(variable) : pending.byIndex.get(variable);
  if (values) values.set(list, value);
  else if (typeof variable === 'string') pending.slots.set(variable, new Map([[list, value]]));
  else pending.byIndex.set(variable, new Map([[list, value]]));
}

/** tfjs tells nobody that a step begins, so the one object is told to. */
function beforeFirstStep(optimizer: Optimizer, state: OptimizerState, pending: Pending): void {
  const own = Object.hasOwn(optimizer, 'applyGradients');
  const before = optimizer.applyGradients;
  const apply = (gradients: Gradients): void => {
    if (own) optimizer.applyGradients = before;
    else Reflect.deleteProperty(optimizer, 'applyGradients');
    // Restored again since, or given slots in another way.
    if (waiting.get(optimizer) === pending) {
      waiting.delete(optimizer);
      const names = Array.isArray(gradients) ? gradients.map(({ name }) => name) : Object.keys(gradients);
      createSlots(state, names, pending);
    }
    before.call(optimizer, gradients as NamedTensorMap);
  };
  optimizer.applyGradients = apply as Optimizer['applyGradients'];
}

function createSlots(state: OptimizerState, names: readonly string[], { slots, byIndex }: Pending): void {
  state.create(names, (name, { list }) => {
    const value = (slots.get(name) ?? byIndex.get(names.indexOf(name)))?.get(list);
    return value && tensor(value.data as Float32Array, [...value.shape], 'float32');
  });
}
