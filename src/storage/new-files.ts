/** Files that are being made in a directory: a data file, and a small file that its maker holds a lock on. */
import { type Handle, native, type Shard } from '../binding.js';
import { fromNative } from '../errors.js';
import { release } from './handles.js';

/** A data file to which bytes are appended in order. */
export class NewShard {
  readonly #shard: Shard;

  constructor(
    shard: Shard,
    readonly path: string,
  ) {
    this.#shard = shard;
  }

  /**
   * The views' bytes, one after the other, are items of `lengths` bytes: CRC32C of each. The memory is the library's
   * own, and nobody else may hold it: no caller can change, transfer or resize it before this settles.
   */
  append(views: readonly Uint8Array[], lengths: Float64Array): Promise<Uint32Array> {
    return native.appendShard(this.#shard, views, lengths).catch(error => this.#fail(error, 'write'));
  }

  /** Everything written; with `durable`, on stable storage. */
  finish(durable: boolean): Promise<void> {
    return native.finishShard(this.#shard, durable).catch(error => this.#fail(error, 'write'));
  }

  /** Idempotent. */
  close(): Promise<void> {
    return native.closeShard(this.#shard).catch(error => this.#fail(error, 'close'));
  }

  #fail(error: unknown, action: string): never {
    throw fromNative(error, action, { path: this.path });
  }
}

/** A small file under construction that its maker holds a lock on: others see that the maker is alive. */
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

  /** Everything written, whatever a close could still have reported included; with `durable`, on stable storage. */
  async write(data: Uint8Array, durable: boolean): Promise<void> {
    try {
      await native.writeAll(this.#handle, data);
      if (durable) await native.sync(this.#handle);
    } catch (error) {
      throw fromNative(error, 'write', { path: this.path });
    }
  }

  /** Ends the hold. Idempotent. */
  close(): Promise<void> {
    return release(this.#handle);
  }
}
