/** The count of steps as TensorFlow.js's own files have it: an int32 `iter`. A checkpoint has 64 bits. */
import { TensorBundleError } from '../errors.js';
import { scalar, type Tensor } from '../tfjs-core.js';

const MAX_INT32 = 2 ** 31 - 1;

/**
 * The caller owns the tensor. Throws ERR_TOO_LARGE for a number that int32 cannot hold, because TensorFlow.js would
 * save another number.
 */
export function iterationsWeight(iterations: number): { name: string; tensor: Tensor } {
  if (iterations > MAX_INT32) {
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `the optimizer has made ${iterations} steps, but TensorFlow.js keeps the number as an int32, up to ` +
        `${MAX_INT32}; save to 'ckpt://', ` +
        'or with saveModel, saveWeights or a Checkpoint, which keep 64 bits',
      { tensor: 'iter', expected: MAX_INT32, found: iterations },
    );
  }
  return { name: 'iter', tensor: scalar(iterations, 'int32') };
}
