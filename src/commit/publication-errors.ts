/** What can go wrong between two saves of one prefix, or after the commit. */
import { TensorBundleError } from '../errors.js';

/** `path` is the prefix. */
export function busyError(path: string, waitedMs: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_LOCKED',
    `another save is writing the data files of ${path} and had not ended after ${waitedMs} ms; ` +
      "try again, raise lockTimeoutMs, or use overwrite: 'atomic', which does not wait for it",
    { path },
  );
}

/** `path` is the index, here and below. */
export function existsError(path: string): TensorBundleError {
  return new TensorBundleError('ERR_EXISTS', `${path} exists; give another prefix or overwrite: 'atomic'`, { path });
}

export function laterUnsyncedError(path: string, cause: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_DURABILITY_UNCERTAIN',
    `a later save of ${path} has taken the place of this one, but could not be synced; save again`,
    { path, cause },
  );
}

/** `path` is a data file. */
export function removedError(path: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_IO',
    `${path} was removed while the save was running: its lock was lost, or another program cleaned up. Save again`,
    { path },
  );
}

export function renameUncertainError(path: string, cause: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_DURABILITY_UNCERTAIN',
    `the commit of ${path} reported an error and may have happened; nothing was removed. Check the disk and ` +
      `save again`,
    { path, cause },
  );
}

export function syncUncertainError(path: string, cause: unknown): TensorBundleError {
  return new TensorBundleError(
    'ERR_DURABILITY_UNCERTAIN',
    `${path} is committed, but the directory could not be synced: a power loss may bring back the ` +
      `earlier checkpoint. No old file was removed; save again, under another name if the disk reports errors`,
    { path, cause },
  );
}
