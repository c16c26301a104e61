/** Steps on the names of one open directory, told as its methods tell them. They are carried out by `run`. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FileStat, Handle, Shard } from '../binding.js';
import { fromNative, isNativeError, type NativeError, TensorBundleError } from '../errors.js';
import { directoryError } from './directory-errors.js';
import { release } from './handles.js';
import { LACKING } from './lacks.js';
import { HOLD_ATTEMPTS } from './locks.js';
import type { HeldFile } from './new-files.js';
import { type Step, Steps } from './steps.js';

const ANY = ['*'] as const;
const GONE = ['ENOENT', 'ENOTDIR', 'EACCES'] as const;

/** A file that is created and held by the steps. */
export interface NewHeld {
  readonly name: string;
  readonly handle: Step<Handle | null>;
  /** An error where the file system has no locks. */
  readonly locked: Step<boolean | NativeError>;
}

/** What is at a name, and the first bytes of it. */
interface Start {
  /** An EFTYPE error for something that is neither a file nor a directory. Closed by the steps. */
  readonly handle: Step<Handle | NativeError | null>;
  readonly stat: Step<FileStat | null>;
  /** An error if it cannot be read. */
  readonly bytes: Step<Uint8Array | NativeError | null>;
}

/** As Start; each part may be an error. */
export interface TriedStart {
  readonly handle: Step<Handle | NativeError | null>;
  readonly stat: Step<FileStat | NativeError | null>;
  readonly bytes: Step<Uint8Array | NativeError | null>;
}

export class DirectorySteps extends Steps {
  /** Parents that were not open. */
  readonly #opened: Step<Handle | NativeError>[] = [];

  constructor(
    private readonly handle: Handle,
    private readonly path: string,
    private readonly pathOf: (name: string) => string,
    /**
     * Directories that are synced with this one, by their handles or else their paths, and `onSynced`, which is told
     * when that is done.
     */
    private readonly parents: readonly (Handle | string)[],
    private readonly onSynced: () => void,
    /** Adds the steps that end the lock of the directory. */
    private readonly endLock: (steps: Steps) => void,
  ) {
    super();
  }

