/** An HDF5 file that h5wasm reads, in a thread of its own: whatever happens to it there is only an error here. */
import '../../disposal.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { dtypeInfo, type NumericArray, type TensorValue, tensorValue } from '../../format/dtypes.js';
import { ReadMemory, readingWith } from '../../storage/read-memory.js';
import type { FileRange } from '../file-range.js';
import type { Hdf5Dataset, Hdf5File } from '../hdf5-file.js';
import { withoutFilling } from '../reading/text.js';
import { noTensorError, PIECE_BYTES, requireFewTexts } from '../reading/value-limits.js';
import { boxesOf } from './boxes.js';
import {
  CompiledDataset,
  CompiledGroup,
  type CompiledObject,
  type CompiledParts,
  openCompiled,
} from './compiled-objects.js';
import { LibraryWorker } from './worker.js';

/** Of one read of the library. A chunk may have more. */
const BOX_BYTES = 8 * 1024 * 1024;

export class CompiledFile implements Hdf5File {
  readonly path: string;
  readonly root: CompiledGroup;

  private constructor(private readonly parts: CompiledParts) {
    this.path = parts.path;
    this.root = new CompiledGroup(parts, '');
  }

  /** `library` is the URL of h5wasm. Throws ERR_CORRUPT if it refuses the file. */
  static async open(
    range: FileRange,
    signal: AbortSignal | undefined,
    library: string,
    maxQuietMs?: number,
  ): Promise<CompiledFile> {
    const worker = new LibraryWorker(range, signal, library, maxQuietMs);
    const file = new CompiledFile({ path: range.path, fileBytes: range.size, worker });
    try {
      await worker.call('open');
      return file;
    } catch (error) {
      await file[Symbol.asyncDispose]();
      throw error;
    }
  }

  async at(path: string): Promise<CompiledObject | undefined> {
    const names = path.split('/').filter(name => name !== '');
    return names.length === 0 ? this.root : await openCompiled(this.parts, names.join('/'));
  }

  async read(dataset: Hdf5Dataset): Promise<TensorValue> {
    const [value] = await this.readAll([dataset]);
    return value!;
  }

  async readAll(datasets: readonly Hdf5Dataset[], memory?: ReadMemory): Promise<TensorValue[]> {
    const own = datasets.map(dataset => this.#own(dataset));
    if (memory !== undefined) return await this.#readAll(own, memory);
    return await readingWith(new ReadMemory(false), given => this.#readAll(own, given));
  }

  async *pieces(dataset: Hdf5Dataset, bytes = PIECE_BYTES): AsyncGenerator<Uint8Array, void, undefined> {
    const own = this.#own(dataset);
    if (own.dtype === 'string') yield* await this.#texts(own);
    else yield* this.#boxes(own, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { path } = this;
    await this.parts.worker.end(new TensorBundleError('ERR_CLOSED', `${path} is closed; open it again`, { path }));
  }

  async #readAll(datasets: readonly CompiledDataset[], memory: ReadMemory): Promise<TensorValue[]> {
    const values: TensorValue[] = [];
    for (const dataset of datasets) values.push(await this.#read(dataset, memory));
    return values;
  }

  async #read(dataset: CompiledDataset, memory: ReadMemory): Promise<TensorValue> {
    const { dtype, path, shape } = dataset;
    if (dtype === 'unknown') throw noTensorError(this.path, dataset);
    if (dtype === 'string') return tensorValue(dtype, shape, await this.#texts(dataset));
    const array: NumericArray = memory.array(path, dtypeInfo(dtype), shape);
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    let at = 0;
    for await (const piece of this.#boxes(dataset, BOX_BYTES)) {
      bytes.set(piece, at);
      at += piece.length;
    }
    return tensorValue(dtype, shape, array);
  }

  async *#boxes(dataset: CompiledDataset, most: number): AsyncGenerator<Uint8Array, void, undefined> {
    const { path, shape, type, chunkRows } = dataset;
    for (const { begin, size, count } of boxesOf(shape, Math.max(1, Math.floor(most / type.size)), chunkRows)) {
      yield await this.parts.worker.call('read', `/${path}`, begin, size, count * type.size);
    }
  }

  async #texts(dataset: CompiledDataset): Promise<Uint8Array[]> {
    const { path, shape, type } = dataset;
    requireFewTexts(this.path, dataset);
    const texts: Uint8Array[] = [];
    for (const { begin, size, count } of boxesOf(shape, Math.max(1, Math.floor(BOX_BYTES / type.size)))) {
      const bytes = count * type.size;
      if (type.text === 'variable') {
        for (const text of await this.parts.worker.call('texts', `/${path}`, begin, size, bytes)) texts.push(text);
        continue;
      }
      const fixed = await this.parts.worker.call('read', `/${path}`, begin, size, bytes);
      for (let at = 0; at < bytes; at += type.size) {
        texts.push(withoutFilling(fixed.subarray(at, at + type.size), type.text!));
      }
    }
    return texts;
  }

  #own(dataset: Hdf5Dataset): CompiledDataset {
    if (dataset instanceof CompiledDataset && dataset.parts === this.parts) return dataset;
    throw invalidArgument(`the dataset '${dataset.path}' is not of ${this.path}`);
  }
}
