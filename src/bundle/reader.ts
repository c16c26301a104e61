/** The public reader: opens one generation of a checkpoint and reads from it as long as it is open. */
import { isPromise } from '../realms.js';
import '../disposal.js';
import type { PathLike } from '../commit/paths.js';
import { requireMade, TensorBundleError, throwIfAborted } from '../errors.js';
import {
  type NumericArray,
  type StoredDType,
  type TensorData,
  type TensorValue,
  tensorValue,
} from '../format/dtypes.js';
import type { StoredEntry } from '../format/entry.js';
import type { TensorSlice } from '../format/slices.js';
import { inTurns } from '../format/turns.js';
import { refuseUnknown } from '../options.js';
import { checkBundle } from './check-bundle.js';
import { pick } from './element-box.js';
import { knownType } from './known-type.js';
import { locate } from './locate.js';
import { type OpenBundle, openBundle } from './open-bundle.js';
import { assemble, rangeOf } from './partitioned.js';
import { OPEN_OPTIONS, type OpenOptions, PIECES_OPTIONS, READ_OPTIONS, type ReadOptions } from './read-options.js';
import { SliceIndex, type SlicePart, sliceParts } from './slice-index.js';
import { type StoredTensor, TensorReader, wholeElements } from './tensor-reader.js';
import { VERIFY_OPTIONS, type VerifyOptions, type VerifyReport, verifyBundle } from './verify-bundle.js';

export interface SliceEntry {
  begin: number[];
  size: number[];
  shard: number;
  offset: number;
  bytes: number;
  crc32c: number;
}

export interface Entry {
  /** `unknown-N` for a type that this version does not know: number N of types.proto. Such a tensor cannot be read. */
  dtype: StoredDType;
  shape: number[];
  /** Stored bytes, of all slices together. */
  bytes: number;
  /** Null where the tensor is partitioned: see `slices`. */
  shard: number | null;
  offset: number | null;
  /** Unmasked. */
  crc32c: number | null;
  slices: SliceEntry[];
}

const DEFAULT_PIECE_BYTES = 4 * 1024 * 1024;

/**
 * Reads one checkpoint. An overwrite that happens meanwhile does not change what an open reader sees.
 *
 * @example
 * await using reader = await CheckpointReader.open('out/model');
 * const { shape, data } = await reader.read('kernel');
 */
export class CheckpointReader implements AsyncDisposable {
  readonly #bundle: OpenBundle;
  readonly #tensors: TensorReader;
  /** Slices of partitioned tensors that were read, by name. */
  readonly #slices = new Map<string, Promise<SliceIndex>>();
  /** Their own entries. */
  readonly #partitioned = new Map<string, StoredTensor>();
  /** The same for `entry`, which does not look whether they overlap. */
  readonly #parts = new Map<string, readonly SlicePart[]>();
  /** Reads and checks under way, and what waits for the last of them. */
  #pending = 0;
  #onIdle: (() => void) | null = null;
  #closing: Promise<void> | null = null;

  private constructor(bundle: OpenBundle, verify: boolean) {
    requireMade(bundle, 'CheckpointReader', 'await CheckpointReader.open(path)');
    this.#bundle = bundle;
    this.#tensors = new TensorReader(bundle, verify);
  }

