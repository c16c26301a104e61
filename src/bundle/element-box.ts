/** Boxes of string tensors, whose elements do not have fixed places in the file. */
import type { TensorSlice } from '../format/slices.js';

/** The elements in a box of a row-major array with this shape. */
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
