/**
 * Reads tensors of an open bundle: whole, by range, assembled from slices. Nothing is allocated before the entry's numbers
 * agree with each other and with the file; nothing is returned before its checksum was checked (unless the caller said so).
 */

import { native } from '../binding.js';
import { TensorBundleError, throwIfAborted } from '../errors.js';
import { swapBytes } from '../format/byteswap.js';
import type { NumericArray, StoredType } from '../format/dtypes.js';
import type { StoredEntry } from '../format/entry.js';
import type { TensorSlice } from '../format/slices.js';
import { decodeStrings, stringChecksum } from '../format/strings.js';
import { inTurns } from '../format/turns.js';
import { checkVariants } from '../format/variants.js';
import { isPromise } from '../realms.js';
import type { ReadableFile } from '../storage/file.js';
import { readBox } from './box-reader.js';
import type { IndexFile } from './index-file.js';
import type { OpenBundle } from './open-bundle.js';
import { isDetached, ShardViews } from './shard-views.js';

/**
 * Smaller tensors are copied: cheaper than page faults, and a scalar that somebody keeps does not hold the mapping of a
 * large file, and with it the disk space of a replaced one.
 */
const MIN_VIEW_BYTES = 4096;
/** One native call checks at most this much of a tensor: the progress of a long check is seen. */
const CHECK_BYTES = 256 * 1024 * 1024;

/** An entry that has bytes of its own: a plain tensor, or one slice of a partitioned one. */
export interface StoredTensor {
  name: string;
  /** Position in the index. */
  position: number;
  entry: StoredEntry;
  dtype: StoredType;
}

export interface CheckHooks {
  /** Only of who runs all checks himself: others may wait for the same check. */
  signal?: AbortSignal | undefined;
  onBytes?: (bytes: number) => void;
}

export class TensorReader {
  readonly #views = new Map<number, ShardViews>();
  /** Checks of whole stored tensors, by position in the index: each is checked once. */
  readonly #checks = new Map<number, Promise<void>>();
  readonly #checked = new Set<number>();

  constructor(
    private readonly bundle: OpenBundle,
    private readonly verify: boolean,
  ) {}

  get index(): IndexFile {
    return this.bundle.index;
  }

  /** The file of a stored tensor, its range checked. Throws ERR_CORRUPT, ERR_MISSING_SHARD, ERR_TRUNCATED. */
  locate({ name, position, entry, dtype }: StoredTensor): ReadableFile {
    const { shard, offset, size } = entry;
    const { index } = this.bundle;
    const { path } = index;
    if (shard >= index.numShards) {
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `${path}: tensor '${name}' is said to be in shard ${shard} of ${index.numShards}`,
        {
          path,
          tensor: name,
          offset: index.offsetOf(position),
          expected: index.numShards - 1,
          found: shard,
        },
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
    const count = entry.shape.reduce((product, n) => product * n, 1);
    const least = dtype.bytes === 0 ? count : count * dtype.bytes;
    // How many bytes a shape takes in a type that is not known, nobody can say.
    if (!dtype.opaque && (dtype.bytes === 0 ? size < least : size !== least)) {
      throw new TensorBundleError(
        'ERR_CORRUPT',
        `${path}: tensor '${name}' of ${dtype.name} [${entry.shape}] needs ${dtype.bytes === 0 ? 'at least ' : ''}${least} bytes, its entry says ${size}`,
        { path, tensor: name, offset: index.offsetOf(position), expected: least, found: size },
      );
    }
    const file = this.bundle.shards.get(shard);
    if (!file) {
      const shardPath = this.bundle.shards.pathOf(shard);
      throw new TensorBundleError('ERR_MISSING_SHARD', `${shardPath} is missing; it holds '${name}'`, {
        path: shardPath,
        tensor: name,
      });
    }
    if (offset + size > file.size) {
      const shardPath = file.path;
      throw new TensorBundleError(
        'ERR_TRUNCATED',
        `${shardPath} ends at byte ${file.size}, but '${name}' lies at ${offset} to ${offset + size}`,
        {
          path: shardPath,
          tensor: name,
          offset,
          expected: offset + size,
          found: file.size,
        },
      );
    }
    return file;
  }

  /** Checks the stored checksum, without keeping the bytes; once per tensor. Throws ERR_CHECKSUM and what `locate` does. */
  check(stored: StoredTensor, hooks: CheckHooks = {}): Promise<void> {
    const { position } = stored;
    const running = this.#checks.get(position);
    if (running !== undefined) return running;
    if (this.#checked.has(position)) return Promise.resolve();
    const check = this.#check(stored, hooks);
    this.#checks.set(position, check);
    return check;
  }

  async #check(stored: StoredTensor, hooks: CheckHooks): Promise<void> {
    const { position, dtype, entry } = stored;
    try {
      const file = this.locate(stored);
      if (dtype.bytes === 0 && !dtype.opaque) {
        await this.#storedBytes(stored);
        hooks.onBytes?.(entry.size);
      } else {
        const crc =
          entry.size > CHECK_BYTES
            ? await this.#checksumInParts(file, entry.offset, entry.size, hooks)
            : await file.checksum(entry.offset, entry.size);
        if (entry.size <= CHECK_BYTES) hooks.onBytes?.(entry.size);
        this.#compare(stored, file, crc);
      }
      this.#checked.add(position);
    } finally {
      this.#checks.delete(position);
    }
  }

  async #checksumInParts(
    file: ReadableFile,
    offset: number,
    size: number,
    { signal, onBytes }: CheckHooks,
  ): Promise<number> {
    let crc = 0;
    for (let at = 0; at < size; at += CHECK_BYTES) {
      throwIfAborted(signal, 'the verification');
      const length = Math.min(CHECK_BYTES, size - at);
      crc = native.crc32cCombine(crc, await file.checksum(offset + at, length), length);
      onBytes?.(length);
    }
    return crc;
  }

