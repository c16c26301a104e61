/**
 * Reads tensors of an open bundle: whole, by range, or many together. Nothing is allocated before the numbers of the
 * entry agree with each other and with the file. Nothing is returned before its checksum was checked (unless the caller
 * does not want checks).
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
import { TensorFiles } from './tensor-files.js';
import { batchesOf, fileOrder, isEncoded, readInto } from './tensor-ranges.js';

/**
 * Smaller tensors are copied, which costs less than page faults. Also, a small tensor that a caller keeps then does not
 * keep the mapping of a large file, and so the disk space of a file that has been replaced.
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

  /** A whole numeric tensor. Without `copy` it may be a view of the shard's mapping. */
  async numeric(stored: StoredTensor, copy: boolean): Promise<NumericArray> {
    const file = this.files.locate(stored);
    const { dtype, entry } = stored;
    if (!copy && this.#mayBeView(stored)) {
      // The check comes first, because a caller could move the buffer of a view away while the check runs.
      if (this.verify) await this.checks.check(stored);
      const view = await this.#view(stored, file);
      if (view !== null) return view;
    }
    const into = arrayOf(stored.name, dtype, entry.shape);
    const crc = await file.read(entry.offset, into);
    return this.#numericOf(stored, into, crc);
  }

  /** The elements of a string tensor, each a copy. */
  async strings(stored: StoredTensor): Promise<Uint8Array[]> {
    return this.#stringsOf(stored, await this.variant(stored));
  }

  /** The stored bytes of a variant. */
  async variant(stored: StoredTensor): Promise<Uint8Array> {
    const file = this.files.locate(stored);
    const bytes = bytesFor(stored);
    await file.read(stored.entry.offset, bytes);
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
    options: { copy: boolean; signal: AbortSignal | undefined },
  ): Promise<TensorData[]> {
    const { copy, signal } = options;
    for (const tensor of tensors) this.files.locate(tensor);
    const order = await inTurns(fileOrder(tensors), signal, 'reading');
    const values = new Array<TensorData>(tensors.length);
    let at = 0;
    for (const batch of batchesOf(order.map(i => tensors[i]!))) {
      throwIfAborted(signal, 'reading');
      for (const value of await this.#readBatch(batch, copy)) values[order[at++]!] = value;
    }
    return values;
  }

  async #readBatch(batch: readonly StoredTensor[], copy: boolean): Promise<TensorData[]> {
    const failed = new Map<number, unknown>();
    const values = new Map<number, TensorData>();
    if (!copy) await this.#readViews(batch, values, failed);
    const read = batch.map((_, i) => i).filter(i => !values.has(i) && !failed.has(i));
    const arrays = read.map(i => arrayFor(batch[i]!));
    const tensors = read.length === batch.length ? batch : read.map(i => batch[i]!);
    const results = read.length === 0 ? null : await readInto(this.files, tensors, arrays);
    for (const [k, i] of read.entries()) {
      const error = results!.failed.get(k);
      if (error !== undefined) failed.set(i, error);
      // Only the first error is thrown, so the tensors after it are not needed.
      if (failed.size > 0) continue;
      try {
        const value = this.#valueOf(batch[i]!, arrays[k]!, results!.crcs[k]!);
        values.set(i, isPromise(value) ? await value : value);
      } catch (fault) {
        failed.set(i, fault);
      }
    }
    if (failed.size > 0) throw failed.get(Math.min(...failed.keys()));
    return batch.map((_, i) => values.get(i)!);
  }

  /** Finds the tensors of a batch that may be views. Gives their views or their problems, by position in the batch. */
  async #readViews(
    batch: readonly StoredTensor[],
    values: Map<number, TensorData>,
    failed: Map<number, unknown>,
  ): Promise<void> {
    const viewed = new Map(batch.flatMap((tensor, i) => (this.#mayBeView(tensor) ? [[tensor, i] as const] : [])));
    if (viewed.size === 0) return;
    const onError = (error: unknown, tensor: StoredTensor): void => void failed.set(viewed.get(tensor)!, error);
    if (this.verify) await this.checks.checkAll([...viewed.keys()], { action: 'reading', onError });
    if (failed.size > 0) return;
    for (const [tensor, i] of viewed) {
      const view = await this.#view(tensor, this.files.fileOf(tensor));
      if (view !== null) values.set(i, view);
    }
  }

  #mayBeView(tensor: StoredTensor): boolean {
    const { dtype, entry } = tensor;
    const aligned = entry.offset % dtype.array.BYTES_PER_ELEMENT === 0;
    return aligned && entry.size >= MIN_VIEW_BYTES && !isEncoded(tensor) && !this.files.isSwapped(dtype);
  }

  /** Null if the tensor is not mapped, or begins where an array cannot begin. */
  async #view({ name, entry, dtype }: StoredTensor, file: ReadableFile): Promise<NumericArray | null> {
    for (;;) {
      const found = this.#viewsOf(entry.shard, file).range(entry.offset, entry.size);
      const range = isPromise(found) ? await found : found;
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
    await readBox(source, box, { array: target, shape: targetShape, begin: targetBegin });
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
    const file = this.files.locate(stored);
    await this.checkIfAsked([stored], undefined);
    const { dtype, entry } = stored;
    const step = wholeElements(dtype, pieceBytes);
    for (let at = 0; at < entry.size; at += step) {
      const piece = new Uint8Array(Math.min(step, entry.size - at));
      await file.read(entry.offset + at, piece);
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

/** The bytes of as many whole elements of a numeric type as fit into `bytes`, but of at least one. */
export function wholeElements(dtype: StoredType, bytes: number): number {
  const unit = Math.max(1, dtype.bytes);
  return Math.max(unit, bytes - (bytes % unit));
}

/** An array for the stored bytes of a tensor. */
function arrayFor(tensor: StoredTensor): NumericArray {
  return isEncoded(tensor) ? bytesFor(tensor) : arrayOf(tensor.name, tensor.dtype, tensor.entry.shape);
}

function bytesFor({ name, entry }: StoredTensor): Uint8Array {
  return makeArray(name, entry.size, () => new Uint8Array(entry.size));
}
