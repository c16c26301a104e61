/** Objects of a local directory: one being read, one shard being written, one small file that its maker holds. */
import { type FileStat, type Handle, native, type Shard } from '../binding.js';
import { fromNative, TensorBundleError } from '../errors.js';
import type { RangeResults } from './range-batch.js';
import { RangeQueue } from './range-queue.js';
import type { HeldObject, ShardObject, StoredObject } from './store.js';

const ranges = new RangeQueue();

/**
 * Closes a descriptor that has nothing left to write: a directory, a lock, a file that was read or synced. Whether that
 * goes well says nothing about any data, and the descriptor is gone either way, so an error must not undo what was done.
 */
export function release(handle: Handle): Promise<void> {
  return native.close(handle).catch(() => undefined);
}

/** The same bytes as an array of this realm: the addon makes those of the main one, which a test runner's context is not. */
export function ownView({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

export class LocalStoredObject implements StoredObject {
  readonly size: number;
  readonly identity: string;
  readonly mode: number;
  readonly modified: bigint;
  readonly #handle: Handle;

  constructor(
    handle: Handle,
    readonly path: string,
    readonly name: string,
    stat: FileStat,
  ) {
    this.#handle = handle;
    this.size = stat.size;
    this.identity = stat.identity;
    this.mode = stat.mode;
    this.modified = stat.modified;
  }

  async readAll(maxBytes: number): Promise<Uint8Array> {
    if (this.size > maxBytes) {
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `${this.path} has ${this.size} bytes, more than the ${maxBytes} it may have`,
        {
          path: this.path,
          expected: maxBytes,
          found: this.size,
        },
      );
    }
    return native.readAll(this.#handle, maxBytes).then(ownView, error => this.#fail(error));
  }

  read(offset: number, into: ArrayBufferView): Promise<number> {
    return ranges.read(this.#handle, this.path, offset, into);
  }

  checksum(offset: number, length: number): Promise<number> {
    return ranges.checksum(this.#handle, this.path, offset, length);
  }

  readRanges(offsets: readonly number[], into: readonly ArrayBufferView[]): Promise<RangeResults> {
    return ranges.readAll(this.#handle, this.path, offsets, into);
  }

  checksumRanges(offsets: readonly number[], lengths: readonly number[]): Promise<RangeResults> {
    return ranges.checksums(this.#handle, this.path, offsets, lengths);
  }

  map(offset: number, length: number): Promise<ArrayBuffer | null> {
    return native.map(this.#handle, offset, length).catch(error => this.#fail(error));
  }

  close(): Promise<void> {
    return release(this.#handle);
  }

  #fail(error: unknown): never {
    throw fromNative(error, 'read', { path: this.path });
  }
}

export class LocalShard implements ShardObject {
  readonly #shard: Shard;

  constructor(
    shard: Shard,
    readonly path: string,
  ) {
    this.#shard = shard;
  }

  append(views: readonly Uint8Array[], lengths: Float64Array): Promise<Uint32Array> {
    return native.appendShard(this.#shard, views, lengths).catch(error => this.#fail(error, 'write'));
  }

  finish(durable: boolean): Promise<void> {
    return native.finishShard(this.#shard, durable).catch(error => this.#fail(error, 'write'));
  }

  close(): Promise<void> {
    return native.closeShard(this.#shard).catch(error => this.#fail(error, 'close'));
  }

  #fail(error: unknown, action: string): never {
    throw fromNative(error, action, { path: this.path });
  }
}

export class LocalHeldObject implements HeldObject {
  readonly #handle: Handle;

  constructor(
    handle: Handle,
    readonly path: string,
    readonly name: string,
    readonly locked: boolean,
  ) {
    this.#handle = handle;
  }

  async write(data: Uint8Array, durable: boolean): Promise<void> {
    try {
      await native.writeAll(this.#handle, data);
      if (durable) await native.sync(this.#handle);
    } catch (error) {
      throw fromNative(error, 'write', { path: this.path });
    }
  }

  close(): Promise<void> {
    return release(this.#handle);
  }
}
