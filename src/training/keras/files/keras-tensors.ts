/** The tensors in a file of Keras by their paths, as CheckpointReader has those of a checkpoint. For the command. */
import '../../../disposal.js';
import type { Entry } from '../../../bundle/reader.js';
import { TensorBundleError } from '../../../errors.js';
import type { DType, TensorValue } from '../../../format/dtypes.js';
import { compareUtf8 } from '../../../format/utf8-order.js';
import type { Hdf5Dataset, Hdf5File } from '../../../hdf5/hdf5-file.js';
import { datasetsBelow, storedTree } from '../layouts/stored-tree.js';
import type { KerasFile } from './keras-file.js';
import { openKerasFile } from './open-keras-file.js';

export class KerasTensors {
  /** Its path. */
  readonly prefix: string;
  readonly numShards = 1;

  private constructor(
    private readonly file: KerasFile,
    private readonly hdf5: Hdf5File,
    private readonly datasets: ReadonlyMap<string, Hdf5Dataset>,
  ) {
    this.prefix = file.path;
  }

  /** Null if there is no file of Keras at the path. Throws as `openKerasFile` and `storedTree`. */
  static async open(path: string): Promise<KerasTensors | null> {
    const file = await openKerasFile(path);
    if (file === null) return null;
    try {
      const hdf5 = await file.weights();
      const found = datasetsBelow(await storedTree(hdf5));
      const sorted = [...found].sort(([a], [b]) => compareUtf8(a, b));
      return new KerasTensors(file, hdf5, new Map(sorted));
    } catch (error) {
      await file[Symbol.asyncDispose]();
      throw error;
    }
  }

  names(): string[] {
    return [...this.datasets.keys()];
  }

  has(name: string): boolean {
    return this.datasets.has(name);
  }

  /** Throws ERR_NOT_FOUND. */
  entry(name: string): Entry {
    const { dtype, stored, shape, bytes, offset } = this.#dataset(name);
    // A type that no tensor has is told in words.
    const type = dtype === 'unknown' ? (stored as DType) : dtype;
    return {
      dtype: type,
      shape: [...shape],
      bytes,
      shard: offset === null ? null : 0,
      offset,
      crc32c: null,
      slices: [],
    };
  }

  async read(name: string): Promise<TensorValue> {
    return await this.hdf5.read(this.#dataset(name));
  }

  pieces(name: string): AsyncGenerator<Uint8Array, void, undefined> {
    return this.hdf5.pieces(this.#dataset(name));
  }

  async close(): Promise<void> {
    await this.file[Symbol.asyncDispose]();
  }

  #dataset(name: string): Hdf5Dataset {
    const dataset = this.datasets.get(name);
    if (dataset !== undefined) return dataset;
    throw new TensorBundleError('ERR_NOT_FOUND', `there is no tensor '${name}' in ${this.prefix}`, {
      path: this.prefix,
      tensor: name,
    });
  }
}
