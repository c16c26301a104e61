/** Shapes that came from a file: how many elements, and how many bytes they may be. */

/** Most dimensions a TensorFlow shape can have (TensorShape::MaxDimensions). */
export const MAX_RANK = 254;

/** Number of elements, or null if a product on the way is above 2^53 - 1: TensorFlow too multiplies in order. */
export function elementCount(shape: readonly number[]): number | null {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (count > Number.MAX_SAFE_INTEGER) return null;
  }
  return count;
}
