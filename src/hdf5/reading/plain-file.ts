/** An HDF5 file that this package reads itself: what Keras and h5py write by default. */
import '../../disposal.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import type { TensorValue } from '../../format/dtypes.js';
import { ReadMemory, readingWith } from '../../storage/read-memory.js';
import type { FileRange } from '../file-range.js';
import type { Hdf5Dataset, Hdf5File, Hdf5Group } from '../hdf5-file.js';
import { GlobalHeap } from './global-heap.js';
import type { OtherReader } from './other-reader.js';
import { openObject, PlainDataset, type PlainGroup, type PlainParts } from './plain-objects.js';
import { Structures } from './structures.js';
import { PIECE_BYTES } from './value-limits.js';
import { readPieces, readValues } from './values.js';

export class PlainFile implements Hdf5File {
  readonly path: string;
  readonly root: PlainGroup;

  private constructor(
    private readonly parts: PlainParts,
    root: PlainGroup,
  ) {
    this.path = parts.structures.range.path;
    this.root = root;
  }

  /** Throws UnknownStructure where `other` has to read all of the file. */
  static async open(range: FileRange, signal: AbortSignal | undefined, other: OtherReader): Promise<PlainFile> {
    const structures = await Structures.open(range, signal);
    const parts: PlainParts = { structures, heap: new GlobalHeap(structures), other };
    const root = await openObject(parts, { path: '', address: structures.root });
    if (root.kind === 'group') return new PlainFile(parts, root);
    throw new TensorBundleError('ERR_CORRUPT', `${range.path}: the root is not a group; the file is damaged`, {
      path: range.path,
    });
  }

  async at(path: string): Promise<Hdf5Group | Hdf5Dataset | undefined> {
    let at: Hdf5Group | Hdf5Dataset | undefined = this.root;
    for (const name of path.split('/')) {
      if (name === '') continue;
      if (at?.kind !== 'group') return undefined;
      at = await at.child(name);
    }
    return at;
  }

  async read(dataset: Hdf5Dataset): Promise<TensorValue> {
    const [value] = await this.readAll([dataset]);
    return value!;
  }

  async readAll(datasets: readonly Hdf5Dataset[], memory?: ReadMemory): Promise<TensorValue[]> {
    if (memory !== undefined) return await this.#readAll(datasets, memory);
    return await readingWith(new ReadMemory(false), given => this.#readAll(datasets, given));
  }

  async *pieces(dataset: Hdf5Dataset, bytes = PIECE_BYTES): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#isOwn(dataset)) yield* readPieces(dataset, bytes, new ReadMemory(false));
    else yield* (await this.#otherFile(dataset)).pieces(dataset, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.parts.structures.close();
    await (await this.parts.other.opened())?.[Symbol.asyncDispose]();
  }

  async #readAll(datasets: readonly Hdf5Dataset[], memory: ReadMemory): Promise<TensorValue[]> {
    const own = datasets.filter(dataset => this.#isOwn(dataset));
    const ownValues = await readValues(own, memory);
    if (own.length === datasets.length) return ownValues;
    const others = datasets.filter(dataset => !this.#isOwn(dataset));
    const otherValues = await (await this.#otherFile(others[0]!)).readAll(others, memory);
    return datasets.map(dataset => (this.#isOwn(dataset) ? ownValues : otherValues).shift()!);
  }

  #isOwn(dataset: Hdf5Dataset): dataset is PlainDataset {
    return dataset instanceof PlainDataset && dataset.parts === this.parts;
  }

  /** What reads a dataset that is not this reader's own; it refuses one that is not its own either. */
  async #otherFile(dataset: Hdf5Dataset): Promise<Hdf5File> {
    this.parts.structures.requireOpen();
    const file = await this.parts.other.opened();
    if (file !== null) return file;
    throw invalidArgument(`the dataset '${dataset.path}' is not of ${this.path}`);
  }
}
