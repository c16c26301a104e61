/**
 * Reads tensors of an open bundle: whole, by range, or many together. Nothing is allocated before the numbers of the
 * entry agree with each other and with the file. Nothing is returned before its checksum was checked (unless the caller
 * does not want checks).
 */
import { throwIfAborted } from '../errors.js';
import type { NumericArray, StoredType, TensorData } from '../format/dtypes.js';
import { sizeOf } from '../format/shape.js';
import type { TensorSlice } from '../format/slices.js';
import { StoredStrings } from '../format/strings.js';
import { inTurns, type Steps } from '../format/turns.js';
import { isPromise } from '../realms.js';
import { arrayOf, makeArray } from '../storage/arrays.js';
import type { ReadableFile } from '../storage/file.js';
import type { ReadMemory } from '../storage/read-memory.js';
import { readBox } from './box-reader.js';
import type { OpenBundle } from './open-bundle.js';
import { isDetached, ShardViews } from './shard-views.js';
import { SmallReads } from './small-reads.js';
import { isSmall, MANY_SMALL, readSmall } from './small-tensors.js';
import type { StoredTensor } from './stored-tensor.js';
import { TensorChecks } from './tensor-checks.js';
import { naming, TensorFiles } from './tensor-files.js';
import { batchesOf, fileOrder, isEncoded, readInto } from './tensor-ranges.js';

/**
 * Smaller tensors are copied, which costs less than page faults. Also, a small tensor that a caller keeps then does not
 * keep the mapping of a large file, and so the disk space of a file that has been replaced.
 */
const MIN_VIEW_BYTES = 4096;
const STEP_TENSORS = 4096;

export class TensorReader {
  readonly files: TensorFiles;
  readonly checks: TensorChecks;
  readonly #views = new Map<number, ShardViews>();
  readonly #small: SmallReads;

  constructor(
    bundle: OpenBundle,
    private readonly verify: boolean,
  ) {
    this.files = new TensorFiles(bundle);
    this.checks = new TensorChecks(this.files);
    const alone = (tensor: StoredTensor): Promise<NumericArray> =>
      this.#numeric(tensor, this.files.fileOf(tensor), true);
    this.#small = new SmallReads(this.files, verify, alone);
  }

