/**
 * Slices of a partitioned tensor: their geometry, and whether a set of them overlaps or covers the whole
 * (tensorflow/core/framework/tensor_slice.cc).
 */
import { TensorBundleError } from '../errors.js';
import type { BoxTree } from './box-tree.js';
import { sizeOf } from './shape.js';
import type { SliceExtent } from './slice-proto.js';
import type { TensorSlice } from './tensor-slice.js';
import type { Steps } from './turns.js';

export { decodeSliceKey } from './slice-key.js';
export type { SliceExtent } from './slice-proto.js';
export { intersect, type TensorSlice } from './tensor-slice.js';

/**
 * Looks at an axis of boxes and their bounds that `overlaps` takes before it gives up, for a slice and a level of the
 * tree.
 */
const LOOKS_PER_LEVEL = 16;
const FREE_LOOKS = 400_000;
/** Looks between two stops. One slice takes some for each dimension of all slices at most. */
const STEP_LOOKS = 100_000;

/** The box as a stored slice has it: a whole dimension is written without numbers. */
export function extentsOf(slice: TensorSlice, fullShape: readonly number[]): SliceExtent[] {
  return slice.begin.map((start, axis) => {
    const length = slice.size[axis]!;
    return length === -1 || (start === 0 && length === fullShape[axis])
      ? { start: 0, length: null }
      : { start, length };
  });
}

/** The box of a stored slice inside the full shape. */
export function sliceOf(extents: readonly SliceExtent[], fullShape: readonly number[]): TensorSlice {
  return {
    begin: extents.map(extent => extent.start),
    size: extents.map((extent, axis) => extent.length ?? fullShape[axis]!),
  };
}

/** Whether the slice is the whole tensor: TensorFlow then stores a plain entry. */
export function isFullSlice(slice: TensorSlice, fullShape: readonly number[]): boolean {
  return fullShape.every(
    (full, axis) => slice.begin[axis] === 0 && (slice.size[axis] === full || slice.size[axis] === -1),
  );
}

/**
 * The indexes of two slices that overlap, or null. Slices of any regular kind take a number of looks at each that grows
 * with the logarithm of their count; ERR_TOO_LARGE for a geometry that was made to be hard.
 */
export function* overlaps(slices: readonly TensorSlice[], tree: BoxTree): Steps<[number, number] | null> {
  const limit = FREE_LOOKS + slices.length * LOOKS_PER_LEVEL * Math.ceil(Math.log2(slices.length + 1));
  let next = tree.looks;
  for (const [i, slice] of slices.entries()) {
    for (const j of tree.find(slice)) if (j !== i) return i < j ? [i, j] : [j, i];
    if (tree.looks > limit) {
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `${slices.length} slices lie too irregularly to be checked for overlap within ${limit} comparisons`,
        { expected: limit },
      );
    }
    if (tree.looks < next) continue;
    yield;
    next = tree.looks + STEP_LOOKS;
  }
  return null;
}

/** Whether slices that do not overlap and lie inside the shape hold all of it: their volumes then sum up to its own. */
export function covers(slices: readonly TensorSlice[], fullShape: readonly number[]): boolean {
  // Each at most 2^53, as the shape's own; only the sum of slices that do overlap could be more.
  return slices.reduce((sum, slice) => sum + sizeOf(slice.size), 0) === sizeOf(fullShape);
}
