/**
 * The values of a file as a restore reads them. Each dataset is a value, by its path; a value that is made of several
 * has the path of the first. HDF5 has no checksums: what can be damaged without being noticed by the reader are the
 * numbers themselves.
 */
import { TensorBundleError } from '../../../errors.js';
import {
  dtypeInfo,
  type NumericArray,
  type StoredDType,
  type TensorValue,
  tensorValue,
} from '../../../format/dtypes.js';
import { sizeOf } from '../../../format/shape.js';
import type { RestoreSource, SourceKind } from '../../../graph/restore/restore-source.js';
import type { StoredEntry } from '../../../graph/stored-graph.js';
import type { Hdf5Dataset, Hdf5File } from '../../../hdf5/hdf5-file.js';
import { ReadMemory, readingWith } from '../../../storage/read-memory.js';
import { plainValue, type StoredValue } from '../layouts/stored-value.js';
import { castInto, isFloat } from './cast-values.js';

/** Larger values of another type are cast piece by piece. */
const PIECE_BYTES = 4 * 1024 * 1024;

export class StoredValues implements RestoreSource {
  readonly prefix: string;
  readonly kind: SourceKind = 'the file';
  readonly #file: Hdf5File;
  readonly #values: Map<string, StoredValue>;

  /** `datasets`: all of the file, by their paths. */
  constructor(file: Hdf5File, datasets: ReadonlyMap<string, Hdf5Dataset>) {
    this.#file = file;
    this.prefix = file.path;
    this.#values = new Map([...datasets].map(([path, dataset]) => [path, plainValue(path, dataset)]));
  }

  /** Says of what a value is made, which has been the dataset at its key until now. */
  define(value: StoredValue): void {
    this.#values.set(value.key, value);
  }

  names(): readonly string[] {
    return [...this.#values.keys()];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  entry(name: string): StoredEntry {
    const value = this.#valueOf(name);
    const dtype = typeOf(value);
    const bytes = isFloat(value.dtype)
      ? sizeOf(value.shape) * 4
      : value.datasets.reduce((sum, one) => sum + one.bytes, 0);
    return { dtype, shape: value.shape, bytes };
  }

  async read(name: string): Promise<TensorValue> {
    return (await this.readAll([name]))[0]!;
  }

  readAll(names: readonly string[]): Promise<TensorValue[]> {
    return readingWith(new ReadMemory(false), memory => this.readForTensors(names, memory));
  }

  /** Those that are stored as they are needed are read together, the others one after the other. */
  async readForTensors(names: readonly string[], memory: ReadMemory): Promise<TensorValue[]> {
    const values = names.map(name => this.#valueOf(name));
    const plain = values.filter(isPlain);
    const read = await this.#file.readAll(
      plain.map(({ datasets }) => datasets[0]!),
      memory,
    );
    const byKey = new Map(plain.map(({ key }, i) => [key, read[i]!]));
    const seen = new Set<string>();
    const result: TensorValue[] = [];
    for (const value of values) {
      const known = isPlain(value) ? byKey.get(value.key)! : await this.#made(value, memory);
      // A name may occur twice, and each caller may keep the memory.
      const again = seen.has(value.key) && isPlain(value);
      result.push(again ? tensorValue(known.dtype, known.shape, known.data.slice()) : known);
      seen.add(value.key);
    }
    return result;
  }

  /** The reader has checked that the datasets lie within the file. Only those that are compressed must be read. */
  async check(names: readonly string[]): Promise<void> {
    for (const name of names) {
      for (const dataset of this.#valueOf(name).datasets) {
        if (dataset.offset !== null) continue;
        for await (const piece of this.#file.pieces(dataset, PIECE_BYTES)) void piece;
      }
    }
  }

  async #made(value: StoredValue, memory: ReadMemory): Promise<TensorValue> {
    const elements: Float32Array[] = [];
    for (const dataset of value.datasets) elements.push(await this.#floats(dataset, memory));
    return tensorValue('float32', value.shape, value.make?.(elements) ?? elements[0]!);
  }

  async #floats(dataset: Hdf5Dataset, memory: ReadMemory): Promise<Float32Array> {
    const { path, dtype, shape, bytes } = dataset;
    if (dtype === 'float32' || bytes <= PIECE_BYTES) {
      const { data } = await this.#file.read(dataset);
      if (dtype === 'float32') return data as Float32Array;
      const cast = new Float32Array(data.length);
      castInto(dtype, data as NumericArray, cast);
      return cast;
    }
    const into = memory.array(path, dtypeInfo('float32') as never, shape) as Float32Array;
    const { array: ArrayOf, bytes: size } = dtypeInfo(dtype as 'float64') as unknown as {
      array: new (buffer: ArrayBuffer) => NumericArray;
      bytes: number;
    };
    let at = 0;
    for await (const piece of this.#file.pieces(dataset, PIECE_BYTES)) {
      const elements = new ArrayOf(Uint8Array.from(piece).buffer);
      castInto(dtype, elements, into, at);
      at += piece.byteLength / size;
    }
    return into;
  }

  #valueOf(name: string): StoredValue {
    const value = this.#values.get(name);
    if (value !== undefined) return value;
    throw new TensorBundleError('ERR_NOT_FOUND', `${this.prefix} has no dataset '${name}'`, {
      path: this.prefix,
      tensor: name,
    });
  }
}

/** Whether the value is the dataset as it is. */
function isPlain({ make, dtype }: StoredValue): boolean {
  return make === undefined && (dtype === 'float32' || !isFloat(dtype));
}

/** A type that no tensor has is named as it is stored. */
function typeOf({ dtype, datasets }: StoredValue): StoredDType {
  if (isFloat(dtype)) return 'float32';
  return dtype === 'unknown' ? (datasets[0]!.stored.replaceAll(' ', '-') as StoredDType) : dtype;
}
