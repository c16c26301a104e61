/** Reads a file while the process waits: for constructors, which cannot await anything. */
import { join, resolve } from 'node:path';
import { native } from '../binding.js';
import { fromNative, isNativeError, TensorBundleError } from '../errors.js';
import { checkPath } from './directory-errors.js';
import { ownView } from './handles.js';

/**
 * The whole file `name` of a directory; null if the file or the directory does not exist. Throws ERR_TOO_LARGE above
 * `maxBytes`, and ERR_NOT_A_CHECKPOINT if it is not a regular file.
 */
export function readFileNow(directory: string, name: string, maxBytes: number): Uint8Array | null {
  checkPath(directory);
  const absolute = resolve(directory);
  try {
    const bytes = native.readNow(absolute, name, maxBytes);
    return bytes && ownView(bytes);
  } catch (error) {
    if (isNativeError(error) && error.code === 'ENOENT') return null;
    const path = join(absolute, name);
    if (isNativeError(error) && error.code === 'EFBIG') {
      throw new TensorBundleError('ERR_TOO_LARGE', `${path} has more than the ${maxBytes} bytes it may have`, {
        path,
        expected: maxBytes,
        cause: error,
      });
    }
    if (isNativeError(error) && ['EISDIR', 'EFTYPE'].includes(error.code)) {
      throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a regular file; move it away`, {
        path,
        expected: 'file',
        cause: error,
      });
    }
    throw fromNative(error, 'read', { path });
  }
}
