/** Checks the shapes that callers give. */
import { TensorBundleError } from '../errors.js';
import { isCountable, MAX_RANK, sizeOf } from '../format/shape.js';

/** Number of elements. Throws ERR_SHAPE for a shape that TensorFlow could not restore. */
export function elementCount(name: string, shape: readonly number[]): number {
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0)
      throw shapeError(name, shape, 'has a size that is not a whole number >= 0');
  }
  if (!isCountable(shape)) throw shapeError(name, shape, 'is too large');
  return sizeOf(shape);
}

/** A copy of a shape. Throws ERR_SHAPE if it is not an array; `elementCount` checks the sizes. */
export function shapeOf(name: string, shape: unknown): number[] {
  if (!Array.isArray(shape)) {
    throw new TensorBundleError('ERR_SHAPE', `tensor '${name}': the shape must be an array of numbers`, {
      tensor: name,
      found: typeof shape,
    });
  }
  if (shape.length > MAX_RANK) {
    throw new TensorBundleError(
      'ERR_SHAPE',
      `tensor '${name}': ${shape.length} dimensions are more than the ${MAX_RANK} that TensorFlow can restore`,
      { tensor: name, expected: MAX_RANK, found: shape.length },
    );
  }
  return [...shape];
}

let last: readonly number[] = [];

/**
 * As `shapeOf`, but if the shape equals that of the call before, gives the same copy: the many tensors of a checkpoint
 * have few shapes. Nobody may change it.
 */
export function sharedShape(name: string, shape: unknown): readonly number[] {
  if (!Array.isArray(shape) || shape.length !== last.length) last = shapeOf(name, shape);
  else for (let axis = 0; axis < last.length; axis++) if (shape[axis] !== last[axis]) last = shapeOf(name, shape);
  return last;
}

export function shapeError(name: string, shape: readonly number[], what: string): TensorBundleError {
  return new TensorBundleError('ERR_SHAPE', `tensor '${name}': shape [${shape}] ${what}`, {
    tensor: name,
    found: [...shape],
  });
}
