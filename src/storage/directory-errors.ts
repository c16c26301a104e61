/** Turns errors of the addon about a directory and the names in it into errors of this package. */
import { fromNative, invalidArgument, isNativeError, TensorBundleError } from '../errors.js';

/** Throws ERR_INVALID_ARGUMENT. */
export function checkPath(path: string): void {
  if (path.includes('\0')) {
    throw invalidArgument('a path must not contain a NUL character', { path });
  }
}

/** The error for a directory that is there but cannot be opened. */
export function openingError(error: unknown, path: string): Error {
  if (isNativeError(error) && error.code === 'ENOTDIR') {
    return new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a directory`, { path, cause: error });
  }
  return fromNative(error, 'open', { path });
}

/** `path` is that of the directory, or of the file in it that `action` was tried on. */
export function directoryError(error: unknown, action: string, path: string): Error {
  if (isNativeError(error) && error.code === 'EEXIST') {
    return new TensorBundleError('ERR_EXISTS', `${path} exists already`, { path, cause: error });
  }
  if (isNativeError(error) && error.code === 'ENAMETOOLONG') {
    return invalidArgument(
      `the name of ${path} is too long for its file system (usually 255 bytes, ` +
        'of which the ending of a data file takes 20); save under a shorter name',
      { path, cause: error },
    );
  }
  if (isNativeError(error) && error.code === 'EFTYPE') {
    return new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a regular file`, { path, cause: error });
  }
  return fromNative(error, action, { path });
}
