/** Which values of a dataset are read, whichever reader finds them, and in what pieces. */
import { TensorBundleError } from '../../errors.js';
import { sizeOf } from '../../format/shape.js';
import type { Hdf5Dataset } from '../hdf5-file.js';

/** Of `pieces`, if nothing else is asked for. */
export const PIECE_BYTES = 4 * 1024 * 1024;
/** Each element of a text becomes an object. */
const MAX_TEXTS = 4 * 1024 * 1024;
/** Deflate makes bytes no more than this many times as many. */
const MAX_EXPANSION = 1032;
const LEAST_EXPANDED_BYTES = 64 * 1024 * 1024;

/**
 * The most bytes of a dataset that was never written, or is compressed, in a file of so many bytes. More would only
 * fill the memory.
 */
export function mostExpandedBytes(fileBytes: number): number {
  return LEAST_EXPANDED_BYTES + MAX_EXPANSION * fileBytes;
}

/** Throws ERR_TOO_LARGE. `file` is the path of the file. */
export function requireFewTexts(file: string, { path, shape }: Hdf5Dataset): void {
  const found = sizeOf(shape);
  if (found <= MAX_TEXTS) return;
  const problem = `${file}: the dataset '${path}' has more than ${MAX_TEXTS} texts`;
  throw new TensorBundleError('ERR_TOO_LARGE', problem, { path: file, tensor: path, expected: MAX_TEXTS, found });
}

/** For a dataset whose type is unknown. */
export function noTensorError(file: string, { path, stored }: Hdf5Dataset): TensorBundleError {
  const problem = `${file}: the dataset '${path}' is ${stored}, which no tensor can hold`;
  return new TensorBundleError('ERR_DTYPE', problem, { path: file, tensor: path, found: stored });
}
