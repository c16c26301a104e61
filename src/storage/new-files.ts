/** Files that are being made in a directory: data files, and small files that their maker holds a lock on. */
import { type Handle, native, type Shard } from '../binding.js';
import { fromNative } from '../errors.js';
import { release } from './handles.js';
import type { Steps } from './steps.js';

/** A data file to which bytes are appended in order. */
export class NewShard {
  readonly #shard: Shard;
  #closed: Promise<void> | null = null;

  constructor(
    shard: Shard,
    readonly path: string,
  ) {
    this.#shard = shard;
  }

  /**
   * Appends the bytes of the views, one view after the other. They form items of `lengths` bytes; gives the CRC32C of
   * each. The memory must belong to the library alone, so that no caller can change, transfer or resize it before the
   * promise settles.
   */
  append(views: readonly Uint8Array[], lengths: Float64Array): Promise<Uint32Array> {
    return native.appendShard(this.#shard, views, lengths).catch(error => this.#fail(error, 'write'));
  }

  /** Appends the bytes of the views, whose checksums are known. The memory must belong to the library alone. */
  async appendChecksummed(views: readonly Uint8Array[]): Promise<void> {
    await native.appendShard(this.#shard, views).catch(error => this.#fail(error, 'write'));
  }

  /** Makes sure that everything is written; with `durable`, that it is on stable storage. */
  finish(durable: boolean): Promise<void> {
    return native.finishShard(this.#shard, durable).catch(error => this.#fail(error, 'write'));
  }

  /** May be called several times. */
  close(): Promise<void> {
    this.#closed ??= native.closeShard(this.#shard).catch(error => this.#fail(error, 'close'));
    return this.#closed;
  }

  #fail(error: unknown, action: string): never {
    throw fromNative(error, action, { path: this.path });
  }
}

/**
 * A small file under construction. Its maker holds a lock on it, which shows other processes that the maker is alive.
 */
export class HeldFile {
  readonly #handle: Handle;

  constructor(
    handle: Handle,
    readonly path: string,
    readonly name: string,
    /** False where the file system has no locks: then nobody can tell whether the maker is alive. */
    readonly locked: boolean,
  ) {
    this.#handle = handle;
  }

  /**
   * Adds the steps that write the whole file, and report errors that only a close would show; with `durable`, it is on
   * stable storage then. `onDone` is called when they are carried out.
   */
  addWrite(steps: Steps, data: Uint8Array, durable: boolean, onDone: () => void): void {
    const tell = (error: unknown): Error => fromNative(error, 'write', { path: this.path });
    steps.add('writeAll', [this.#handle, data], durable ? { tell } : { tell, onDone });
    if (durable) steps.add('sync', [this.#handle], { tell, onDone });
  }

  /** Adds the step that ends the hold. The file must not be closed yet. */
  addClose(steps: Steps): void {
    steps.add('close', [this.#handle], { tell: error => error, allowed: ['*'] });
  }

  /** Ends the hold. May be called several times. */
  close(): Promise<void> {
    return release(this.#handle);
  }
}
