/** Creates and opens a directory that does not exist, with its missing parents, each below the one before. */
import { basename, dirname } from 'node:path';
import { type Handle, native } from '../binding.js';
import { fromNative, isNativeError, TensorBundleError } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';

interface MadeDirectory {
  readonly handle: Handle;
  /** Directories whose own entries changed, innermost first. They are open; the caller syncs and closes them. */
  readonly parents: Handle[];
}

/**
 * `path` is absolute, and was not there when it was opened. Throws ERR_NOT_A_CHECKPOINT, ERR_PERMISSION, ERR_NO_SPACE,
 * ERR_IO.
 */
export async function makeDirectory(path: string): Promise<MadeDirectory> {
  const missing = [basename(path)];
  let at = dirname(path);
  let handle = await openExisting(at);
  for (; handle === null; handle = await openExisting(at)) {
    missing.unshift(basename(at));
    at = dirname(at);
  }
  const parents: Handle[] = [];
  try {
    for (const name of missing) {
      // The result does not matter: false says that another process has made the directory meanwhile.
      await native.makeDirectoryAt(handle, name);
      const parent: Handle = handle;
      const made = await withDescriptor(() => native.openDirectoryAt(parent, name));
      parents.unshift(handle);
      handle = made;
    }
    return { handle, parents };
  } catch (error) {
    await Promise.all([...parents, handle].map(release));
    // Nothing was looked up here: a file system that makes no directories (such as /proc) answers with ENOENT.
    if (isNativeError(error) && error.code === 'ENOENT') {
      throw new TensorBundleError('ERR_IO', `cannot create the directory ${path}: ENOENT in ${error.syscall}`, {
        path,
        cause: error,
      });
    }
    throw fromNative(error, 'create the directory', { path });
  }
}

/** Null if the directory does not exist; '/' always exists. */
async function openExisting(path: string): Promise<Handle | null> {
  try {
    return await withDescriptor(() => native.openDirectory(path));
  } catch (error) {
    if (isNativeError(error) && error.code === 'ENOENT' && dirname(path) !== path) return null;
    throw fromNative(error, 'open', { path });
  }
}
