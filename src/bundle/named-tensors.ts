/**
 * Reads the tensors of an open bundle by name, plain and partitioned ones alike: a whole tensor, a range, pieces, or
 * many tensors.
 */
import { invalidArgument, TensorBundleError, throwIfAborted } from '../errors.js';
import {
  type NumericArray,
  type StoredDType,
  type TensorData,
  type TensorValue,
  tensorValue,
} from '../format/dtypes.js';
import type { StoredEntry } from '../format/entry.js';
import { sizeOf } from '../format/shape.js';
import type { TensorSlice } from '../format/slices.js';
import { inTurns } from '../format/turns.js';
import { isPromise } from '../realms.js';
import type { ReadMemory } from '../storage/read-memory.js';
import { isDamage } from './damage.js';
import { pick } from './element-box.js';
import type { IndexFile } from './index-file.js';
import { knownType } from './known-type.js';
import type { OpenBundle } from './open-bundle.js';
import { assemble, rangeOf } from './partitioned.js';
import type { ReadAllOptions, ReadOptions } from './read-options.js';
import { isDetached } from './shard-views.js';
import { SliceIndex, type SlicePart, sliceParts } from './slice-index.js';
import type { StoredTensor } from './stored-tensor.js';
import { fileOrder } from './tensor-ranges.js';
import { TensorReader, wholeElements } from './tensor-reader.js';
import { checkProgress, type VerifyOptions } from './verify.js';

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

export class NamedTensors {
  readonly reader: TensorReader;
  /** The slices of partitioned tensors that were read, by name. */
  readonly #slices = new Map<string, Promise<SliceIndex>>();
  /** The same for `entry`, which does not check whether slices overlap. */
  readonly #parts = new Map<string, readonly SlicePart[]>();
  readonly #index: IndexFile;

  constructor(
    bundle: OpenBundle,
    private readonly verify: boolean,
  ) {
    this.#index = bundle.index;
    this.reader = new TensorReader(bundle, verify);
  }

  /** Throws ERR_NOT_FOUND; ERR_CORRUPT for a damaged entry. */
  entry(name: string): Entry {
    const index = this.#index;
    const entry = index.entry(name);
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

  async read(name: string, options: ReadOptions): Promise<TensorValue> {
    throwIfAborted(options.signal, 'reading');
    const found = this.#storedOf(name, options.signal);
    const stored = isPromise(found) ? await found : found;
    const { entry } = stored;
    const dtype = knownType(this.#index, stored);
    const { shape } = entry;
    const whole = options.begin === undefined && options.size === undefined;
    if (whole && dtype.bytes > 0 && entry.slices.length === 0) {
      const data = await this.reader.numeric(stored, options.copy ?? false);
      throwIfAborted(options.signal, 'reading');
      return tensorValue(dtype.name, shape, data);
    }
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
      return value(await assemble(this.reader, slices, box, { copy, signal }));
    }
    if (dtype.name === 'variant') {
      if (whole) return value(await this.reader.variant(stored));
      throw new TensorBundleError('ERR_NOT_SUPPORTED', `'${name}' is a variant; it can only be read whole`, {
        tensor: name,
      });
    }
    if (dtype.name === 'string') {
      const elements = await this.reader.strings(stored);
      return value(whole ? elements : pick(elements, shape, box));
    }
    return value(await this.reader.range(stored, box));
  }

  async readAll(
    names: readonly string[],
    { copy = false, signal }: ReadAllOptions,
    memory: ReadMemory,
  ): Promise<TensorValue[]> {
    const stored = await this.#storedAll(names, signal, 'reading');
    try {
      return await this.#readAll(stored, copy, memory, signal);
    } catch (error) {
      // Partitioned tensors are read last, though one of them may come first in the files and be damaged, too.
      const isMixed = stored.some(({ entry }) => entry.slices.length > 0);
      if (isMixed && this.verify && isDamage(error)) await this.check(names, { ...(signal && { signal }) });
      throw error;
    }
  }

  async #readAll(
    stored: readonly StoredTensor[],
    copy: boolean,
    memory: ReadMemory,
    signal?: AbortSignal,
  ): Promise<TensorValue[]> {
    const index = this.#index;
    const types = stored.map(tensor => knownType(index, tensor));
    const whole = stored.filter(({ entry }) => entry.slices.length === 0);
    const values = await this.reader.readAll(whole, { copy, signal, memory });
    const all: TensorValue[] = [];
    for (let i = 0, k = 0; i < stored.length; i++) {
      const { shape, slices } = stored[i]!.entry;
      // Nobody else has the entry, so its shape is given to the caller.
      if (slices.length === 0) all.push(tensorValue(types[i]!.name, shape, values[k++]!));
      else {
        const parts = await this.#slicesOf(stored[i]!, signal);
        const box = { begin: shape.map(() => 0), size: shape };
        const data = await assemble(this.reader, parts, box, { copy, signal });
        all.push(tensorValue(types[i]!.name, [...shape], data));
      }
    }
    // While the others were read, a caller that was given one of the mappings may have moved it away.
    const gone = (): number[] => movedAway(all);
    for (let again = gone(); again.length > 0; again = gone())
      for (const i of again) all[i] = await this.read(stored[i]!.name, { copy, ...(signal && { signal }) });
    throwIfAborted(signal, 'reading');
    return all;
  }

