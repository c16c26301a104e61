/**
 * The local directory as a store, on the native engine. The path is resolved once: every name, lock and sync after that is
 * below one open directory descriptor, so a directory that is renamed or replaced meanwhile splits no save in two.
 */

import { basename, dirname, join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type FileStat, type Handle, native } from '../binding.js';
import { fromNative, invalidArgument, isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { lacks } from './lacks.js';
import { LocalHeldObject, LocalShard, LocalStoredObject, ownView, release } from './local-object.js';
import { letGo, tryHold } from './process-lock.js';
import type { HeldObject, Holder, ObjectStore, ShardObject, StoredObject } from './store.js';

/** On NFS a machine that only looks whether an object is held does hold it for a moment. */
const HOLD_ATTEMPTS = 10;

export class LocalStore implements ObjectStore {
  readonly #directory: Handle;
  /** Directories whose own entries changed when missing ones were made: synced with this one, innermost first. */
  #unsyncedParents: Handle[];

  private constructor(
    readonly path: string,
    directory: Handle,
    readonly identity: string,
    unsyncedParents: Handle[],
  ) {
    this.#directory = directory;
    this.#unsyncedParents = unsyncedParents;
  }

  /** Opens an existing directory; null if there is none. Throws ERR_NOT_A_CHECKPOINT if the path is no directory. */
  static async open(path: string): Promise<LocalStore | null> {
    checkPath(path);
    try {
      return await LocalStore.#over(await withDescriptor(() => native.openDirectory(path)), path, []);
    } catch (error) {
      if (isNativeError(error) && error.code === 'ENOENT') return null;
      if (isNativeError(error) && error.code === 'ENOTDIR') {
        throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a directory`, { path, cause: error });
      }
      throw fromNative(error, 'open', { path });
    }
  }

  /** The whole file of a directory, at once, for who cannot wait; null if there is no such file or directory. ERR_TOO_LARGE above `maxBytes`, ERR_NOT_A_CHECKPOINT for what is no regular file. */
  static readNow(path: string, name: string, maxBytes: number): Uint8Array | null {
    checkPath(path);
    try {
      const bytes = native.readNow(path, name, maxBytes);
      return bytes && ownView(bytes);
    } catch (error) {
      if (isNativeError(error) && error.code === 'ENOENT') return null;
      const details = { path: join(path, name), expected: maxBytes, cause: error };
      if (isNativeError(error) && error.code === 'EFBIG') {
        throw new TensorBundleError(
          'ERR_TOO_LARGE',
          `${details.path} has more than the ${maxBytes} bytes it may have`,
          details,
        );
      }
      if (isNativeError(error) && ['EISDIR', 'EFTYPE'].includes(error.code)) {
        throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${details.path} is not a regular file; move it away`, {
          path: details.path,
          expected: 'file',
          cause: error,
        });
      }
      throw fromNative(error, 'read', { path: details.path });
    }
  }

  /** Opens a directory, making it and its missing parents, each below the one before. */
  static async create(path: string): Promise<LocalStore> {
    checkPath(path);
    const missing: string[] = [];
    let at = resolve(path);
    let directory = await openExisting(at);
    for (; directory === null; directory = await openExisting(at)) {
      missing.unshift(basename(at));
      at = dirname(at);
    }
    const parents: Handle[] = [];
    try {
      for (const name of missing) {
        // Somebody else may make the same directory meanwhile: false, and just as good.
        await native.makeDirectoryAt(directory, name);
        const parent: Handle = directory;
        const made = await withDescriptor(() => native.openDirectoryAt(parent, name));
        parents.unshift(directory);
        directory = made;
      }
      return await LocalStore.#over(directory, path, parents);
    } catch (error) {
      await Promise.all([...parents, directory].map(release));
      // A file system that makes no directories (as /proc) says ENOENT of what was to be made: nothing was looked for.
      if (isNativeError(error) && error.code === 'ENOENT') {
        throw new TensorBundleError('ERR_IO', `cannot create the directory ${path}: ENOENT in ${error.syscall}`, {
          path,
          cause: error,
        });
      }
      throw fromNative(error, 'create the directory', { path });
    }
  }

  /** Takes the directory over, and closes it if it cannot be looked at. */
  static async #over(directory: Handle, path: string, unsyncedParents: Handle[]): Promise<LocalStore> {
    try {
      const stat = await native.stat(directory);
      return new LocalStore(path, directory, stat!.identity, unsyncedParents);
    } catch (error) {
      await release(directory);
      throw error;
    }
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  list(): Promise<string[]> {
    return this.#do('list', undefined, () => withDescriptor(() => native.list(this.#directory)));
  }

  stat(name: string, follow = true): Promise<FileStat | null> {
    return this.#do('look at', name, () => native.stat(this.#directory, name, follow));
  }

  open(name: string): Promise<StoredObject | null> {
    return this.#do('open', name, async () => {
      const handle = await withDescriptor(() => native.open(this.#directory, name, 'read'));
      if (handle === null) return null;
      try {
        const stat = await native.stat(handle);
        if (stat === null || stat.kind !== 'file') {
          throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${this.pathOf(name)} is not a regular file`, {
            path: this.pathOf(name),
            expected: 'file',
            found: stat?.kind,
          });
        }
        return new LocalStoredObject(handle, this.pathOf(name), name, stat);
      } catch (error) {
        await release(handle);
        throw error;
      }
    });
  }

  createShard(name: string, bytes: number, durable: boolean, permissions?: number): Promise<ShardObject> {
    return this.#do('create', name, async () => {
      const shard = await withDescriptor(() => native.createShard(this.#directory, name, bytes, permissions, durable));
      return new LocalShard(shard, this.pathOf(name));
    });
  }

  createHeld(name: string, permissions?: number): Promise<HeldObject> {
    return this.#do('create', name, async () => {
      const handle = await withDescriptor(() => native.open(this.#directory, name, 'create', permissions));
      if (handle === null)
        throw new TensorBundleError('ERR_NOT_FOUND', `${this.path} was removed`, { path: this.path });
      try {
        return new LocalHeldObject(handle, this.pathOf(name), name, await hold(handle, this.pathOf(name)));
      } catch (error) {
        await release(handle);
        await native.unlink(this.#directory, name).catch(() => false);
        throw error;
      }
    });
  }

  holderOf(name: string): Promise<Holder> {
    return this.#do('look at', name, async () => {
      let handle: Handle | null;
      try {
        handle = await withDescriptor(() => native.open(this.#directory, name, 'lock'));
      } catch (error) {
        // A link or a FIFO under the name of an object: nobody holds what is none. What may not be opened is not judged.
        if (isNativeError(error) && (error.code === 'ELOOP' || error.code === 'EFTYPE')) return 'nobody';
        if (isNativeError(error) && ['EISDIR', 'EACCES', 'EPERM'].includes(error.code)) return 'unknown';
        throw error;
      }
      if (handle === null) return 'nobody';
      try {
        // Shared is enough to meet an exclusive holder, and works on NFSv4 with a descriptor open for reading.
        return (await native.tryLock(handle, true)) ? 'nobody' : 'somebody';
      } catch (error) {
        if (lacks('locks', error)) return 'unknown';
        throw error;
      } finally {
        await release(handle);
      }
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#do('rename', from, () => native.rename(this.#directory, from, to));
  }

  remove(name: string): Promise<boolean> {
    return this.#do('remove', name, () => native.unlink(this.#directory, name));
  }

  isRemoved(): Promise<boolean> {
    return this.#do('look at', undefined, async () => (await native.stat(this.#directory))?.links === 0);
  }

  sync(): Promise<void> {
    return this.#do('sync', undefined, async () => {
      await syncDirectory(this.#directory);
      const parents = this.#unsyncedParents;
      for (const parent of parents) await syncDirectory(parent);
      this.#unsyncedParents = [];
      await Promise.all(parents.map(release));
    });
  }

  async syncObject(name: string): Promise<void> {
    await this.#do('sync', name, async () => {
      const handle = await withDescriptor(() => native.open(this.#directory, name, 'read'));
      if (handle === null)
        throw new TensorBundleError('ERR_NOT_FOUND', `${this.pathOf(name)} was removed`, { path: this.pathOf(name) });
      try {
        await native.sync(handle);
      } finally {
        await release(handle);
      }
    });
  }

  freeSpace(): Promise<number | null> {
    return this.#do('look at', undefined, async () => {
      try {
        return await native.freeSpace(this.#directory);
      } catch (error) {
        if (lacks('freeSpace', error)) return null;
        throw error;
      }
    });
  }

  async exclusively<T>(timeoutMs: number, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    // A descriptor of its own: flock belongs to the open file description, so two savers of one process exclude each other too.
    const reopen = (): Promise<Handle> => native.openDirectoryAt(this.#directory, '.');
    const lock = await this.#do('open', undefined, () => withDescriptor(reopen));
    let heldHere = false;
    const tryLock = async (): Promise<boolean> => {
      try {
        return await native.tryLock(lock);
      } catch (error) {
        if (!lacks('locks', error)) throw error;
        heldHere = tryHold(this.identity);
        return heldHere;
      }
    };
    try {
      const deadline = performance.now() + timeoutMs;
      for (let pause = 1; !(await this.#do('lock', undefined, tryLock)); pause = Math.min(pause * 2, 50)) {
        throwIfAborted(signal, 'waiting for the lock of the directory');
        if (performance.now() >= deadline) {
          throw new TensorBundleError(
            'ERR_LOCKED',
            `${this.path} was locked by another process for ${timeoutMs} ms; try again, or raise lockTimeoutMs`,
            { path: this.path },
          );
        }
        await delay(pause);
      }
      return await action();
    } finally {
      if (heldHere) letGo(this.identity);
      await release(lock);
    }
  }

  async close(): Promise<void> {
    const parents = this.#unsyncedParents;
    this.#unsyncedParents = [];
    await Promise.all([this.#directory, ...parents].map(release));
  }

  async #do<T>(action: string, name: string | undefined, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      const path = name === undefined ? this.path : this.pathOf(name);
      if (isNativeError(error) && error.code === 'EEXIST') {
        throw new TensorBundleError('ERR_EXISTS', `${path} exists already`, { path, cause: error });
      }
      if (isNativeError(error) && error.code === 'ENAMETOOLONG') {
        throw invalidArgument(
          `the name of ${path} is too long for its file system (255 bytes as a rule, ` +
            'of which the ending of a data file takes 20); save under a shorter name',
          { path, cause: error },
        );
      }
      if (isNativeError(error) && error.code === 'EFTYPE') {
        throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a regular file`, { path, cause: error });
      }
      throw fromNative(error, action, { path });
    }
  }
}

function checkPath(path: string): void {
  if (path.includes('\0')) {
    throw invalidArgument('a path must not hold a NUL character', { path });
  }
}

/** Null if there is none; '/' is always there. */
async function openExisting(path: string): Promise<Handle | null> {
  try {
    return await withDescriptor(() => native.openDirectory(path));
  } catch (error) {
    if (isNativeError(error) && error.code === 'ENOENT' && dirname(path) !== path) return null;
    throw fromNative(error, 'open', { path });
  }
}

/** Where the file system cannot sync a directory, the order in which it keeps names is its own affair. */
async function syncDirectory(directory: Handle): Promise<void> {
  try {
    await native.sync(directory);
  } catch (error) {
    if (!lacks('directorySync', error)) throw error;
  }
}

/** False where the file system has no locks. Throws ERR_LOCKED if somebody keeps holding what was just made. */
async function hold(handle: Handle, path: string): Promise<boolean> {
  try {
    for (let attempt = 1; attempt <= HOLD_ATTEMPTS; attempt++) {
      if (await native.tryLock(handle)) return true;
      await delay(1);
    }
  } catch (error) {
    if (lacks('locks', error)) return false;
    throw error;
  }
  throw new TensorBundleError('ERR_LOCKED', `${path} is locked by another process; try again`, { path });
}
