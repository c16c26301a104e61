/** What can be in the way of a save of one file. `path` is the file. */
import { isNativeError, TensorBundleError } from '../../errors.js';

/** `why` continues the sentence. */
export function notReplacedError(path: string, why: string, cause?: unknown): TensorBundleError {
  return new TensorBundleError('ERR_EXISTS', `${path} is not replaced, because ${why}; save under another name`, {
    path,
    cause,
  });
}

export function fileExistsError(path: string): TensorBundleError {
  return new TensorBundleError('ERR_EXISTS', `${path} exists; give another name, or overwrite: 'atomic'`, { path });
}

export function noRoomError(path: string, free: number, bytes: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_NO_SPACE',
    `there are ${free} bytes free for ${path}, but the save needs ${bytes}: a file that is replaced stays until the ` +
      'new one is whole. Free space, or save on another file system',
    { path, expected: bytes, found: free },
  );
}

/** `found`: bytes of the file that was written, or of what was given for it. */
export function sizeError(path: string, bytes: number, found: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_IO',
    `${path} was to have ${bytes} bytes, but has ${found}; nothing was replaced. Save again`,
    { path, expected: bytes, found },
  );
}

export function fileUncertainError(path: string, cause: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_DURABILITY_UNCERTAIN',
    `${path} is saved, but its directory could not be synced: a power loss may bring back the earlier file; save ` +
      'again, under another name if the disk reports errors',
    { path, cause },
  );
}

const REFUSALS: Readonly<Record<string, string>> = {
  EBUSY: 'it is in use, as a mount point is',
  EISDIR: 'another program has just made a directory of this name',
  EXDEV: 'it is on another file system',
};

/** The rename was refused, and has changed nothing. */
export function renamingError(path: string, error: unknown): unknown {
  const cause = error instanceof TensorBundleError ? error.cause : undefined;
  const why = isNativeError(cause) ? REFUSALS[cause.code] : undefined;
  return why === undefined ? error : notReplacedError(path, why, cause);
}