  async check(names: readonly string[], { signal, onProgress }: VerifyOptions): Promise<void> {
    const action = 'the check';
    const parts = new Map<number, StoredTensor>();
    for (const tensor of await this.#storedAll([...new Set(names)], signal, action)) {
      const own = tensor.entry.slices.length === 0 ? [tensor] : await this.#slicesToCheck(tensor, signal);
      for (const one of own) parts.set(one.position, one);
    }
    const tensors = [...parts.values()];
    const order = await inTurns(fileOrder(tensors), signal, action);
    for (const i of order) this.reader.files.locate(tensors[i]!);
    const totalBytes = tensors.reduce((sum, { entry }) => sum + entry.size, 0);
    await this.reader.checks.checkAll(
      order.map(i => tensors[i]!),
      {
        signal,
        action,
        onBytes: onProgress && checkProgress(totalBytes, onProgress),
        onError: error => {
          throw error;
        },
      },
    );
  }

  async #slicesToCheck(tensor: StoredTensor, signal: AbortSignal | undefined): Promise<StoredTensor[]> {
    const slices = await this.#slicesOf(tensor, signal);
    slices.requireWhole();
    return (await inTurns(slices.parts(), signal, 'the check')).map(({ stored }) => stored);
  }

  async *pieces(name: string, bytes: number | undefined): AsyncGenerator<Uint8Array, void, undefined> {
    const stored = await this.#storedOf(name, undefined);
    const { entry } = stored;
    const dtype = knownType(this.#index, stored);
    const pieceBytes = bytes ?? DEFAULT_PIECE_BYTES;
    if (!Number.isSafeInteger(pieceBytes) || pieceBytes < 1) {
      throw invalidArgument('bytes must be a whole number from 1', { found: pieceBytes });
    }
    if (dtype.name === 'string') {
      yield* (await this.read(name, {})).data as readonly Uint8Array[];
    } else if (dtype.name === 'variant') {
      const bytes = (await this.read(name, {})).data as Uint8Array;
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    } else if (entry.slices.length > 0) {
      yield* this.#partitionedPieces(stored, pieceBytes);
    } else {
      yield* this.reader.pieces(stored, pieceBytes);
    }
  }

  #storedOf(name: string, signal: AbortSignal | undefined): StoredTensor | Promise<StoredTensor> {
    const index = this.#index;
    return index.isLong(name) ? inTurns(index.storedInSteps(name), signal, 'reading') : index.stored(name);
  }

  /** All of the tensors, in the order of `names`. */
  async #storedAll(names: readonly string[], signal: AbortSignal | undefined, action: string): Promise<StoredTensor[]> {
    throwIfAborted(signal, action);
    // All names are looked up before any entry is decoded, so that a missing one is reported first.
    const positions = await inTurns(this.#index.positionsOf(names), signal, action);
    return inTurns(this.#index.storedAll(names, positions), signal, action);
  }

  async *#partitionedPieces({ name, entry, dtype }: StoredTensor, pieceBytes: number): AsyncGenerator<Uint8Array> {
    const rowBytes = dtype.bytes * sizeOf(entry.shape.slice(1));
    const rows = Math.max(1, Math.floor(pieceBytes / Math.max(1, rowBytes)));
    const step = wholeElements(dtype, pieceBytes);
    for (let row = 0; row < entry.shape[0]!; row += rows) {
      const size = [Math.min(rows, entry.shape[0]! - row), ...entry.shape.slice(1)];
      const { data } = await this.read(name, { begin: [row, ...entry.shape.slice(1).map(() => 0)], size, copy: true });
      const array = data as NumericArray;
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
    }
  }

  #partsOf(name: string, entry: StoredEntry): readonly SlicePart[] {
    let parts = this.#parts.get(name);
    if (parts === undefined) {
      parts = sliceParts(this.#index, name, entry);
      this.#parts.set(name, parts);
    }
    return parts;
  }

  /** Reads of one tensor share the work. If the read that began it is aborted, another one begins it again. */
  async #slicesOf(stored: StoredTensor, signal: AbortSignal | undefined): Promise<SliceIndex> {
    const { name, entry } = stored;
    for (;;) {
      let slices = this.#slices.get(name);
      if (slices === undefined) {
        slices = inTurns(SliceIndex.build(this.#index, name, entry), signal, 'reading');
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
}

/** Which of the values are views of a buffer that is gone. (Its `buffer` is only asked for where it may be.) */
function movedAway(values: readonly TensorValue[]): number[] {
  const gone: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const { shape, data } = values[i]!;
    if (ArrayBuffer.isView(data) && data.byteLength === 0 && sizeOf(shape) > 0 && isDetached(data.buffer)) gone.push(i);
  }
  return gone;
}