  /** A lock that a new file does not get at once is tried again for a while. Throws ERR_LOCKED after that. */
  override async run(): Promise<boolean> {
    for (let attempt = 1; attempt <= HOLD_ATTEMPTS; attempt++) {
      if (await super.run().catch(error => this.#closeParents(error))) return true;
      await delay(1);
    }
    throw new TensorBundleError('ERR_LOCKED', `${this.path} has a new file that is locked by another process`, {
      path: this.path,
    });
  }

  list(): Step<string[]> {
    return this.add('list', [this.handle], { tell: this.#teller('list') });
  }

  /** Without an answer, the error is the result; `Directory.namesIn` throws it. */
  tryList(): Step<string[] | NativeError> {
    return this.add('list', [this.handle], { tell: this.#teller('list'), allowed: ANY });
  }

  /** Links are not followed. */
  stat(name: string): Step<FileStat | null> {
    return this.add('stat', [this.handle, name, false], { tell: this.#teller('look at', name) });
  }

  /** The result is an error if it cannot be found out. */
  tryStat(name: string): Step<FileStat | NativeError | null> {
    return this.add('stat', [this.handle, name, false], { tell: this.#teller('look at', name), allowed: ANY });
  }

  freeSpace(): Step<number | NativeError | null> {
    return this.add('freeSpace', [this.handle], { tell: this.#teller('look at'), allowed: LACKING.freeSpace });
  }

  start(name: string, most: number): Start {
    const tell = this.#teller('open', name);
    const handle = this.add<Handle | NativeError | null>('open', [this.handle, name, 'read'], {
      tell,
      allowed: ['EFTYPE'],
    });
    const stat = this.add<FileStat | null>('stat', [handle], { tell });
    const bytes = this.add<Uint8Array | NativeError | null>('readStart', [handle, most], { tell, allowed: ANY });
    this.add('close', [handle], { tell, allowed: ANY });
    return { handle, stat, bytes };
  }

  /** The same, and nothing that goes wrong with it ends the list. */
  tryStart(name: string, most: number): TriedStart {
    const options = { tell: this.#teller('open', name), allowed: ANY };
    const handle = this.add<Handle | NativeError | null>('open', [this.handle, name, 'read'], options);
    const stat = this.add<FileStat | NativeError | null>('stat', [handle], options);
    const bytes = this.add<Uint8Array | NativeError | null>('readStart', [handle, most], options);
    this.add('close', [handle], options);
    return { handle, stat, bytes };
  }

  createHeld(name: string, permissions: number | undefined): NewHeld {
    const tell = this.#teller('create', name);
    const handle = this.add<Handle | null>('open', [this.handle, name, 'create', permissions], { tell });
    return { name, handle, locked: this.add('tryLock', [handle], { tell, allowed: LACKING.locks }) };
  }

  /** As `HeldFile.addWrite`. */
  write({ name, handle }: NewHeld, data: Uint8Array, durable: boolean): void {
    const tell = (error: unknown): Error => fromNative(error, 'write', { path: this.pathOf(name) });
    this.add('writeAll', [handle, data], { tell });
    if (durable) this.add('sync', [handle], { tell });
  }

  /** Ends the hold of a file of these steps. */
  close({ handle }: NewHeld): void {
    this.add('close', [handle], { tell: error => error, allowed: ANY });
  }

  /** Creates an empty file. */
  createEmpty(name: string, permissions: number | undefined, onDone: () => void): void {
    const tell = this.#teller('create', name);
    const handle = this.add('open', [this.handle, name, 'create', permissions], { tell, onDone });
    this.add('close', [handle], { tell, allowed: ANY });
  }

  createShard(name: string, bytes: number, durable: boolean, permissions: number | undefined): Step<Shard> {
    return this.add('createShard', [this.handle, name, bytes, permissions, durable], {
      tell: this.#teller('create', name),
    });
  }

  /** Replaces the file at `to`. */
  rename(from: string, to: string, onDone?: () => void): Step {
    return this.add('rename', [this.handle, from, to], {
      tell: this.#teller('rename', from),
      ...(onDone && { onDone }),
    });
  }

  remove(name: string): void {
    this.add('unlink', [this.handle, name], { tell: this.#teller('remove', name) });
  }

  /** The result is false if it was absent, and an error if it is still there. */
  tryRemove(name: string): Step<boolean | NativeError> {
    return this.add('unlink', [this.handle, name], { tell: this.#teller('remove', name), allowed: ANY });
  }

  /** Makes names durable, also those of directories that were made for this one. */
  sync(): void {
    const tell = this.#teller('sync');
    const options = { tell, allowed: LACKING.directorySync };
    let left = this.parents.length;
    const onDone = (): void => {
      if (--left === 0) this.onSynced();
    };
    const open = this.parents.filter(parent => typeof parent !== 'string');
    for (const handle of [this.handle, ...open]) this.add('sync', [handle], options);
    for (const path of this.parents.filter(parent => typeof parent === 'string')) {
      const parent = this.#openParent(path);
      this.add('sync', [parent], options);
      this.add('close', [parent], { tell, allowed: ANY, onDone });
    }
    // They hold the new names now, so nobody needs them any more.
    for (const parent of open) this.add('close', [parent], { tell, allowed: ANY, onDone });
  }

  /** One that is gone, or not to be opened any more, is left out. */
  #openParent(path: string): Step<Handle | NativeError> {
    const tell = (error: unknown): unknown => directoryError(error, 'open', path);
    const opened = this.add<Handle | NativeError>('openDirectory', [path], { tell, allowed: GONE });
    this.#opened.push(opened);
    return opened;
  }

  /** After a failure; throws it. */
  async #closeParents(error: unknown): Promise<never> {
    const open = this.#opened.flatMap(({ value }) => (value === undefined || isNativeError(value) ? [] : [value]));
    await Promise.all(open.map(release));
    throw error;
  }

  /** Ends the hold. */
  closeHeld(file: HeldFile): void {
    file.addClose(this);
  }

  /** Ends the lock of the directory, before `exclusively` would end it. */
  unlock(): void {
    this.endLock(this);
  }

  #teller(action: string, name?: string): (error: unknown) => unknown {
    return error => directoryError(error, action, name === undefined ? this.path : this.pathOf(name));
  }
}