  /** A numeric tensor whole. Without `copy` it may be a view of the shard's mapping. */
  async numeric(stored: StoredTensor, copy: boolean): Promise<NumericArray> {
    const file = this.locate(stored);
    const { dtype, entry } = stored;
    const aligned = entry.offset % dtype.array.BYTES_PER_ELEMENT === 0;
    if (!copy && aligned && entry.size >= MIN_VIEW_BYTES && !this.#swapped(dtype)) {
      // The check comes first: while it runs, a caller could move away the buffer that this read would be given.
      if (this.verify) await this.check(stored);
      const view = await this.#view(stored, file);
      if (view !== null) return view;
    }
    const into = this.allocate(stored.name, dtype, entry.shape);
    const crc = await file.read(entry.offset, into);
    if (this.verify) this.#compare(stored, file, crc);
    this.#swap(dtype, into);
    return into;
  }

  /** Null where the tensor is not mapped, or not where an array can begin. */
  async #view({ name, entry, dtype }: StoredTensor, file: ReadableFile): Promise<NumericArray | null> {
    for (;;) {
      const found = this.#viewsOf(entry.shard, file).range(entry.offset, entry.size);
      const range = isPromise(found) ? await found : found;
      if (range === null || range.byteOffset % dtype.array.BYTES_PER_ELEMENT !== 0) return null;
      // Another read that waited for the same mapping was first, and its caller has moved it away.
      if (isDetached(range.buffer)) continue;
      const length = entry.size / dtype.array.BYTES_PER_ELEMENT;
      return makeArray(name, entry.size, () => new dtype.array(range.buffer, range.byteOffset, length));
    }
  }

  /** The elements of a string tensor, each a copy. */
  async strings(stored: StoredTensor): Promise<Uint8Array[]> {
    const count = stored.entry.shape.reduce((product, n) => product * n, 1);
    return decodeStrings(await this.#storedBytes(stored), count, this.#context(stored));
  }

  /** The stored bytes of a variant. */
  variant(stored: StoredTensor): Promise<Uint8Array> {
    return this.#storedBytes(stored);
  }

  /** Stored bytes as the file has them (not byte-swapped), checked. For strings, variants and re-encoding. */
  async #storedBytes(stored: StoredTensor): Promise<Uint8Array> {
    const file = this.locate(stored);
    const { dtype, entry } = stored;
    const bytes = makeArray(stored.name, entry.size, () => new Uint8Array(entry.size)) as Uint8Array;
    const crc = await file.read(entry.offset, bytes);
    if (!this.verify) return bytes;
    if (dtype.bytes !== 0) this.#compare(stored, file, crc);
    else {
      const count = entry.shape.reduce((product, n) => product * n, 1);
      const context = this.#context(stored);
      const crc =
        dtype.name === 'string'
          ? stringChecksum(bytes, count, context)
          : await inTurns(checkVariants(bytes, count, context), undefined, 'reading');
      this.#compare(stored, file, crc);
    }
    return bytes;
  }

  /**
   * Copies the box `size` at `begin` of a stored numeric tensor into `target` (an array of shape `targetShape`) at
   * `targetBegin`. Reads only the rows the box touches, beyond the one check of the whole tensor.
   */
  async copyBox(
    stored: StoredTensor,
    box: TensorSlice,
    target: NumericArray,
    targetShape: readonly number[],
    targetBegin: readonly number[],
  ): Promise<void> {
    const file = this.locate(stored);
    if (this.verify) await this.check(stored);
    const { dtype, entry } = stored;
    const decode = (bytes: Uint8Array): void => this.#swap(dtype, bytes);
    const source = { file, offset: entry.offset, shape: entry.shape, elementBytes: dtype.bytes, decode };
    await readBox(source, box, { array: target, shape: targetShape, begin: targetBegin });
  }

  /** A box of a stored numeric tensor, as an array of its own. */
  async range(stored: StoredTensor, box: TensorSlice): Promise<NumericArray> {
    this.locate(stored);
    const target = this.allocate(stored.name, stored.dtype, box.size);
    await this.copyBox(
      stored,
      box,
      target,
      box.size,
      box.size.map(() => 0),
    );
    return target;
  }

  /** An array for a value whose size has been checked against the files. Throws ERR_TOO_LARGE. */
  allocate(name: string, dtype: StoredType, shape: readonly number[]): NumericArray {
    const count = shape.reduce((product, n) => product * n, 1);
    return makeArray(
      name,
      count * dtype.bytes,
      () => new dtype.array((count * dtype.bytes) / dtype.array.BYTES_PER_ELEMENT),
    );
  }

  /**
   * Stored bytes of a numeric tensor in order, little-endian, in pieces of whole elements; checked before the first one. Those of
   * a type that is not known are as they are.
   */
  async *pieces(stored: StoredTensor, pieceBytes: number): AsyncGenerator<Uint8Array> {
    const file = this.locate(stored);
    if (this.verify) await this.check(stored);
    const { dtype, entry } = stored;
    const step = wholeElements(dtype, pieceBytes);
    for (let at = 0; at < entry.size; at += step) {
      const piece = new Uint8Array(Math.min(step, entry.size - at));
      await file.read(entry.offset + at, piece);
      this.#swap(dtype, piece);
      yield piece;
    }
  }

  release(): void {
    for (const views of this.#views.values()) views.release();
    this.#views.clear();
  }

  #viewsOf(shard: number, file: ReadableFile): ShardViews {
    let views = this.#views.get(shard);
    if (views === undefined) {
      views = new ShardViews(file);
      this.#views.set(shard, views);
    }
    return views;
  }

  #swapped(dtype: StoredType): boolean {
    return this.bundle.index.bigEndian && dtype.unit > 1;
  }

  #swap(dtype: StoredType, array: ArrayBufferView): void {
    if (this.#swapped(dtype)) swapBytes(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), dtype.unit);
  }

  #context(stored: StoredTensor): { path: string; tensor: string; offset: number; bigEndian: boolean } {
    return {
      path: this.bundle.shards.pathOf(stored.entry.shard),
      tensor: stored.name,
      offset: stored.entry.offset,
      bigEndian: this.bundle.index.bigEndian,
    };
  }

  #compare(stored: StoredTensor, file: ReadableFile, found: number): void {
    if (found === stored.entry.crc) return;
    const hex = (crc: number): string => `0x${crc.toString(16).padStart(8, '0')}`;
    throw new TensorBundleError(
      'ERR_CHECKSUM',
      `${file.path}: tensor '${stored.name}' is damaged: its bytes at ${stored.entry.offset} to ${stored.entry.offset + stored.entry.size} have CRC32C ${hex(found)}, the index says ${hex(stored.entry.crc)}; restore an earlier checkpoint`,
      { path: file.path, tensor: stored.name, offset: stored.entry.offset, expected: stored.entry.crc, found },
    );
  }
}

/** Bytes of as many whole elements of a numeric type as fit into `bytes`; of one element at least. */
export function wholeElements(dtype: StoredType, bytes: number): number {
  const unit = Math.max(1, dtype.bytes);
  return Math.max(unit, bytes - (bytes % unit));
}

/** Allocation of what the entry asks for; its size has been checked against the file. Throws ERR_TOO_LARGE. */
function makeArray(name: string, bytes: number, make: () => NumericArray): NumericArray {
  try {
    return make();
  } catch (cause) {
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `tensor '${name}' has ${bytes} bytes, more than this Node can hold in one array; use pieces() or read a range`,
      { tensor: name, found: bytes, cause },
    );
  }
}
