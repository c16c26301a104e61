/**
 * Reads tensors of an open bundle: whole, by range, many together. Nothing is allocated before the entry's numbers
 * agree with each other and with the file; nothing is returned before its checksum was checked (unless the caller said
 * so).
 */
import { throwIfAborted } from '../errors.js';
import type { NumericArray, StoredType, TensorData } from '../format/dtypes.js';
import { sizeOf } from '../format/shape.js';
import type { TensorSlice } from '../format/slices.js';
import { decodeStrings } from '../format/strings.js';
import { inTurns } from '../format/turns.js';
import { isPromise } from '../realms.js';
import type { ReadableFile } from '../storage/file.js';
import { arrayOf, makeArray } from './arrays.js';
import { readBox } from './box-reader.js';
import type { OpenBundle } from './open-bundle.js';
import { isDetached, ShardViews } from './shard-views.js';
import type { StoredTensor } from './stored-tensor.js';
import { TensorChecks } from './tensor-checks.js';
import { naming, TensorFiles } from './tensor-files.js';
import { batchesOf, fileOrder, isEncoded, readInto } from './tensor-ranges.js';

/**
 * Smaller tensors are copied: cheaper than page faults, and a scalar that somebody keeps does not hold the mapping of a
 * large file, and with it the disk space of a replaced one.
 */
const MIN_VIEW_BYTES = 4096;

export class TensorReader {
  readonly files: TensorFiles;
  readonly checks: TensorChecks;
  readonly #views = new Map<number, ShardViews>();

  constructor(
    bundle: OpenBundle,
    private readonly verify: boolean,
  ) {
    this.files = new TensorFiles(bundle);
    this.checks = new TensorChecks(this.files);
  }

  /** A numeric tensor whole. Without `copy` it may be a view of the shard's mapping. */
  async numeric(stored: StoredTensor, copy: boolean): Promise<NumericArray> {
    const file = this.files.locate(stored);
    const { dtype, entry } = stored;
    if (!copy && this.#mayBeView(stored)) {
      // The check comes first: while it runs, a caller could move away the buffer that this read would be given.
      if (this.verify) await this.checks.check(stored);
      const view = await this.#view(stored, file);
      if (view !== null) return view;
    }
    const into = arrayOf(stored.name, dtype, entry.shape);
    const crc = await this.files.read(stored, 0, into);
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
    await this.files.read(stored, 0, bytes);
    if (this.verify) await this.checks.checkElements(stored, bytes);
    return bytes;
  }

  /**
   * Whole tensors, none of them partitioned, in their order: numbers as `numeric` gives them, strings as `strings`,
   * variants as `variant`. They are read in the order of the files, in batches of one call each; of what is wrong in
   * one batch the error says what comes first there.
   */
  async readAll(
    tensors: readonly StoredTensor[],
    options: { copy: boolean; signal: AbortSignal | undefined },
  ): Promise<TensorData[]> {
    const { copy, signal } = options;
    const order = await inTurns(fileOrder(tensors), signal, 'reading');
    for (const i of order) this.files.locate(tensors[i]!);
    const values = new Array<TensorData>(tensors.length);
    let at = 0;
    for (const batch of batchesOf(order.map(i => tensors[i]!))) {
      throwIfAborted(signal, 'reading');
      for (const value of await this.#readBatch(batch, copy)) values[order[at++]!] = value;
    }
    return values;
  }

  async #readBatch(batch: readonly StoredTensor[], copy: boolean): Promise<TensorData[]> {
    const values = new Map<number, TensorData>();
    const failed = copy ? null : await this.#readViews(batch, values);
    // What comes after something that is wrong is of no use to anybody.
    const end = failed?.at ?? batch.length;
    const read = batch.map((_, i) => i).filter(i => i < end && !values.has(i));
    const tensors = read.length === batch.length ? batch : read.map(i => batch[i]!);
    const arrays = tensors.map(arrayFor);
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
      // Another read that waited for the same mapping was first, and its caller has moved it away.
      if (isDetached(range.buffer)) continue;
      const length = entry.size / dtype.array.BYTES_PER_ELEMENT;
      return makeArray(name, entry.size, () => new dtype.array(range.buffer, range.byteOffset, length));
    }
  }

  /** What a tensor is whose stored bytes were read into `array`. */
  #valueOf(tensor: StoredTensor, array: NumericArray, crc: number): TensorData | Promise<TensorData> {
    if (!isEncoded(tensor)) return this.#numericOf(tensor, array, crc);
    const bytes = array as Uint8Array;
    const value = (): TensorData => (tensor.dtype.name === 'string' ? this.#stringsOf(tensor, bytes) : bytes);
    return this.verify ? this.checks.checkElements(tensor, bytes).then(value) : value();
  }

  #numericOf(stored: StoredTensor, array: NumericArray, crc: number): NumericArray {
    if (this.verify) this.files.compare(stored, crc);
    this.files.toHostOrder(stored.dtype, array);
    return array;
  }

  #stringsOf(stored: StoredTensor, bytes: Uint8Array): Uint8Array[] {
    return decodeStrings(bytes, sizeOf(stored.entry.shape), this.files.contextOf(stored));
  }

  /**
   * Copies the box `size` at `begin` of a numeric tensor, located and checked before, into `target` (an array of shape
   * `targetShape`) at `targetBegin`. Reads only the rows the box touches.
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

  /** Checks tensors that were located, in their order, unless the caller wants no checks. */
  async checkIfAsked(tensors: readonly StoredTensor[], signal: AbortSignal | undefined): Promise<void> {
    if (!this.verify) return;
    if (tensors.length === 1) return this.checks.check(tensors[0]!);
    const onError = (error: unknown): never => {
      throw error;
    };
    await this.checks.checkAll(tensors, { signal, action: 'reading', onError });
  }

  /**
   * Stored bytes of a numeric tensor in order, little-endian, in pieces of whole elements; checked before the first
   * one. Those of a type that is not known are as they are.
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

/** Where the stored bytes of a tensor go. */
function arrayFor(tensor: StoredTensor): NumericArray {
  return isEncoded(tensor) ? bytesFor(tensor) : arrayOf(tensor.name, tensor.dtype, tensor.entry.shape);
}

function bytesFor({ name, entry }: StoredTensor): Uint8Array {
  return makeArray(name, entry.size, () => new Uint8Array(entry.size));
}
