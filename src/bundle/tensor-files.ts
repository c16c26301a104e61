/**
 * Finds the bytes of stored tensors: which file they are in, whether the numbers of the entry agree with it, and their
 * byte order.
 */
import { TensorBundleError } from '../errors.js';
import { swapBytes } from '../format/byteswap.js';
import type { StoredType } from '../format/dtypes.js';
import { sizeOf } from '../format/shape.js';
import type { ElementContext } from '../format/strings.js';
import type { ReadableFile } from '../storage/file.js';
import type { IndexFile } from './index-file.js';
import type { OpenBundle } from './open-bundle.js';
import { ReadAhead } from './read-ahead.js';
import type { StoredTensor } from './stored-tensor.js';

export class TensorFiles {
  readonly #ahead = new ReadAhead();

  constructor(private readonly bundle: OpenBundle) {}

  get index(): IndexFile {
    return this.bundle.index;
  }

  /**
   * The file of a stored tensor, after a check of its range. Throws ERR_CORRUPT, ERR_DTYPE, ERR_MISSING_SHARD,
   * ERR_TRUNCATED.
   */
  locate({ name, position, entry, dtype }: StoredTensor): ReadableFile {
    const { shard, offset, size } = entry;
    const { index } = this;
    const { path } = index;
    if (shard >= index.numShards) {
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `${path}: tensor '${name}' should be in shard ${shard}, but there are ${index.numShards}; the index is damaged`,
        { path, tensor: name, offset: index.offsetOf(position), expected: index.numShards - 1, found: shard },
      );
    }
    if (dtype.number === 0) {
      throw new TensorBundleError('ERR_DTYPE', `${path}: tensor '${name}' has no type; the index is damaged`, {
        path,
        tensor: name,
        offset: index.offsetOf(position),
        found: 0,
      });
    }
    const count = sizeOf(entry.shape);
    const least = dtype.bytes === 0 ? count : count * dtype.bytes;
    // For an unknown type, nobody can say how many bytes a shape takes.
    if (!dtype.opaque && (dtype.bytes === 0 ? size < least : size !== least)) {
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `${path}: tensor '${name}' of ${dtype.name} [${entry.shape}] needs ${dtype.bytes === 0 ? 'at least ' : ''}` +
          `${least} bytes, but its entry says ${size}`,
        { path, tensor: name, offset: index.offsetOf(position), expected: least, found: size },
      );
    }
    const file = this.bundle.shards.get(shard);
    if (!file) {
      const shardPath = this.pathOf(shard);
      throw new TensorBundleError('ERR_MISSING_SHARD', `${shardPath} is missing; it holds '${name}'`, {
        path: shardPath,
        tensor: name,
      });
    }
    if (offset + size > file.size) {
      throw new TensorBundleError(
        'ERR_TRUNCATED',
        `${file.path} ends at byte ${file.size}, but '${name}' lies at ${offset} to ${offset + size}`,
        { path: file.path, tensor: name, offset, expected: offset + size, found: file.size },
      );
    }
    return file;
  }

  /** The file of a tensor for which `locate` has succeeded before. */
  fileOf({ entry }: StoredTensor): ReadableFile {
    return this.bundle.shards.get(entry.shard)!;
  }

  /** CRC32C of a part of a tensor's stored bytes, read into an array. Its errors name the tensor. */
  async read(tensor: StoredTensor, at: number, into: ArrayBufferView): Promise<number> {
    try {
      return await this.fileOf(tensor).read(tensor.entry.offset + at, into);
    } catch (error) {
      throw naming(tensor, error);
    }
  }

  /** CRC32C of all stored bytes of a tensor, read into an array; the next read may need no trip to the addon then. */
  async readWhole(tensor: StoredTensor, into: ArrayBufferView): Promise<number> {
    try {
      return await this.#ahead.read(this.fileOf(tensor), tensor.entry.offset, into);
    } catch (error) {
      throw naming(tensor, error);
    }
  }

  /** Lets go of what was read ahead. */
  release(): void {
    this.#ahead.release();
  }

  pathOf(shard: number): string {
    return this.bundle.shards.pathOf(shard);
  }

  /** Where the bytes of a string tensor or variant come from, for the functions that read them. */
  contextOf({ name, entry }: StoredTensor): ElementContext & { bigEndian: boolean } {
    return { path: this.pathOf(entry.shard), tensor: name, offset: entry.offset, bigEndian: this.index.bigEndian };
  }

  /** Whether stored elements are in the other byte order. */
  isSwapped(dtype: StoredType): boolean {
    return this.index.bigEndian && dtype.unit > 1;
  }

  /** Changes stored elements into this machine's byte order, in place. */
  toHostOrder(dtype: StoredType, array: ArrayBufferView): void {
    // Nothing is asked of a small array without need: its `buffer` would be allocated only then.
    if (this.isSwapped(dtype)) swapBytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), dtype.unit);
  }

  /** Throws ERR_CHECKSUM if the checksum of a tensor's bytes is not the stored one. */
  compare({ name, entry }: StoredTensor, found: number): void {
    if (found === entry.crc) return;
    const hex = (crc: number): string => `0x${crc.toString(16).padStart(8, '0')}`;
    const path = this.pathOf(entry.shard);
    throw new TensorBundleError(
      'ERR_CHECKSUM',
      `${path}: tensor '${name}' is damaged: its bytes at ${entry.offset} to ${entry.offset + entry.size} have ` +
        `CRC32C ` +
        `${hex(found)}, but the index says ${hex(entry.crc)}; restore an earlier checkpoint`,
      { path, tensor: name, offset: entry.offset, expected: entry.crc, found },
    );
  }
}

/** What a file was refused with, and which tensor's bytes were asked for: files know of none. */
export function naming({ name }: StoredTensor, error: unknown): unknown {
  if (!(error instanceof TensorBundleError) || error.path === undefined || error.tensor !== undefined) return error;
  const { code, message, path, offset, expected, found, cause } = error;
  return new TensorBundleError(code, `tensor '${name}': ${message}`, {
    path,
    tensor: name,
    offset,
    expected,
    found,
    cause,
  });
}
