/** Boxes of string tensors, whose elements have no place of their own in the file. */
import type { TensorSlice } from '../format/slices.js';

/** The elements of a box of a row-major array that is `shape`. */
export function pick(elements: readonly Uint8Array[], shape: readonly number[], box: TensorSlice): Uint8Array[] {
  return [...elementIndexes(shape, box)].map(i => elements[i]!);
}

function* elementIndexes(shape: readonly number[], box: TensorSlice, axis = 0, base = 0): Generator<number> {
  if (axis === shape.length) {
    yield base;
    return;
  }
  for (let i = 0; i < box.size[axis]!; i++)
    yield* elementIndexes(shape, box, axis + 1, base * shape[axis]! + box.begin[axis]! + i);
}
