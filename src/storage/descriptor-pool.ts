/**
 * Keeps a bounded number of files open: those that can be opened again share a pool, which closes the least recently
 * used.
 */
import {
  addHolder,
  type DescriptorHolder,
  descriptorChange,
  descriptorChanged,
  descriptorHolders,
  isExhausted,
  removeHolder,
  withDescriptor,
} from './descriptors.js';
import type { Directory } from './directory.js';

/** Files that one pool keeps open. */
export const MAX_OPEN = 64;
/** A shortage of descriptors may pass, so it never lowers the limit of a pool below this. */
const MIN_OPEN = 4;

/** Files that are being opened, of all pools. */
let attempts = 0;

interface Closable {
  close(): Promise<void>;
}

export class DescriptorPool implements DescriptorHolder {
  readonly #self = new WeakRef<DescriptorHolder>(this);
  /** Open files that are not in use, the least recently used first. */
  readonly #idle = new Set<Reopenable<Closable>>();
  /** Open files, idle or not. */
  #open = 0;
  /** Files that are being opened. */
  #opening = 0;
  #limit = MAX_OPEN;
  /** Those that wait for room. */
  readonly #waiting: (() => void)[] = [];
  readonly #directories = new Map<string, { directory: Directory; users: number }>();

  /** How many more files may be open at once. */
  get room(): number {
    return Math.max(0, this.#limit - this.#open - this.#opening);
  }

  /** Keeps one descriptor for a directory, however many checkpoints lie in it. `releaseDirectory` ends the use. */
  async shareDirectory(directory: Directory): Promise<Directory> {
    const shared = this.#directories.get(directory.identity);
    if (shared === undefined) {
      this.#directories.set(directory.identity, { directory, users: 1 });
      return directory;
    }
    shared.users++;
    if (shared.directory !== directory) await directory.close();
    return shared.directory;
  }

  async releaseDirectory(directory: Directory): Promise<void> {
    const shared = this.#directories.get(directory.identity)!;
    if (--shared.users > 0) return;
    this.#directories.delete(directory.identity);
    await shared.directory.close();
  }

  /** Opens a file as soon as there is room for it. Only for `Reopenable`. */
  async admit<T>(open: () => Promise<T>): Promise<T> {
    while (this.room === 0) {
      // Nothing is awaited between this check and the wait: a file that became idle in between would wake nobody.
      if (this.#idle.size > 0) await this.#closeIdle(1);
      else await this.#change();
    }
    this.#opening++;
    try {
      for (;;) {
        try {
          attempts++;
          const opened = await withDescriptor(open).finally(() => attempts--);
          this.adopted();
          return opened;
        } catch (error) {
          // Files in use, of whatever pool, come to rest, and can then be closed; so will those that are being opened.
          // Without any there is nothing to wait for.
          if (!isExhausted(error) || (descriptorHolders().length === 0 && attempts === 0)) throw error;
          this.#limit = Math.max(MIN_OPEN, this.#open);
          if (this.#idle.size === 0) await descriptorChange();
        }
      }
    } finally {
      this.#opening--;
      this.#changed();
    }
  }

  /** Counts a file that has been opened. Only for `Reopenable`. */
  adopted(): void {
    this.#open++;
    addHolder(this.#self);
  }

  /** Marks a file as in use. Only for `Reopenable`. */
  busy(file: Reopenable<Closable>): void {
    this.#idle.delete(file);
  }

  /** Marks an open file as idle. Only for `Reopenable`. */
  rest(file: Reopenable<Closable>): void {
    this.#idle.add(file);
    this.#changed();
  }

  /** Counts a file that has been closed. Only for `Reopenable`. */
  closed(file: Reopenable<Closable>): void {
    this.#idle.delete(file);
    if (--this.#open === 0) removeHolder(this.#self);
    this.#changed();
  }

  /** Closes half of the idle files and keeps fewer open from now on. Gives the number of files closed. */
  async shrink(): Promise<number> {
    const closed = await this.#closeIdle(Math.ceil(this.#idle.size / 2));
    if (closed > 0) this.#limit = Math.max(MIN_OPEN, this.#open);
    return closed;
  }

  async #closeIdle(count: number): Promise<number> {
    const files = [...this.#idle].slice(0, count);
    await Promise.all(files.map(file => file.release()));
    return files.length;
  }

  #change(): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push(resolve);
    });
  }

  /** Wakes one of each kind: what makes room here may not be what a shortage of the process waits for. */
  #changed(): void {
    descriptorChanged();
    this.#waiting.shift()?.();
  }
}

/** A file that is open while it is in use, and afterwards for as long as the pool has room for it. */
export class Reopenable<T extends Closable> {
  #opened: T | null = null;
  #opening: Promise<T> | null = null;
  #users = 0;

  /**
   * `check` runs before `open` and takes no descriptor: if it refuses the file, no other file has to be closed for it.
   * `opened` is the file if it is open already.
   */
  constructor(
    private readonly pool: DescriptorPool,
    private readonly check: () => Promise<void>,
    private readonly open: () => Promise<T>,
    opened: T | null,
  ) {
    if (opened === null) return;
    this.#opened = opened;
    pool.adopted();
    pool.rest(this);
  }

  async use<R>(action: (opened: T) => Promise<R>): Promise<R> {
    this.#users++;
    this.pool.busy(this);
    try {
      return await action(this.#opened ?? (await this.#openNow()));
    } finally {
      if (--this.#users === 0 && this.#opened !== null) this.pool.rest(this);
    }
  }

  /** Closes the file if it is open; the next use opens it again. */
  async release(): Promise<void> {
    const opened = this.#opened;
    if (opened === null) return;
    this.#opened = null;
    // It is no longer idle from here on, but its place in the pool is free only once the descriptor is closed.
    this.pool.busy(this);
    await opened.close();
    this.pool.closed(this);
  }

  /** Callers that want the file at the same time share one opening. */
  #openNow(): Promise<T> {
    this.#opening ??= this.check()
      .then(() => this.pool.admit(this.open))
      .then(opened => {
        this.#opened = opened;
        return opened;
      })
      .finally(() => {
        this.#opening = null;
      });
    return this.#opening;
  }
}
