/** Creates and opens a directory that does not exist, with its missing parents, each below the one before. */
import { basename, dirname, join } from 'node:path';
import { type Handle, native } from '../binding.js';
import { fromNative, isNativeError, TensorBundleError } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { release } from './handles.js';
import { hasUnsynced, parentsOf, rememberParents } from './unsynced-parents.js';

/** A directory in which another one was made. It is open until that is synced. */
export interface Parent {
  readonly handle: Handle;
  readonly path: string;
}

interface MadeDirectory {
  readonly handle: Handle;
  readonly identity: string;
  /** Directories whose own entries changed, innermost first. They are open; the caller syncs and closes them. */
  readonly parents: Parent[];
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
  const parents: Parent[] = [];
  // What an earlier call has made and nobody has synced.
  let earlier: readonly string[] = [];
  const unsynced = (): string[] => [...parents.map(({ path: parent }) => parent), ...earlier];
  try {
    if (hasUnsynced()) earlier = parentsOf((await native.stat(handle))!.identity);
    for (const name of missing) {
      // The result does not matter: false says that another process has made the directory meanwhile.
      await native.makeDirectoryAt(handle, name);
      const parent: Handle = handle;
      const made = await withDescriptor(() => native.openDirectoryAt(parent, name));
      parents.unshift({ handle, path: at });
      handle = made;
      at = join(at, name);
    }
    const { identity } = (await native.stat(handle))!;
    rememberParents(identity, unsynced());
    return { handle, identity, parents };
  } catch (error) {
    await rememberUnopened(handle, missing[parents.length], at, unsynced()).catch(() => undefined);
    await rememberEach(parents, unsynced());
    await Promise.all([...parents.map(({ handle: parent }) => parent), handle].map(release));
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

/**
 * Of `parents`, none of which is synced, all but the last were made themselves. `paths`: theirs, and others that the
 * last needs. For a save into another directory below one of them.
 */
export async function rememberEach(parents: readonly Parent[], paths: readonly string[]): Promise<void> {
  const made = parents.slice(0, -1);
  const stats = await Promise.all(made.map(({ handle }) => native.stat(handle).catch(() => null)));
  for (const [i, stat] of stats.entries()) if (stat !== null) rememberParents(stat.identity, paths.slice(i + 1));
}

/** After a failure: `at` is the path of `handle`, in which `name` may have been made. */
async function rememberUnopened(handle: Handle, name: string | undefined, at: string, unsynced: string[]) {
  const made = name === undefined ? null : await native.stat(handle, name, false);
  if (made?.kind === 'directory') rememberParents(made.identity, [at, ...unsynced]);
  else if (unsynced.length > 0) rememberParents((await native.stat(handle))!.identity, unsynced);
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
