/** The count of steps in the form of TensorFlow.js's own files, an int32 `iter`; a checkpoint has 64 bits. */
import { TensorBundleError } from '../errors.js';
import { scalar, type Tensor } from '../tfjs-core.js';

const MAX_INT32 = 2 ** 31 - 1;

/**
 * The tensor is the caller's. Throws ERR_TOO_LARGE for what int32 does not hold: TensorFlow.js would save another
 * number.
 */
export function iterationsWeight(iterations: number): { name: string; tensor: Tensor } {
  if (iterations > MAX_INT32) {
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `the optimizer's iterations are ${iterations}, and TensorFlow.js keeps them as an int32, up to ` +
        `${MAX_INT32}: save to 'ckpt://', ` +
        'or with saveModel, saveWeights or a Checkpoint, which keep 64 bits',
      { tensor: 'iter', expected: MAX_INT32, found: iterations },
    );
  }
  return { name: 'iter', tensor: scalar(iterations, 'int32') };
}
