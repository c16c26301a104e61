/** An HDF5 file that this package reads itself: what Keras and h5py write by default. */
import '../../disposal.js';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import type { TensorValue } from '../../format/dtypes.js';
import { ReadMemory, readingWith } from '../../storage/read-memory.js';
import type { FileRange } from '../file-range.js';
import type { Hdf5Dataset, Hdf5File } from '../hdf5-file.js';
import { GlobalHeap } from './global-heap.js';
import { openObject, PlainDataset, type PlainGroup, type PlainObject, type PlainParts } from './plain-objects.js';
import { Structures } from './structures.js';
import { readPieces, readValues } from './values.js';

const DEFAULT_PIECE_BYTES = 4 * 1024 * 1024;

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

  /** Throws UnknownStructure where another reader may know more. */
  static async open(range: FileRange, signal: AbortSignal | undefined): Promise<PlainFile> {
    const structures = await Structures.open(range, signal);
    const parts: PlainParts = { structures, heap: new GlobalHeap(structures) };
    const root = await openObject(parts, { path: '', address: structures.root });
    if (root.kind === 'group') return new PlainFile(parts, root);
    throw new TensorBundleError('ERR_CORRUPT', `${range.path}: the root is not a group; the file is damaged`, {
      path: range.path,
    });
  }

  async at(path: string): Promise<PlainObject | undefined> {
    let at: PlainObject | undefined = this.root;
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
    const own = datasets.map(dataset => this.#own(dataset));
    if (memory !== undefined) return await readValues(own, memory);
    return await readingWith(new ReadMemory(false), given => readValues(own, given));
  }

  async *pieces(dataset: Hdf5Dataset, bytes = DEFAULT_PIECE_BYTES): AsyncGenerator<Uint8Array, void, undefined> {
    yield* readPieces(this.#own(dataset), bytes, new ReadMemory(false));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.parts.structures.close();
  }

  #own(dataset: Hdf5Dataset): PlainDataset {
    if (dataset instanceof PlainDataset && dataset.parts === this.parts) return dataset;
    throw invalidArgument(`the dataset '${dataset.path}' is not of ${this.path}`);
  }
}
