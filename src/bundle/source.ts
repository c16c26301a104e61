/**
 * What a caller may give as a tensor, and its check. A source becomes an `Item`: what the save needs to know before any
 * I/O (name, type, shape, bytes) and a way to get the bytes when their turn comes.
 */

import { TensorBundleError } from '../errors.js';
import type { NumericArray } from '../format/dtypes.js';
import { type DType, type DTypeInfo, dtypeInfo, type StoredType } from '../format/dtypes.js';
import type { SliceExtent, TensorSlice } from '../format/slices.js';
import { MAX_NAME_LENGTH } from '../format/table-format.js';
import { classOf, isArrayOf, isBytes, isError } from '../realms.js';
import { elementsOf, type GivenData } from './elements.js';
import { elementCount, shapeError, shapeOf } from './shapes.js';
import { TfPieces } from './tf-pieces.js';

/**
 * A tensor whose data is in memory. Whether `data` fits `dtype` and `shape` is checked when it is given. A TensorValue
 * is one.
 */
export interface GivenTensor {
  /** Type of the elements. */
  dtype: DType;
  shape: readonly number[];
  /** As TensorValue has it; the elements of a string tensor may also be texts, which are stored as UTF-8. */
  data: GivenData;
}

/**
 * A tensor whose data is asked for once, inside `finish()`: strings and variants first (their size is not known
 * before), the others in the order of the file.
 */
export interface LazyTensor {
  dtype: DType;
  shape: readonly number[];
  /**
   * The whole value, or its stored bytes (little-endian, row-major) in pieces. A piece must not be changed after it was
   * handed over. Of a string tensor each piece is one element, as bytes or as text. An abort does not wait for a source
   * that never settles.
   */
  data: () => GivenData | Promise<GivenData> | AsyncIterable<Uint8Array | string>;
}

/** A tf.Tensor or tf.Variable, known by its members: the core never loads TensorFlow.js. */
export interface TfTensorLike {
  readonly dtype: string;
  readonly shape: readonly number[];
  dataSync(): ArrayBufferView | readonly string[];
}

export type TensorSource = GivenTensor | LazyTensor | TfTensorLike;

/**
 * Pieces that were made for the save and that nobody else holds: each is freed as soon as it is written, so that staging
 * gigabytes needs a few MiB, whenever the garbage collector may run.
 */
export class OwnedPieces implements AsyncIterable<Uint8Array> {
  constructor(private readonly pieces: AsyncIterable<Uint8Array>) {}

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.pieces[Symbol.asyncIterator]();
  }
}

/** What `pull` gives: validated when it comes. */
export type Pulled = GivenData | AsyncIterable<Uint8Array | string>;

/** One tensor (or one slice of a partitioned tensor) to be saved. */
export interface Item {
  name: string;
  dtype: StoredType;
  /** Shape of what is stored: the slice's own for a slice. */
  shape: readonly number[];
  /** Null for strings and variants until they are resolved. */
  bytes: number | null;
  shard?: number | undefined;
  slice?: ItemSlice;
  content: Content;
}

/** Which part of a partitioned tensor an item is. */
export interface ItemSlice {
  fullShape: readonly number[];
  box: TensorSlice;
  /** The box as it is stored, where a whole dimension has no length. */
  extents: readonly SliceExtent[];
  /**
   * Place among the slices that the full entry lists, where that is not the order of the data files: merging numbers
   * shards by their first key, but appends slices input by input.
   */
  sequence?: number;
}

/**
 * `foreign`: a caller's source, which may never settle. All others do, and are waited for even after an abort.
 * `own`: an array that was made for the save and that nobody else holds, nor will; it can be written from where it is.
 */
export type Content =
  /** Bytes at hand. `crc` is given where the stored checksum is not that of the bytes alone (strings, variants). */
  | { kind: 'memory'; view: ArrayBufferView; crc?: number; own?: true }
  /** Values whose stored form is made before planning; `lengths` are the bytes of each when they were given. */
  | {
      kind: 'elements';
      elements: () => Promise<Pulled> | Pulled;
      lengths?: readonly number[];
      foreign?: boolean;
      own?: true;
    }
  /** Bytes that come in their turn. */
  | { kind: 'pull'; pull: () => Promise<Pulled> | Pulled; crc?: number; foreign?: boolean; own?: true };

