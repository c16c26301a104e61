/** Shapes: how many elements they have, and what a shape in a file may be. */

/** Most dimensions a TensorFlow shape can have (TensorShape::MaxDimensions). */
export const MAX_RANK = 254;

/** Number of elements of a shape; 1 for a scalar. Exact where `isCountable`. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const length of shape) size *= length;
  return size;
}

/**
 * Whether every product on the way is at most 2^53 - 1, also where a later dimension is 0: TensorFlow too multiplies in
 * order.
 */
export function isCountable(shape: readonly number[]): boolean {
  let size = 1;
  for (const length of shape) {
    size *= length;
    if (size > Number.MAX_SAFE_INTEGER) return false;
  }
  return true;
}
