/** What can be in the way of a save of a whole directory. `path` is the directory, if nothing else is said. */
import { isNativeError, TensorBundleError } from '../../errors.js';

/** `why` continues the sentence. */
export function refusedError(path: string, why: string, cause?: unknown): TensorBundleError {
  return new TensorBundleError('ERR_EXISTS', `${path} is not replaced, because ${why}; save to another directory`, {
    path,
    cause,
  });
}

/** `entry` is the path of something in the directory. */
export function foreignError(path: string, entry: string, why: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_EXISTS',
    `${path} is not replaced, because of ${entry} in it: ${why}. Move that away, or save to another directory`,
    { path: entry },
  );
}

export function directoryExistsError(path: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_EXISTS',
    `${path} exists and is not empty; give another directory, or overwrite: 'atomic'`,
    { path },
  );
}

/** A save in place stopped in the middle. */
export function halfReplacedError(path: string, cause: unknown): TensorBundleError {
  const { code, message } =
    cause instanceof TensorBundleError ? cause : { code: 'ERR_IO' as const, message: `${cause}` };
  return new TensorBundleError(
    code,
    `the checkpoint in ${path} is the new one, but the other files could not be replaced (${message}); save again`,
    { path, cause },
  );
}

const REFUSALS: Readonly<Record<string, string>> = {
  EBUSY: 'it is in use, as a mount point is',
  EXDEV: "a part of it is on another file system, or in a lower layer of a container's image",
  ENOTEMPTY: 'another program has just made it',
  EEXIST: 'another program has just made it',
  ENOTDIR: 'another program has just made a file of this name',
};

/** The rename or the exchange was refused, and has changed nothing. */
export function replacingError(path: string, error: unknown): unknown {
  const cause = error instanceof TensorBundleError ? error.cause : undefined;
  const why = isNativeError(cause) ? REFUSALS[cause.code] : undefined;
  return why === undefined ? error : refusedError(path, why, cause);
}
