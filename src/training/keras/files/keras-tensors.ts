/** The tensors in a file of Keras by their paths, as CheckpointReader has those of a checkpoint. For the command. */
import '../../../disposal.js';
import type { Entry } from '../../../bundle/reader.js';
import { TensorBundleError } from '../../../errors.js';
import type { DType, TensorValue } from '../../../format/dtypes.js';
import { compareUtf8 } from '../../../format/utf8-order.js';
import type { Hdf5Dataset, Hdf5File, Hdf5Group } from '../../../hdf5/hdf5-file.js';
import type { KerasFile } from './keras-file.js';
import { openKerasFile } from './open-keras-file.js';

/** Far above what any model has. The same group may be reached in very many ways. */
const MAX_MEMBERS = 200_000;
const MAX_DEPTH = 100;

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

  /** Null if there is no file of Keras at the path. Throws as `openKerasFile`. */
  static async open(path: string): Promise<KerasTensors | null> {
    const file = await openKerasFile(path);
    if (file === null) return null;
    try {
      const hdf5 = await file.weights();
      const found = new Map<string, Hdf5Dataset>();
      await collect(hdf5.root, { file: path, around: [], seen: { members: 0 } }, found);
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

interface Walk {
  /** For messages. */
  readonly file: string;
  /** The groups in which this one lies. */
  readonly around: readonly Hdf5Group[];
  /** Groups that are reached in several ways count each time. */
  readonly seen: { members: number };
}

async function collect(group: Hdf5Group, walk: Walk, found: Map<string, Hdf5Dataset>): Promise<void> {
  const { file, around, seen } = walk;
  const isRing = around.some(({ id }) => id === group.id);
  if (isRing || around.length > MAX_DEPTH) {
    const why = isRing ? 'a group contains itself' : 'groups are nested too deep';
    throw new TensorBundleError('ERR_CORRUPT', `${file}: ${why}: ${group.path}`, { path: file });
  }
  for (const name of await group.names()) {
    if (++seen.members > MAX_MEMBERS) {
      throw new TensorBundleError('ERR_TOO_LARGE', `${file} has more than ${MAX_MEMBERS} groups and datasets`, {
        path: file,
        expected: MAX_MEMBERS,
      });
    }
    const child = await group.child(name);
    if (child?.kind === 'group') await collect(child, { ...walk, around: [...around, group] }, found);
    else if (child !== undefined) found.set(child.path, child);
  }
}
