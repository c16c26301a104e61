/**
 * An open directory of a local file system, with locks and rename. The path is resolved once. Every name, lock and sync
 * after that is below one open descriptor, so a save stays in one directory even if that is renamed or replaced
 * meanwhile.
 */
import { join, resolve } from 'node:path';
import { type FileStat, type Handle, native } from '../binding.js';
import { isNativeError, TensorBundleError } from '../errors.js';
import { withDescriptor } from './descriptors.js';
import { checkPath, directoryError, openingError } from './directory-errors.js';
import { OpenFile, type ReadableFile } from './file.js';
import { release } from './handles.js';
import { lacks } from './lacks.js';
import { DirectoryLock, type Holder, hold, holderOf } from './locks.js';
import { makeDirectory } from './make-directory.js';
import { HeldFile, NewShard } from './new-files.js';

export class Directory {
  readonly #handle: Handle;
  readonly #lock: DirectoryLock;
  /**
   * Directories whose own entries changed because missing ones were made in them, innermost first. `sync` syncs them
   * too.
   */
  #unsyncedParents: Handle[];
  /** Each user calls `close` once. */
  #users = 1;

  private constructor(
    /** Absolute. */
    readonly path: string,
    handle: Handle,
    /** The same for every spelling of its path. */
    readonly identity: string,
    unsyncedParents: Handle[],
  ) {
    this.#handle = handle;
    this.#lock = new DirectoryLock(handle, identity, path);
    this.#unsyncedParents = unsyncedParents;
  }

  /**
   * Opens an existing directory; null if it does not exist. Throws ERR_NOT_A_CHECKPOINT if the path is not a directory.
   */
  static async open(path: string): Promise<Directory | null> {
    checkPath(path);
    const absolute = resolve(path);
    try {
      return await Directory.#over(await withDescriptor(() => native.openDirectory(absolute)), absolute, []);
    } catch (error) {
      if (isNativeError(error) && error.code === 'ENOENT') return null;
      throw openingError(error, absolute);
    }
  }

  /** Over a handle of `openFiles`, which may be closed already. */
  static over(path: string, handle: Handle, identity: string): Directory {
    return new Directory(path, handle, identity, []);
  }

  /** Opens a directory; creates it and its missing parents if it does not exist. */
  static async create(path: string): Promise<Directory> {
    checkPath(path);
    const absolute = resolve(path);
    const { handle, parents } = await makeDirectory(absolute);
    try {
      return await Directory.#over(handle, absolute, parents);
    } catch (error) {
      await Promise.all(parents.map(release));
      throw directoryError(error, 'create the directory', absolute);
    }
  }