  /** A whole numeric tensor. Without `copy` it may be a view of the shard's mapping. */
  numeric(stored: StoredTensor, copy: boolean): Promise<NumericArray> {
    try {
      const file = this.files.locate(stored);
      return isSmall(stored) ? this.#small.read(stored) : this.#numeric(stored, file, copy);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async #numeric(stored: StoredTensor, file: ReadableFile, copy: boolean): Promise<NumericArray> {
    const { dtype, entry } = stored;
    if (!copy && this.#mayBeView(stored)) {
      // The check comes first, because a caller could move the buffer of a view away while the check runs.
      if (this.verify) await this.checks.check(stored);
      const view = await this.#view(stored, file);
      if (view !== null) return view;
    }
    const into = arrayOf(stored.name, dtype, entry.shape);
    const crc = await this.files.readWhole(stored, into);
    return this.#numericOf(stored, into, crc);
  }

  /** The elements of a string tensor, each a copy. */
  async strings(stored: StoredTensor): Promise<Uint8Array[]> {
    return this.#stringsOf(stored, await this.variant(stored));
  }

  /** The stored bytes of a variant. */
  async variant(stored: StoredTensor): Promise<Uint8Array> {
    this.files.locate(stored);
    const bytes = bytesFor(stored);
    await this.files.readWhole(stored, bytes);
    if (this.verify) await this.checks.checkElements(stored, bytes);
    return bytes;
  }

  /**
   * Whole tensors in their order, none of them partitioned: numbers as from `numeric`, strings as from `strings`,
   * variants as from `variant`. They are read in the order of the files, in batches of one call each. If several
   * tensors of a batch have a problem, the first one is thrown.
   */
  async readAll(
    tensors: readonly StoredTensor[],
    options: { copy: boolean; signal: AbortSignal | undefined; memory: ReadMemory },
  ): Promise<TensorData[]> {
    const { copy, signal, memory } = options;
    const order = await inTurns(fileOrder(tensors), signal, 'reading');
    await inTurns(this.#locateAll(tensors, order), signal, 'reading');
    const values = new Array<TensorData>(tensors.length);
    let at = 0;
    for (const batch of batchesOf(order.map(i => tensors[i]!))) {
      throwIfAborted(signal, 'reading');
      for (const value of (await this.#readSmall(batch)) ?? (await this.#readBatch(batch, copy, memory)))
        values[order[at++]!] = value;
    }
    return values;
  }

  *#locateAll(tensors: readonly StoredTensor[], order: readonly number[]): Steps<void> {
    for (let k = 0; k < order.length; k++) {
      if (k % STEP_TENSORS === 0) yield;
      this.files.locate(tensors[order[k]!]!);
    }
  }

  /** Null if they are few, not all small, of several shards, or if one has a problem: `#readBatch` finds which. */
  async #readSmall(batch: readonly StoredTensor[]): Promise<TensorData[] | null> {
    const { shard } = batch[0]!.entry;
    const isOne = (tensor: StoredTensor): boolean => isSmall(tensor) && tensor.entry.shard === shard;
    if (batch.length < MANY_SMALL || !batch.every(isOne)) return null;
    const read = await readSmall(this.files, batch).catch(() => null);
    if (read === null) return null;
    for (let i = 0; i < batch.length; i++) {
      const { dtype, entry } = batch[i]!;
      if (this.verify && read.crcs[i] !== entry.crc) return null;
      this.files.toHostOrder(dtype, read.arrays[i]!);
    }
    return read.arrays;
  }

  async #readBatch(batch: readonly StoredTensor[], copy: boolean, memory: ReadMemory): Promise<TensorData[]> {
    const values = new Map<number, TensorData>();
    const failed = copy ? null : await this.#readViews(batch, values);
    // What comes after something that is wrong is of no use to anybody.
    const end = failed?.at ?? batch.length;
    const read = batch.map((_, i) => i).filter(i => i < end && !values.has(i));
    const tensors = read.length === batch.length ? batch : read.map(i => batch[i]!);
    const arrays = tensors.map(tensor => arrayFor(tensor, memory));
    const results = read.length === 0 ? null : await readInto(this.files, tensors, arrays);
    for (const [k, tensor] of tensors.entries()) {
      const error = results!.failed.get(k);
      if (error !== undefined) throw naming(tensor, error);
      const value = this.#valueOf(tensor, arrays[k]!, results!.crcs[k]!);
      values.set(read[k]!, isPromise(value) ? await value : value);
    }
    if (failed !== null) throw failed.error;
    return batch.map((_, i) => values.get(i)!);
  }

  /** Views of those tensors of a batch that may be some; or what is wrong with the first of them, and its number. */
  async #readViews(
    batch: readonly StoredTensor[],
    values: Map<number, TensorData>,
  ): Promise<{ at: number; error: unknown } | null> {
    const viewed = batch.map((_, i) => i).filter(i => this.#mayBeView(batch[i]!));
    if (viewed.length === 0) return null;
    const tensors = viewed.map(i => batch[i]!);
    const failed = new Map<StoredTensor, unknown>();
    const onError = (error: unknown, tensor: StoredTensor): void => void failed.set(tensor, error);
    if (this.verify) await this.checks.checkAll(tensors, { action: 'reading', onError });
    for (const [k, tensor] of tensors.entries()) {
      const at = viewed[k]!;
      if (failed.has(tensor)) return { at, error: failed.get(tensor) };
      try {
        const view = await this.#view(tensor, this.files.fileOf(tensor));
        if (view !== null) values.set(at, view);
      } catch (error) {
        return { at, error };
      }
    }
    return null;
  }

  #mayBeView(tensor: StoredTensor): boolean {
    const { dtype, entry } = tensor;
    const aligned = entry.offset % dtype.array.BYTES_PER_ELEMENT === 0;
    return aligned && entry.size >= MIN_VIEW_BYTES && !isEncoded(tensor) && !this.files.isSwapped(dtype);
  }

