/**
 * Arrays for the contents of a checkpoint. Their sizes have been checked against the files before the arrays are made.
 */
import { TensorBundleError } from '../errors.js';
import type { NumericArray, StoredType } from '../format/dtypes.js';
import { sizeOf } from '../format/shape.js';

/** An array for the values of a shape. Throws ERR_TOO_LARGE. */
export function arrayOf(name: string, dtype: StoredType, shape: readonly number[]): NumericArray {
  const bytes = sizeOf(shape) * dtype.bytes;
  return makeArray(name, bytes, () => new dtype.array(bytes / dtype.array.BYTES_PER_ELEMENT));
}

/** Calls `make`. Throws ERR_TOO_LARGE if this Node cannot make an array of that size. */
export function makeArray<T>(name: string, bytes: number, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `tensor '${name}' has ${bytes} bytes, more than this Node can hold in one array; use pieces() or read a range`,
      { tensor: name, found: bytes, cause },
    );
  }
}