  /**
   * Opens PREFIX, PREFIX.index, PREFIX.data-* or a directory (its SavedModel, else its latest checkpoint); `dir/` is the prefix
   * `dir/` if there is a file `dir/.index`, else the directory. A path may be a `file:` URL, as text or as a URL object.
   * `verify`: 'open' checks every tensor now, 'read' (default) each when it is read, 'never' none.
   * Rejects with ERR_NOT_FOUND, ERR_NOT_A_CHECKPOINT, ERR_V1_FORMAT, ERR_TRUNCATED, ERR_CHECKSUM, ERR_CORRUPT,
   * ERR_TOO_LARGE, ERR_MISSING_SHARD, ERR_PERMISSION, ERR_IO, ERR_ABORTED; ERR_NOT_SUPPORTED for a URL that is not `file:`.
   */
  static async open(path: PathLike, options: OpenOptions = {}): Promise<CheckpointReader> {
    refuseUnknown(options, 'CheckpointReader.open', OPEN_OPTIONS);
    const bundle = await openBundle(await locate(path), { signal: options.signal });
    const reader = new CheckpointReader(bundle, options.verify !== 'never');
    if (options.verify !== 'open') return reader;
    try {
      await checkBundle(bundle, reader.#tensors, options.signal);
      return reader;
    } catch (error) {
      await reader.close();
      throw error;
    }
  }

  /** The prefix that was opened. */
  get prefix(): string {
    return this.#bundle.prefix;
  }

  /** Number of data files, as the header of the index has it. */
  get numShards(): number {
    return this.#bundle.index.numShards;
  }

  /**
   * The names of all tensors, in the order of their UTF-8 bytes. The object graph is among them; the header and the
   * keys of slices are not.
   */
  names(): string[] {
    this.#checkOpen();
    return [...this.#bundle.index.names()];
  }

  /** Whether the checkpoint has a tensor of this name. */
  has(name: string): boolean {
    this.#checkOpen();
    return this.#bundle.index.has(name);
  }

  /** Type, shape and place of a tensor. Throws ERR_NOT_FOUND, and ERR_CORRUPT for a damaged entry. */
  entry(name: string): Entry {
    this.#checkOpen();
    const { index } = this.#bundle;
    const entry = this.#partitioned.get(name)?.entry ?? index.entry(name);
    const dtype = entry.dtype.name;
    if (entry.slices.length === 0) {
      return {
        dtype,
        shape: [...entry.shape],
        bytes: entry.size,
        shard: entry.shard,
        offset: entry.offset,
        crc32c: entry.crc,
        slices: [],
      };
    }
    const slices = this.#partsOf(name, entry).map(({ box, stored }) => ({
      begin: box.begin,
      size: box.size,
      shard: stored.entry.shard,
      offset: stored.entry.offset,
      bytes: stored.entry.size,
      crc32c: stored.entry.crc,
    }));
    const bytes = slices.reduce((sum, slice) => sum + slice.bytes, 0);
    return { dtype, shape: [...entry.shape], bytes, shard: null, offset: null, crc32c: null, slices };
  }

  /**
   * A tensor, or the box of it that `begin` and `size` name. A range of a string or variant reads it whole.
   * Rejects with ERR_NOT_FOUND, ERR_SHAPE (the range), ERR_CHECKSUM, ERR_TRUNCATED, ERR_CORRUPT, ERR_SLICE_GAP,
   * ERR_SLICE_OVERLAP, ERR_DTYPE, ERR_TOO_LARGE, ERR_CLOSED, ERR_ABORTED, ERR_IO.
   */
  read(name: string, options: ReadOptions = {}): Promise<TensorValue> {
    return this.#track(() => {
      refuseUnknown(options, 'read', READ_OPTIONS);
      return this.#read(name, options);
    });
  }

  /**
   * The bytes of a tensor in order (little-endian, row-major), for tensors that no array can hold: its checksum is checked
   * before the first piece. A piece is as many whole elements as fit into `bytes` (default 4 MiB), but at least one; a
   * variant is cut at any byte; of a string tensor each piece is one element, whatever its length. `close` waits for the
   * piece under way; asking for another then rejects with ERR_CLOSED. Pieces are copies: they hold no file.
   * Rejects with ERR_INVALID_ARGUMENT (`bytes`) and what `read` does.
   */
  async *pieces(name: string, options: { bytes?: number } = {}): AsyncGenerator<Uint8Array> {
    refuseUnknown(options, 'pieces', PIECES_OPTIONS);
    const steps = this.#pieces(name, options);
    for (;;) {
      // Only the step is what `close` waits for, never the consumer between two of them, who may be the one that closes.
      const step = await this.#track(() => steps.next());
      if (step.done) return;
      yield step.value;
    }
  }

  async *#pieces(name: string, options: { bytes?: number }): AsyncGenerator<Uint8Array, void, undefined> {
    const stored = await this.#storedOf(name, undefined);
    const { entry } = stored;
    const dtype = knownType(this.#bundle.index, stored);
    const pieceBytes = options.bytes ?? DEFAULT_PIECE_BYTES;
    if (!Number.isSafeInteger(pieceBytes) || pieceBytes < 1) {
      throw new TensorBundleError('ERR_INVALID_ARGUMENT', 'bytes must be a whole number from 1', { found: pieceBytes });
    }
    if (dtype.name === 'string') {
      yield* (await this.#read(name, {})).data as readonly Uint8Array[];
    } else if (dtype.name === 'variant') {
      const bytes = (await this.#read(name, {})).data as Uint8Array;
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    } else if (entry.slices.length > 0) {
      yield* this.#partitionedPieces(stored, pieceBytes);
    } else {
      yield* this.#tensors.pieces(stored, pieceBytes);
    }
  }

  /** Checks every checksum and every rule of the structure. Damage is in the report; it rejects only for ERR_ABORTED and ERR_CLOSED. */
  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#track(() => {
      refuseUnknown(options, 'verify', VERIFY_OPTIONS);
      return verifyBundle(this.#bundle, options);
    });
  }

  /** Waits for reads in progress. Views that were given out stay valid. May be called several times. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#pending > 0)
      await new Promise<void>(resolve => {
        this.#onIdle = resolve;
      });
    this.#tensors.release();
    await this.#bundle.close();
  }

  async #read(name: string, options: ReadOptions): Promise<TensorValue> {
    throwIfAborted(options.signal, 'reading');
    const found = this.#storedOf(name, options.signal);
    const stored = isPromise(found) ? await found : found;
    const { entry } = stored;
    const dtype = knownType(this.#bundle.index, stored);
    const { shape } = entry;
    const whole = options.begin === undefined && options.size === undefined;
    const box: TensorSlice = whole
      ? { begin: shape.map(() => 0), size: shape }
      : rangeOf(name, shape, options.begin, options.size);
    const value = (data: TensorData): TensorValue => {
      throwIfAborted(options.signal, 'reading');
      return tensorValue(dtype.name, [...box.size], data);
    };
    if (entry.slices.length > 0) {
      const slices = await this.#slicesOf(stored, options.signal);
      const { copy = false, signal } = options;
      return value(await assemble(this.#tensors, slices, box, { copy, signal }));
    }
    if (dtype.name === 'variant') {
      if (whole) return value(await this.#tensors.variant(stored));
      throw new TensorBundleError('ERR_NOT_SUPPORTED', `'${name}' is a variant; it can only be read whole`, {
        tensor: name,
      });
    }
    if (dtype.name === 'string') {
      const elements = await this.#tensors.strings(stored);
      return value(whole ? elements : pick(elements, shape, box));
    }
    if (whole) return value(await this.#tensors.numeric(stored, options.copy ?? false));
    return value(await this.#tensors.range(stored, box));
  }

  /** The entry of a partitioned tensor that was read before is not decoded again. */
  #storedOf(name: string, signal: AbortSignal | undefined): StoredTensor | Promise<StoredTensor> {
    const { index } = this.#bundle;
    const known = this.#partitioned.get(name);
    if (known !== undefined) return known;
    const keep = (stored: StoredTensor): StoredTensor => {
      if (stored.entry.slices.length > 0) this.#partitioned.set(name, stored);
      return stored;
    };
    if (!index.isLong(name)) return keep(index.stored(name));
    return inTurns(index.storedInSteps(name), signal, 'reading').then(keep);
  }

  async *#partitionedPieces({ name, entry, dtype }: StoredTensor, pieceBytes: number): AsyncGenerator<Uint8Array> {
    const rowBytes = entry.shape.slice(1).reduce((product, n) => product * n, dtype.bytes);
    const rows = Math.max(1, Math.floor(pieceBytes / Math.max(1, rowBytes)));
    const step = wholeElements(dtype, pieceBytes);
    for (let row = 0; row < entry.shape[0]!; row += rows) {
      const size = [Math.min(rows, entry.shape[0]! - row), ...entry.shape.slice(1)];
      const { data } = await this.#read(name, { begin: [row, ...entry.shape.slice(1).map(() => 0)], size, copy: true });
      const array = data as NumericArray;
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
    }
  }

  #partsOf(name: string, entry: StoredEntry): readonly SlicePart[] {
    let parts = this.#parts.get(name);
    if (parts === undefined) {
      parts = sliceParts(this.#bundle.index, name, entry);
      this.#parts.set(name, parts);
    }
    return parts;
  }

  /** Reads of one tensor share the work, unless who began it aborts. */
  async #slicesOf(stored: StoredTensor, signal: AbortSignal | undefined): Promise<SliceIndex> {
    const { name, entry } = stored;
    for (;;) {
      let slices = this.#slices.get(name);
      if (slices === undefined) {
        slices = inTurns(SliceIndex.build(this.#bundle.index, name, entry), signal, 'reading');
        this.#slices.set(name, slices);
      }
      try {
        return await slices;
      } catch (error) {
        if (!(error instanceof TensorBundleError && error.code === 'ERR_ABORTED')) throw error;
        if (this.#slices.get(name) === slices) this.#slices.delete(name);
        throwIfAborted(signal, 'reading');
      }
    }
  }

  /** Runs an action that `close` waits for. */
  async #track<T>(action: () => Promise<T>): Promise<T> {
    this.#checkOpen();
    this.#pending++;
    try {
      return await action();
    } finally {
      if (--this.#pending === 0) this.#onIdle?.();
    }
  }

  #checkOpen(): void {
    if (this.#closing === null) return;
    throw new TensorBundleError('ERR_CLOSED', `this reader of ${this.prefix} is closed; open another`, {
      path: this.prefix,
    });
  }
}
