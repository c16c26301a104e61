/**
 * An open HDF5 file, however it is read: by this package's own reader, or by h5wasm where that one does not know a
 * structure. Everything that comes from the file has been checked. All methods reject with ERR_CORRUPT, ERR_TRUNCATED,
 * ERR_TOO_LARGE, ERR_NOT_SUPPORTED, ERR_IO, ERR_ABORTED (the `signal` of `openHdf5`) and ERR_CLOSED.
 */
import type { DType, NumericArray, TensorValue } from '../format/dtypes.js';
import type { ReadMemory } from '../storage/read-memory.js';

/** 'unknown' for what no tensor has: then `stored` says in words what it is. */
export type Hdf5DType = DType | 'unknown';

/**
 * A scalar is a string, number, bigint (64-bit integers) or boolean; an array is its elements in C order: strings, or
 * a typed array as a tensor of its type has it. Null: an empty attribute (h5py's `Empty`), or one of an unknown type.
 */
export type Hdf5Value = string | readonly string[] | number | bigint | boolean | NumericArray | null;

export interface Hdf5Attribute {
  readonly dtype: Hdf5DType;
  /** The stored type in words. */
  readonly stored: string;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
  /** Text is UTF-8, without what fills up strings of fixed length. */
  readonly value: Hdf5Value;
}

export interface Hdf5Dataset {
  readonly kind: 'dataset';
  /** From the root, without a `/` at the beginning: `layers/dense/vars/0`. */
  readonly path: string;
  /** Two paths of one object (hard links) have the same, unless h5wasm found them: it knows only paths. */
  readonly id: string;
  /** As a reader gives its values: big-endian numbers are swapped; bool is h5py's; bfloat16 as Keras marks it. */
  readonly dtype: Hdf5DType;
  /** The stored type in words: `float32`, `big-endian int64`, `compound of 24 bytes`. */
  readonly stored: string;
  readonly shape: readonly number[];
  /** Bytes of all elements; for strings, of what the dataset holds of each. */
  readonly bytes: number;
  /**
   * Where the values begin in the file of the range, if they lie there as a tensor has them (together, little-endian,
   * not filtered). Else null.
   */
  readonly offset: number | null;
  attributes(): Promise<ReadonlyMap<string, Hdf5Attribute>>;
}

export interface Hdf5Group {
  readonly kind: 'group';
  /** From the root, without a `/` at the beginning; empty for the root itself. */
  readonly path: string;
  /** As that of a dataset. */
  readonly id: string;
  /** Names of all links, in the file's order, which is that of their bytes (`10` comes before `9`). */
  names(): Promise<readonly string[]>;
  /**
   * What a link leads to; undefined if there is no such name, or a soft link leads nowhere. Throws ERR_NOT_SUPPORTED
   * for what is neither a group nor a dataset, and for a link to another file.
   */
  child(name: string): Promise<Hdf5Group | Hdf5Dataset | undefined>;
  attributes(): Promise<ReadonlyMap<string, Hdf5Attribute>>;
}

export interface Hdf5File extends AsyncDisposable {
  readonly path: string;
  readonly root: Hdf5Group;
  /** What a path like `layers/dense/vars/0` leads to; undefined if there is none. */
  at(path: string): Promise<Hdf5Group | Hdf5Dataset | undefined>;
  /**
   * The values, little-endian, in C order: of strings, one Uint8Array per element. Throws ERR_DTYPE for a dataset of an
   * unknown type.
   */
  read(dataset: Hdf5Dataset): Promise<TensorValue>;
  /**
   * As `read`, in the order of `datasets`; they are read in the order of the file, many in one call. With
   * `new ReadMemory(true)` (use `readingWith`), TensorFlow.js takes the arrays without a copy.
   */
  readAll(datasets: readonly Hdf5Dataset[], memory?: ReadMemory): Promise<TensorValue[]>;
  /**
   * The values in order, as in `read`, in copies of at most `bytes` bytes (4 MiB by default), of whole elements. Of
   * strings, one piece per element.
   */
  pieces(dataset: Hdf5Dataset, bytes?: number): AsyncGenerator<Uint8Array, void, undefined>;
}