  /** Null where the tensor is not mapped, or not where an array can begin. */
  async #view(tensor: StoredTensor, file: ReadableFile): Promise<NumericArray | null> {
    const { name, entry, dtype } = tensor;
    for (;;) {
      const found = this.#viewsOf(entry.shard, file).range(entry.offset, entry.size);
      const range = isPromise(found) ? await found.catch(error => refuse(tensor, error)) : found;
      if (range === null || range.byteOffset % dtype.array.BYTES_PER_ELEMENT !== 0) return null;
      // Another read waited for the same mapping and came first, and its caller has moved the buffer away.
      if (isDetached(range.buffer)) continue;
      const length = entry.size / dtype.array.BYTES_PER_ELEMENT;
      return makeArray(name, entry.size, () => new dtype.array(range.buffer, range.byteOffset, length));
    }
  }

  /** The value of a tensor whose stored bytes were read into `array`. */
  #valueOf(tensor: StoredTensor, array: NumericArray, crc: number): TensorData | Promise<TensorData> {
    if (!isEncoded(tensor)) return this.#numericOf(tensor, array, crc);
    const bytes = array as Uint8Array;
    if (tensor.dtype.name === 'string') return this.#stringsOf(tensor, bytes);
    return this.verify ? this.checks.checkElements(tensor, bytes).then(() => bytes) : bytes;
  }

  #numericOf(stored: StoredTensor, array: NumericArray, crc: number): NumericArray {
    if (this.verify) this.files.compare(stored, crc);
    this.files.toHostOrder(stored.dtype, array);
    return array;
  }

  #stringsOf(stored: StoredTensor, bytes: Uint8Array): Uint8Array[] {
    const strings = new StoredStrings(bytes, sizeOf(stored.entry.shape), this.files.contextOf(stored));
    if (this.verify) this.files.compare(stored, strings.crc());
    return strings.elements();
  }

  /**
   * Copies the box `size` at `begin` of a numeric tensor into `target` (an array of shape `targetShape`) at
   * `targetBegin`. The tensor must have been located and checked. Only the rows that the box touches are read.
   */
  async copyBox(
    stored: StoredTensor,
    box: TensorSlice,
    target: NumericArray,
    targetShape: readonly number[],
    targetBegin: readonly number[],
  ): Promise<void> {
    const file = this.files.fileOf(stored);
    const { dtype, entry } = stored;
    const decode = (bytes: Uint8Array): void => this.files.toHostOrder(dtype, bytes);
    const source = { file, offset: entry.offset, shape: entry.shape, elementBytes: dtype.bytes, decode };
    try {
      await readBox(source, box, { array: target, shape: targetShape, begin: targetBegin });
    } catch (error) {
      throw naming(stored, error);
    }
  }

  /** A box of a stored numeric tensor, as an array of its own. */
  async range(stored: StoredTensor, box: TensorSlice): Promise<NumericArray> {
    this.files.locate(stored);
    const target = arrayOf(stored.name, stored.dtype, box.size);
    await this.checkIfAsked([stored], undefined);
    const start = box.size.map(() => 0);
    await this.copyBox(stored, box, target, box.size, start);
    return target;
  }

  /** Checks tensors that were located, in their order, unless the caller does not want checks. */
  async checkIfAsked(tensors: readonly StoredTensor[], signal: AbortSignal | undefined): Promise<void> {
    if (!this.verify) return;
    if (tensors.length === 1) return this.checks.check(tensors[0]!);
    const onError = (error: unknown): never => {
      throw error;
    };
    await this.checks.checkAll(tensors, { signal, action: 'reading', onError });
  }

  /**
   * Stored bytes of a numeric tensor in order, little-endian, in pieces of whole elements. They are checked before the
   * first piece. Bytes of an unknown type are left as they are.
   */
  async *pieces(stored: StoredTensor, pieceBytes: number): AsyncGenerator<Uint8Array> {
    this.files.locate(stored);
    await this.checkIfAsked([stored], undefined);
    const { dtype, entry } = stored;
    const step = wholeElements(dtype, pieceBytes);
    for (let at = 0; at < entry.size; at += step) {
      const piece = new Uint8Array(Math.min(step, entry.size - at));
      await this.files.read(stored, at, piece);
      this.files.toHostOrder(dtype, piece);
      yield piece;
    }
  }

  release(): void {
    for (const views of this.#views.values()) views.release();
    this.#views.clear();
    this.files.release();
  }

  #viewsOf(shard: number, file: ReadableFile): ShardViews {
    let views = this.#views.get(shard);
    if (views === undefined) {
      views = new ShardViews(file);
      this.#views.set(shard, views);
    }
    return views;
  }
}

function refuse(tensor: StoredTensor, error: unknown): never {
  throw naming(tensor, error);
}

/** Bytes of as many whole elements of a numeric type as fit into `bytes`; of one element at least. */
export function wholeElements(dtype: StoredType, bytes: number): number {
  const unit = Math.max(1, dtype.bytes);
  return Math.max(unit, bytes - (bytes % unit));
}

/** An array for the stored bytes of a tensor. */
function arrayFor(tensor: StoredTensor, memory: ReadMemory): NumericArray {
  return isEncoded(tensor) ? bytesFor(tensor) : memory.array(tensor.name, tensor.dtype, tensor.entry.shape);
}

function bytesFor({ name, entry }: StoredTensor): Uint8Array {
  return makeArray(name, entry.size, () => new Uint8Array(entry.size));
}
