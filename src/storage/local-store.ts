/** The local directory as a store, on the native engine. Every name is resolved below one open directory descriptor. */
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type FileStat, type Handle, native } from '../binding.js';
import { fromNative, isNativeError, TensorBundleError, throwIfAborted } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { LocalHeldObject, LocalShard, LocalStoredObject, release } from './local-object.js';
import type { HeldObject, ObjectStore, ShardObject, StoredObject } from './store.js';

export class LocalStore implements ObjectStore {
  readonly #directory: Handle;
  /** Directories whose own entries changed when missing ones were made: synced with this one, innermost first. */
  #unsyncedParents: string[];

  private constructor(
    readonly path: string,
    directory: Handle,
    readonly identity: string,
    unsyncedParents: string[],
  ) {
    this.#directory = directory;
    this.#unsyncedParents = unsyncedParents;
  }

  /** Opens an existing directory; null if there is none. Throws ERR_NOT_A_CHECKPOINT if the path is no directory. */
  static async open(path: string): Promise<LocalStore | null> {
    checkPath(path);
    try {
      return await LocalStore.#open(path, []);
    } catch (error) {
      if (isNativeError(error) && error.code === 'ENOENT') return null;
      if (isNativeError(error) && error.code === 'ENOTDIR') {
        throw new TensorBundleError('ERR_NOT_A_CHECKPOINT', `${path} is not a directory`, { path, cause: error });
      }
      throw fromNative(error, 'open', { path });
    }
  }

  /** The whole file of a directory, at once, for who cannot wait; null if there is no such file or directory. */
  static readNow(path: string, name: string, maxBytes: number): Uint8Array | null {
    checkPath(path);
    try {
      return native.readNow(path, name, maxBytes);
    } catch (error) {
      if (isNativeError(error) && error.code === 'ENOENT') return null;
      throw fromNative(error, 'read', { path: join(path, name) });
    }
  }

  /** Opens a directory, making it and its missing parents. */
  static async create(path: string): Promise<LocalStore> {
    checkPath(path);
    const missing: string[] = [];
    const parents: string[] = [];
    for (let at = resolve(path); ; at = dirname(at)) {
      try {
        const here = await LocalStore.#open(at, []);
        await here.close();
        break;
      } catch (error) {
        if (!isNativeError(error) || error.code !== 'ENOENT' || dirname(at) === at)
          throw fromNative(error, 'open', { path: at });
        missing.unshift(at);
        parents.push(dirname(at));
      }
    }
    try {
      // Somebody else may make the same directory meanwhile: false, and just as good.
      for (const directory of missing) await native.makeDirectory(directory);
      return await LocalStore.#open(path, parents);
    } catch (error) {
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

  static async #open(path: string, unsyncedParents: string[]): Promise<LocalStore> {
    const directory = await withDescriptor(() => native.openDirectory(path));
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
      const held = new LocalHeldObject(handle, this.pathOf(name), name);
      try {
        await native.tryLock(handle);
        return held;
      } catch (error) {
        await held.close();
        await native.unlink(this.#directory, name).catch(() => false);
        throw error;
      }
    });
  }

  isHeld(name: string): Promise<boolean> {
    return this.#do('look at', name, async () => {
      const handle = await withDescriptor(() => native.open(this.#directory, name, 'lock')).catch(error => {
        // A link or a FIFO under the name of an object: nobody holds what is none.
        if (isNativeError(error) && (error.code === 'ELOOP' || error.code === 'EFTYPE')) return null;
        throw error;
      });
      if (handle === null) return false;
      try {
        return !(await native.tryLock(handle));
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

  sync(): Promise<void> {
    return this.#do('sync', undefined, async () => {
      await native.sync(this.#directory);
      const parents = this.#unsyncedParents;
      for (const path of parents) {
        const parent = await withDescriptor(() => native.openDirectory(path));
        try {
          await native.sync(parent);
        } finally {
          await release(parent);
        }
      }
      this.#unsyncedParents = [];
    });
  }

  freeSpace(): Promise<number> {
    return this.#do('look at', undefined, () => native.freeSpace(this.#directory));
  }

  async exclusively<T>(timeoutMs: number, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    // A descriptor of its own: flock belongs to the open file description, so two savers of one process exclude each other too.
    const lock = await this.#do('open', undefined, () => withDescriptor(() => native.openDirectory(this.path)));
    try {
      const deadline = performance.now() + timeoutMs;
      for (
        let pause = 1;
        !(await this.#do('lock', undefined, () => native.tryLock(lock)));
        pause = Math.min(pause * 2, 50)
      ) {
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
      await release(lock);
    }
  }

  close(): Promise<void> {
    return release(this.#directory);
  }

  async #do<T>(action: string, name: string | undefined, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      const path = name === undefined ? this.path : this.pathOf(name);
      if (isNativeError(error) && error.code === 'EEXIST') {
        throw new TensorBundleError('ERR_EXISTS', `${path} exists already`, { path, cause: error });
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
    throw new TensorBundleError('ERR_INVALID_ARGUMENT', 'a path must not hold a NUL character', { path });
  }
}
