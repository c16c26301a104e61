/** A file of a directory, opened for reading. */
import { type FileStat, type Handle, native } from '../binding.js';
import { fromNative, TensorBundleError } from '../errors.js';
import { ownView, release } from './handles.js';
import type { RangeResults } from './range-batch.js';
import { RangeQueue } from './range-queue.js';

/** An open file that can be read. `size`, `identity`, `mode` and `modified` are those at its opening. */
export interface ReadableFile {
  readonly path: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly identity: string;
  /** Permission bits. */
  readonly mode: number;
  /** Nanoseconds since the epoch. */
  readonly modified: bigint;
  /** The whole file. Throws ERR_TOO_LARGE above `maxBytes`. */
  readAll(maxBytes: number): Promise<Uint8Array>;
  /** Reads into `into` and gives the CRC32C of the bytes. Throws ERR_TRUNCATED if the file ends earlier. */
  read(offset: number, into: ArrayBufferView): Promise<number>;
  /** CRC32C of a range; the bytes are not kept. */
  checksum(offset: number, length: number): Promise<number>;
  /** Many reads at once, one per offset. A range that fails does not stop the others. */
  readRanges(offsets: readonly number[], into: readonly ArrayBufferView[]): Promise<RangeResults>;
  /**
   * Many reads at once into one array, where each begins at the next multiple of 8 bytes. Gives the CRC32C of each.
   * Rejects as a whole.
   */
  readPacked(offsets: Float64Array, lengths: Float64Array, into: Uint8Array): Promise<Uint32Array>;
  /** CRC32C of many ranges at once. */
  checksumRanges(offsets: readonly number[], lengths: readonly number[]): Promise<RangeResults>;
  /** A private mapping of a range. Null where mapping is impossible or unsafe: read the range then. */
  map(offset: number, length: number): Promise<ArrayBuffer | null>;
  close(): Promise<void>;
}

const ranges = new RangeQueue();

/** A file that stays open until it is closed. */
export class OpenFile implements ReadableFile {
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

  readPacked(offsets: Float64Array, lengths: Float64Array, into: Uint8Array): Promise<Uint32Array> {
    const fileOf = new Uint32Array(offsets.length);
    return native.readRanges([this.#handle], fileOf, offsets, into, lengths).catch(error => this.#fail(error));
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