/** Throws ERR_DTYPE or ERR_SHAPE, or ERR_INVALID_ARGUMENT for a name that is too long, with the tensor's name. */
export function itemOf(name: string, source: TensorSource, shard: number | undefined): Item {
  checkLength(name);
  if (source === null || typeof source !== 'object') {
    throw new TensorBundleError(
      'ERR_INVALID_ARGUMENT',
      `tensor '${name}': give { dtype, shape, data } or a tf.Tensor`,
      { tensor: name },
    );
  }
  const dtype = dtypeOf(name, source.dtype);
  const shape = shapeOf(name, source.shape);
  const bytes = dtype.bytes === 0 ? null : elementCount(name, shape) * dtype.bytes;
  if (bytes !== null && !Number.isSafeInteger(bytes)) throw shapeError(name, shape, 'is too large');
  if (dtype.bytes === 0) elementCount(name, shape);
  return { name, dtype, shape, bytes, shard: checkShard(name, shard), content: contentOf(name, source, dtype, shape) };
}

function checkLength(name: string): void {
  // A character takes three bytes at most.
  const found = name.length * 3 > MAX_NAME_LENGTH ? Buffer.byteLength(name) : 0;
  if (found <= MAX_NAME_LENGTH) return;
  throw new TensorBundleError(
    'ERR_BAD_NAME',
    `the tensor's name '${name.slice(0, 100)}…' has ${found} bytes; at most ${MAX_NAME_LENGTH} are written`,
    { expected: MAX_NAME_LENGTH, found },
  );
}

function contentOf(name: string, source: TensorSource, dtype: DTypeInfo, shape: readonly number[]): Content {
  if ('dataSync' in source) {
    const pieces = new TfPieces(name, source, dtype);
    return dtype.bytes === 0
      ? { kind: 'elements', elements: () => pieces.elements(), foreign: true }
      : { kind: 'pull', pull: () => pieces };
  }
  const data = source.data;
  if (typeof data === 'function') {
    return dtype.bytes === 0
      ? { kind: 'elements', elements: () => data(), foreign: true }
      : { kind: 'pull', pull: () => data(), foreign: true };
  }
  if (dtype.bytes === 0) {
    const elements = elementsOf(name, dtype, shape, data);
    const views = isBytes(elements) ? [elements] : elements;
    return { kind: 'elements', elements: () => elements, lengths: views.map(view => view.byteLength) };
  }
  return { kind: 'memory', view: viewOf(name, dtype, shape, data) };
}

/** The value as one view of the right type and length. Throws ERR_DTYPE or ERR_SHAPE. */
export function viewOf(name: string, dtype: StoredType, shape: readonly number[], data: unknown): ArrayBufferView {
  if (!isArrayOf<NumericArray>(dtype.array.name, data)) {
    throw new TensorBundleError(
      'ERR_DTYPE',
      `tensor '${name}': the data of ${dtype.name} must be a ${dtype.array.name}`,
      {
        tensor: name,
        expected: dtype.array.name,
        found: classOf(data),
      },
    );
  }
  const expected = elementCount(name, shape) * (dtype.bytes / dtype.array.BYTES_PER_ELEMENT);
  if (data.length !== expected) {
    throw new TensorBundleError(
      'ERR_SHAPE',
      `tensor '${name}': shape [${shape}] needs ${expected} values, the data has ${data.length}`,
      {
        tensor: name,
        expected,
        found: data.length,
      },
    );
  }
  return data;
}

function dtypeOf(name: string, dtype: string): DTypeInfo {
  try {
    return dtypeInfo(dtype);
  } catch (cause) {
    const message = isError(cause) ? cause.message : String(cause);
    throw new TensorBundleError('ERR_DTYPE', `tensor '${name}': ${message}`, { tensor: name, found: dtype, cause });
  }
}

function checkShard(name: string, shard: number | undefined): number | undefined {
  if (shard === undefined || (Number.isSafeInteger(shard) && shard >= 0 && shard < 99_999)) return shard;
  throw new TensorBundleError('ERR_INVALID_ARGUMENT', `tensor '${name}': shard must be a whole number from 0`, {
    tensor: name,
    found: shard,
  });
}
