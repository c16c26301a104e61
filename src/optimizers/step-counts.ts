/**
 * Counts of steps as tensors. An optimizer counts its steps in JavaScript, where a traced function cannot see them
 * change: this tells which tensors would be constants of its graph, and must not.
 */
import { type Scalar, scalar } from '../tfjs-core.js';

const counts = new WeakSet<object>();

export function stepCount(count: number): Scalar {
  const made = scalar(count, 'float32');
  counts.add(made.dataId);
  return made;
}

/** By the `dataId` of the tensor. */
export function isStepCount(dataId: object): boolean {
  return counts.has(dataId);
}
