/**
 * The state that an optimizer offers for a checkpoint. `tensorbundle/tfjs` finds it by these names, so the optimizer
 * may come from any copy of the package.
 */
import type { Tensor, Variable } from '@tensorflow/tfjs-core';

/** A kind of slot: a tensor that an optimizer keeps for each variable. */
export interface SlotList {
  /** Keras's attribute, a list with one item for each variable: `_momentums`. */
  readonly list: string;
  /** Keras's name of an item: `m` in `Adam/m/dense/kernel`. */
  readonly slot: string;
}

export interface NumberInState {
  /** Keras's attribute. */
  readonly name: string;
  /** The number. */
  get(): number;
  /** Replaces the number. */
  set(value: number): void;
}

export interface KerasOptimizerState {
  /** The name of Keras's class. */
  readonly kerasName: string;
  /** The learning rate. */
  learningRate: number;
  /** Number of steps made. */
  readonly iterations: number;
  readonly slotLists: readonly SlotList[];
  /** True: Keras makes the slots variable by variable. False: list by list. */
  readonly interleaved: boolean;
  /** State that does not belong to a variable. */
  readonly scalars: readonly NumberInState[];
  /** As in `slotLists`; empty before the first step with the variable. */
  slotsOf(variableName: string): readonly Variable[];
  /** Names, in tfjs, of the variables that have slots. */
  variableNames(): readonly string[];
  /** Makes or replaces the slots of a variable, before or after the first step. The values stay the caller's. */
  setSlots(variableName: string, values: readonly Tensor[]): void;
}
