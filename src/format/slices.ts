/**
 * Slices of a partitioned tensor: where they lie, whether they overlap, and whether they cover the whole
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

/** How many times `overlaps` may look at an axis of a box, per slice and level of the tree, before it gives up. */
const LOOKS_PER_LEVEL = 16;
const FREE_LOOKS = 400_000;
/** Looks between two stops. One slice takes at most some for each dimension of all slices. */
const STEP_LOOKS = 100_000;

/** The box in its stored form, where a whole dimension has no numbers. */
export function extentsOf(slice: TensorSlice, fullShape: readonly number[]): SliceExtent[] {
  return slice.begin.map((start, axis) => {
    const length = slice.size[axis]!;
    return length === -1 || (start === 0 && length === fullShape[axis])
      ? { start: 0, length: null }
      : { start, length };
  });
}

/** The box in the full shape that a stored slice covers. */
export function sliceOf(extents: readonly SliceExtent[], fullShape: readonly number[]): TensorSlice {
  return {
    begin: extents.map(extent => extent.start),
    size: extents.map((extent, axis) => extent.length ?? fullShape[axis]!),
  };
}

/** Whether the slice is the whole tensor. TensorFlow then stores a plain entry. */
export function isFullSlice(slice: TensorSlice, fullShape: readonly number[]): boolean {
  return fullShape.every(
    (full, axis) => slice.begin[axis] === 0 && (slice.size[axis] === full || slice.size[axis] === -1),
  );
}

/**
 * The indexes of two slices that overlap, or null. For slices in a regular pattern, the work per slice grows with the
 * logarithm of their number. Throws ERR_TOO_LARGE for a geometry that was made to be hard.
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

/**
 * Whether the slices cover the whole shape. They must lie inside it and not overlap, so comparing the sum of their
 * sizes is enough.
 */
export function covers(slices: readonly TensorSlice[], fullShape: readonly number[]): boolean {
  // Each size is at most 2^53, as that of the shape is. Only the sum of overlapping slices could be more.
  return slices.reduce((sum, slice) => sum + sizeOf(slice.size), 0) === sizeOf(fullShape);
}