  /** Takes the descriptor over. Closes it if its identity cannot be read. */
  static async #over(handle: Handle, path: string, unsyncedParents: Handle[]): Promise<Directory> {
    try {
      const stat = await native.stat(handle);
      return new Directory(path, handle, stat!.identity, unsyncedParents);
    } catch (error) {
      await release(handle);
      throw error;
    }
  }

  /** The same directory for one more user, which closes it too. The descriptor is closed by the last of them. */
  shared(): this {
    this.#users++;
    return this;
  }

  pathOf(name: string): string {
    return join(this.path, name);
  }

  list(): Promise<string[]> {
    return this.#do('list', undefined, () => withDescriptor(() => native.list(this.#handle)));
  }

  /** Null if absent. Links are followed unless told otherwise. */
  stat(name: string, follow = true): Promise<FileStat | null> {
    return this.#do('look at', name, () => native.stat(this.#handle, name, follow));
  }

  /** Null if absent. Throws ERR_NOT_A_CHECKPOINT if the name is not a regular file. */
  open(name: string): Promise<ReadableFile | null> {
    return this.#do('open', name, async () => {
      const handle = await withDescriptor(() => native.open(this.#handle, name, 'read'));
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
        return new OpenFile(handle, this.pathOf(name), name, stat);
      } catch (error) {
        await release(handle);
        throw error;
      }
    });
  }

  /**
   * Throws ERR_EXISTS if the name exists. Space is reserved at once, so a full disk shows here as ERR_NO_SPACE.
   * `durable` says that the shard will be synced at its end, so that the disk can begin to write early.
   */
  createShard(name: string, bytes: number, durable: boolean, permissions?: number): Promise<NewShard> {
    return this.#do('create', name, async () => {
      const shard = await withDescriptor(() => native.createShard(this.#handle, name, bytes, permissions, durable));
      return new NewShard(shard, this.pathOf(name));
    });
  }

  /** Creates a file and holds a lock on it. Throws ERR_EXISTS. */
  createHeld(name: string, permissions?: number): Promise<HeldFile> {
    return this.#do('create', name, async () => {
      const handle = await withDescriptor(() => native.open(this.#handle, name, 'create', permissions));
      if (handle === null)
        throw new TensorBundleError('ERR_NOT_FOUND', `${this.path} was removed`, { path: this.path });
      try {
        return new HeldFile(handle, this.pathOf(name), name, await hold(handle, this.pathOf(name)));
      } catch (error) {
        await release(handle);
        await native.unlink(this.#handle, name).catch(() => false);
        throw error;
      }
    });
  }

  /** Whether a living process holds the file; nobody holds an absent file. */
  holderOf(name: string): Promise<Holder> {
    return this.#do('look at', name, () => holderOf(this.#handle, name));
  }

  /** Atomic; replaces the file at `to`. */
  rename(from: string, to: string): Promise<void> {
    return this.#do('rename', from, () => native.rename(this.#handle, from, to));
  }

  /** False if it was absent. */
  remove(name: string): Promise<boolean> {
    return this.#do('remove', name, () => native.unlink(this.#handle, name));
  }

  /** Whether the directory itself was removed, as far as the file system says. */
  isRemoved(): Promise<boolean> {
    return this.#do('look at', undefined, async () => (await native.stat(this.#handle))?.links === 0);
  }

  /** Makes names (creations, renames, removals) durable, also in the parents that `create` changed. */
  sync(): Promise<void> {
    return this.#do('sync', undefined, async () => {
      await syncHandle(this.#handle);
      const parents = this.#unsyncedParents;
      for (const parent of parents) await syncHandle(parent);
      this.#unsyncedParents = [];
      await Promise.all(parents.map(release));
    });
  }

  /** Makes the bytes of an existing file durable, whatever process wrote them. Throws ERR_NOT_FOUND if it is absent. */
  syncFile(name: string): Promise<void> {
    return this.#do('sync', name, async () => {
      const handle = await withDescriptor(() => native.open(this.#handle, name, 'read'));
      if (handle === null)
        throw new TensorBundleError('ERR_NOT_FOUND', `${this.pathOf(name)} was removed`, { path: this.pathOf(name) });
      try {
        await native.sync(handle);
      } finally {
        await release(handle);
      }
    });
  }

  /** Bytes that may still be written here; null where the file system does not say. */
  freeSpace(): Promise<number | null> {
    return this.#do('look at', undefined, async () => {
      try {
        return await native.freeSpace(this.#handle);
      } catch (error) {
        if (lacks('freeSpace', error)) return null;
        throw error;
      }
    });
  }

  /**
   * Runs `action` while no other process and no other caller is inside `exclusively` of this directory. Where the file
   * system has no locks, only callers of this process are kept out. Throws ERR_LOCKED after `timeoutMs`. `action` must
   * not call it again.
   */
  async exclusively<T>(timeoutMs: number, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    await this.#do('lock', undefined, () => this.#lock.take(timeoutMs, signal));
    try {
      return await action();
    } finally {
      await this.#lock.release();
    }
  }

  async close(): Promise<void> {
    if (--this.#users > 0) return;
    const parents = this.#unsyncedParents;
    this.#unsyncedParents = [];
    await Promise.all([this.#handle, ...parents].map(release));
  }

  async #do<T>(action: string, name: string | undefined, operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw directoryError(error, action, name === undefined ? this.path : this.pathOf(name));
    }
  }
}

/**
 * Opens an existing directory, gives what `use` makes of it, and closes it. Null if there is no such directory. Throws
 * as `Directory.open`.
 */
export async function withDirectory<T>(path: string, use: (directory: Directory) => Promise<T>): Promise<T | null> {
  const directory = await Directory.open(path);
  return directory === null ? null : await closedAfter(directory, use);
}

/** As `withDirectory`, but creates the directory if it does not exist. */
export async function withNewDirectory<T>(path: string, use: (directory: Directory) => Promise<T>): Promise<T> {
  return await closedAfter(await Directory.create(path), use);
}

async function closedAfter<T>(directory: Directory, use: (directory: Directory) => Promise<T>): Promise<T> {
  try {
    return await use(directory);
  } finally {
    await directory.close();
  }
}

/** Some file systems cannot sync a directory. Nothing can be done about the order in which they write names. */
async function syncHandle(handle: Handle): Promise<void> {
  try {
    await native.sync(handle);
  } catch (error) {
    if (!lacks('directorySync', error)) throw error;
  }
}
