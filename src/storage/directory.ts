/**
 * An open directory of a local file system, with locks and rename. The path is resolved once. Every name, lock and sync
 * after that is below one open descriptor, so a save stays in one directory even if that is renamed or replaced
 * meanwhile.
 */
import { join, resolve } from 'node:path';
import { type FileStat, type Handle, native, type Shard } from '../binding.js';
import { fromNative, isNativeError, type NativeError, TensorBundleError } from '../errors.js';
import { openChild } from './child-directory.js';
import { isExhausted, withDescriptor } from './descriptors.js';
import { checkPath, directoryError, openingError } from './directory-errors.js';
import { DirectorySteps, type NewHeld } from './directory-steps.js';
import { OpenFile, type ReadableFile } from './file.js';
import { release } from './handles.js';
import { lacks } from './lacks.js';
import { type AroundLock, DirectoryLock, type Holder, holderOf } from './locks.js';
import { makeDirectory, type Parent, rememberEach } from './make-directory.js';
import { setFileMode, setMode } from './modes.js';
import { HeldFile, NewShard } from './new-files.js';
import { type Step, Steps } from './steps.js';
import { forgetParents, parentsOf } from './unsynced-parents.js';

export class Directory {
  readonly #handle: Handle;
  readonly #lock: DirectoryLock;
  /**
   * Directories whose own entries changed because missing ones were made in them, innermost first. `sync` syncs them
   * too.
   */
  #unsyncedParents: readonly Parent[];
  /** Each user calls `close` once. */
  #users = 1;

  private constructor(
    /** Absolute. */
    readonly path: string,
    handle: Handle,
    /** The same for every spelling of its path. */
    readonly identity: string,
    unsyncedParents: readonly Parent[],
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
      return await Directory.#opened(absolute);
    } catch (error) {
      if (isNativeError(error) && error.code === 'ENOENT') return null;
      throw openingError(error, absolute);
    }
  }

  /** Over a handle of `openFiles`, which may be closed already. */
  static over(path: string, handle: Handle, identity: string): Directory {
    return new Directory(path, handle, identity, []);
  }

  /**
   * Opens a directory in this one; null if it is absent. Throws ERR_NOT_A_CHECKPOINT for anything else, also for a link
   * to a directory.
   */
  async openChild(name: string): Promise<Directory | null> {
    const opened = await this.#do('open', name, () => openChild(this.#handle, name, this.pathOf(name)));
    return opened && new Directory(this.pathOf(name), opened.handle, opened.identity, []);
  }

  /** Opens a directory; creates it and its missing parents if it does not exist. */
  static async create(path: string): Promise<Directory> {
    checkPath(path);
    const absolute = resolve(path);
    try {
      return await Directory.#opened(absolute);
    } catch (error) {
      if (!isNativeError(error) || error.code !== 'ENOENT') throw fromNative(error, 'open', { path: absolute });
    }
    const { handle, identity, parents } = await makeDirectory(absolute);
    return new Directory(absolute, handle, identity, parents);
  }

  /** Rejects with errors of the addon. */
  static async #opened(path: string): Promise<Directory> {
    const steps = new Steps();
    const tell = (error: unknown): unknown => error;
    const handle = steps.add<Handle>('openDirectory', [path], { tell });
    const stat = steps.add<FileStat>('stat', [handle], { tell });
    try {
      await steps.run();
      return new Directory(path, handle.value, stat.value.identity, []);
    } catch (error) {
      await steps.release();
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

  /** What `tryList` gave. It is listed again if only a descriptor was missing. */
  async namesIn({ value }: Step<string[] | NativeError>): Promise<string[]> {
    if (!isNativeError(value)) return value;
    if (isExhausted(value)) return await this.list();
    throw directoryError(value, 'list', this.path);
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

  /** Each of the two names gets what the other one had, at once. */
  exchange(one: string, other: string): Promise<void> {
    return this.#do('exchange', other, () => native.exchange(this.#handle, one, other));
  }

  /** False if the name exists already. */
  makeDirectory(name: string): Promise<boolean> {
    return this.#do('create the directory', name, () => native.makeDirectoryAt(this.#handle, name));
  }

  /** An empty directory. False if it was absent. */
  removeDirectory(name: string): Promise<boolean> {
    return this.#do('remove', name, () => native.removeDirectoryAt(this.#handle, name));
  }

  /** What the directory itself is now. */
  self(): Promise<FileStat> {
    return this.#do('look at', undefined, async () => (await native.stat(this.#handle))!);
  }

  /** Does nothing where the file system decides about permissions itself. */
  setMode(mode: number): Promise<void> {
    return this.#do('change', undefined, () => setMode(this.#handle, mode));
  }

  /** As `setMode`, for a file in it. Does nothing if it is absent. */
  setFileMode(name: string, mode: number): Promise<void> {
    return this.#do('change', name, () => setFileMode(this.#handle, name, mode));
  }

  /** Whether the directory itself was removed, as far as the file system says. */
  async isRemoved(): Promise<boolean> {
    return (await this.self()).links === 0;
  }

  /**
   * Removes all that can be removed. For each name: false if it was absent, null if it is still there. `unlock`: the
   * lock ends with it, before `exclusively` would end it.
   */
  async removeAll(names: readonly string[], { unlock = false } = {}): Promise<(boolean | null)[]> {
    const steps = this.steps();
    const removed = names.map(name => steps.tryRemove(name));
    if (unlock) steps.unlock();
    await steps.run();
    return removed.map(({ value }) => (isNativeError(value) ? null : value));
  }

  /** Makes names (creations, renames, removals) durable, also in the parents that `create` changed. */
  async sync(): Promise<void> {
    const steps = this.steps();
    steps.sync();
    await steps.run();
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
   * not call it again. The steps `around` the lock are done in the same trip.
   */
  async exclusively<T>(
    timeoutMs: number,
    signal: AbortSignal | undefined,
    action: () => Promise<T>,
    around?: AroundLock,
  ): Promise<T> {
    const hold = await this.#do('lock', undefined, () => this.#lock.take(timeoutMs, signal, around));
    try {
      return await action();
    } finally {
      await this.#lock.release(hold);
    }
  }

  /** An empty list of steps on this directory. */
  steps(): DirectorySteps {
    const pathOf = (name: string): string => this.pathOf(name);
    const onSynced = (): void => {
      this.#unsyncedParents = [];
      forgetParents(this.identity);
    };
    const open = this.#unsyncedParents;
    const others = parentsOf(this.identity).filter(path => !open.some(parent => parent.path === path));
    const parents = [...open.map(({ handle }) => handle), ...others];
    const endLock = (steps: Steps): void => this.#lock.addRelease(steps);
    return new DirectorySteps(this.#handle, this.path, pathOf, parents, onSynced, endLock);
  }

  /** What steps have created. */
  heldFile({ name, handle, locked }: NewHeld): HeldFile {
    return new HeldFile(handle.value!, this.pathOf(name), name, locked.value === true);
  }

  newShard(name: string, created: Step<Shard>): NewShard {
    return new NewShard(created.value, this.pathOf(name));
  }

  async close(): Promise<void> {
    if (--this.#users > 0) return;
    const parents = this.#unsyncedParents;
    this.#unsyncedParents = [];
    if (parents.length > 1) await rememberEach(parents, parentsOf(this.identity));
    await Promise.all([this.#handle, ...parents.map(({ handle }) => handle)].map(release));
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
