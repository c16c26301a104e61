/** Which slots an optimizer has in Keras, and in which order: that in which Keras lists its variables in a file. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { describesItself, groupsOf } from './keras-state.js';
import { OPTIMIZERS } from './tfjs-classes.js';

export interface SlotOrder {
  /** Keras's class: `Adam`. */
  readonly kerasName: string;
  /**
   * Names of Keras's lists (`_momentums`): group by group, within a group variable by variable, for each variable list
   * by list.
   */
  readonly groups: readonly (readonly string[])[];
  /** Names of state that belongs to no variable. */
  readonly scalars: readonly string[];
}

/** Of the optimizer that makes the steps. Undefined for a class that is not known. */
export function slotOrder(optimizer: Optimizer): SlotOrder | undefined {
  if (describesItself(optimizer)) {
    const { kerasName, slotLists, interleaved, scalars } = optimizer;
    const groups = groupsOf(slotLists, interleaved).map(group => group.map(({ list }) => list));
    return { kerasName, groups, scalars: scalars.map(({ name }) => name) };
  }
  const known = OPTIMIZERS.get(optimizer.getClassName())?.(optimizer);
  return (
    known && {
      kerasName: known.kerasName,
      groups: known.groups.map(group => group.map(({ list }) => list)),
      scalars: [],
    }
  );
}
