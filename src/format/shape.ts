/** Shapes: their number of elements, and which shapes a file may have. */

/** The most dimensions that a TensorFlow shape can have (TensorShape::MaxDimensions). */
export const MAX_RANK = 254;

/** Number of elements of a shape; 1 for a scalar. Exact if `isCountable` is true. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/**
 * Whether the product of the dimensions, taken in order, is at most 2^53 - 1 at every step, even if a later dimension
 * is 0. TensorFlow multiplies in the same way.
 */
export function isCountable(shape: readonly number[]): boolean {
  let size = 1;
  for (const length of shape) {
    size *= length;
    if (size > Number.MAX_SAFE_INTEGER) return false;
  }
  return true;
}
