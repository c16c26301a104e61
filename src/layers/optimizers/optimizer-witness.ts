/** What the description of an optimizer depends on: see src/layers/witness.ts. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { registeredAs } from '../variable.js';
import type { Witness } from '../witness.js';
import { describesItself } from './keras-state.js';
import { lossScalingOf, steppingOptimizer } from './loss-scaling.js';
import { OPTIMIZERS } from './tfjs-classes.js';
import { hasWaitingSlots } from './waiting-slots.js';

/**
 * Adds what an optimizer of TensorFlow.js depends on: which slots it has, and for which variables. False for any other
 * optimizer, and for one with loss scaling or with restored slots that wait for its next step.
 */
export function addOptimizer(optimizer: Optimizer, witness: Witness): boolean {
  if (steppingOptimizer(optimizer) !== optimizer || describesItself(optimizer)) return false;
  if (lossScalingOf(optimizer) !== undefined || hasWaitingSlots(optimizer)) return false;
  const className = optimizer.getClassName();
  const kind = OPTIMIZERS.get(className)?.(optimizer);
  if (kind === undefined) return false;
  const fields = optimizer as unknown as Readonly<Record<string, unknown>>;
  witness.push(optimizer, className, kind.groups.length);
  // Plain SGD has slots in Keras after its first step. A velocity is written as it is at this one learning rate.
  witness.push(optimizer.iterations > 0, Number(fields.learningRate) === -1);
  for (const [, property] of kind.hyper) witness.push(property !== null && Number(fields[property]) !== 0);
  for (const group of kind.groups) {
    witness.push(group.length);
    for (const slot of group) {
      witness.push(slot.list);
      addSlots(fields[slot.array], slot.suffix, witness);
    }
  }
  return true;
}

function addSlots(slots: unknown, suffix: string, witness: Witness): void {
  if (!Array.isArray(slots)) return void witness.push(slots);
  witness.push(slots.length);
  for (let i = 0; i < slots.length; i++) {
    const { originalName, variable } = (slots[i] ?? {}) as { originalName?: string; variable?: unknown };
    witness.push(originalName, variable);
    if (originalName?.endsWith(`/${suffix}`)) witness.push(registeredAs(originalName.slice(0, -suffix.length - 1)));
    else witness.push(originalName && registeredAs(originalName));
  }
}
