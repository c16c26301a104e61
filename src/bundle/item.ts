/**
 * What a save is made of. An `Item` is a tensor, or a slice of a partitioned tensor. It has what must be known before
 * any I/O (name, type, shape, bytes), and its content, which is asked for when its turn comes. Tensors that callers
 * give (source.ts), live objects (src/graph/stored) and stored checkpoints (stored-items.ts) all become items.
 */
import { TensorBundleError } from '../errors.js';
import { type DTypeInfo, dtypeInfo, type StoredType } from '../format/dtypes.js';
import { decodeSliceKey, type SliceExtent, type TensorSlice } from '../format/slices.js';
import { MAX_NAME_LENGTH } from '../format/table-format.js';
import { isWellFormed } from '../format/utf8-order.js';
import { isError } from '../realms.js';
import type { GivenData } from './elements.js';
import { elementCount, shapeError, shapeOf } from './shapes.js';

/** A tensor (or a slice of a partitioned tensor) to be saved. */
export interface Item {
  name: string;
  dtype: StoredType;
  /** Shape of the stored data; for a slice, the shape of the slice. */
  shape: readonly number[];
  /** Null for strings and variants until they are resolved. */
  bytes: number | null;
  shard?: number | undefined;
  slice?: ItemSlice;
  content: Content;
}

/** An item whose size is known. */
export interface SizedItem extends Item {
  bytes: number;
}

/** Which part of a partitioned tensor an item is. */
export interface ItemSlice {
  fullShape: readonly number[];
  box: TensorSlice;
  /** The box as it is stored, where a whole dimension has no length. */
  extents: readonly SliceExtent[];
  /**
   * The place in the list of slices in the full entry, if that is not the order of the data files: a merge numbers
   * shards by their first key, but lists slices input by input.
   */
  sequence?: number;
}

/** The result of `pull`. It is checked when it arrives. */
export type Pulled = GivenData | AsyncIterable<Uint8Array | string>;

/**
 * Memory that was made for the save, so that no caller has it or will have it. It is written directly, without a copy.
 * 'kept': it stays unchanged, since the save may be tried again. 'given': each piece is freed as soon as it is written,
 * so that gigabytes need only a few MiB, whenever the garbage collector runs. So two pieces must not share a buffer.
 */
export type Ownership = 'kept' | 'given';

export type Content =
  /**
   * Bytes that are there already. `crc` is given if the stored checksum is not that of the bytes alone (strings,
   * variants).
   */
  | { kind: 'memory'; view: ArrayBufferView; crc?: number; own?: 'kept' }
  /** Values whose stored form is made before planning. `lengths` are the bytes that each had when it was given. */
  | ({ kind: 'elements'; elements: () => Promise<Pulled> | Pulled; lengths?: readonly number[]; own?: 'kept' } & Asked)
  /** Bytes that are asked for when their turn comes. */
  | ({ kind: 'pull'; pull: () => Promise<Pulled> | Pulled; own?: Ownership } & Asked);

interface Asked {
  /** True: a caller's function, which may never settle. All others do settle, and are awaited even after an abort. */
  foreign?: true;
  /** Called once the whole content has been handed over, so that its source can be released. */
  handedOver?: (() => void) | undefined;
}

/** An item without its content. Throws ERR_BAD_NAME, ERR_DTYPE or ERR_SHAPE, with the tensor's name. */
export function describeItem(
  name: string,
  dtypeName: string,
  givenShape: readonly number[],
): Omit<Item, 'content'> & { dtype: DTypeInfo } {
  checkName(name);
  const dtype = dtypeOf(name, dtypeName);
  const shape = shapeOf(name, givenShape);
  return { name, dtype, shape, bytes: bytesOf(name, dtype, shape) };
}

/** Null for strings and variants. Throws ERR_SHAPE. */
export function bytesOf(name: string, dtype: DTypeInfo, shape: readonly number[]): number | null {
  const count = elementCount(name, shape);
  const bytes = dtype.bytes === 0 ? null : count * dtype.bytes;
  if (bytes !== null && !Number.isSafeInteger(bytes)) throw shapeError(name, shape, 'is too large');
  return bytes;
}

/** A name in the form of a slice's key would be read as one, and its tensor would never be found again. */
export function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || !isWellFormed(name) || isSliceKey(name)) {
    throw new TensorBundleError(
      'ERR_BAD_NAME',
      "a tensor's name must be a non-empty string without lone surrogates, and not in the form of a slice's key",
      { tensor: String(name) },
    );
  }
  // A character takes at most three bytes.
  const found = name.length * 3 > MAX_NAME_LENGTH ? Buffer.byteLength(name) : 0;
  if (found <= MAX_NAME_LENGTH) return;
  throw new TensorBundleError(
    'ERR_BAD_NAME',
    `the tensor's name '${name.slice(0, 100)}…' has ${found} bytes; at most ${MAX_NAME_LENGTH} are written`,
    { expected: MAX_NAME_LENGTH, found },
  );
}

function isSliceKey(name: string): boolean {
  if (!name.startsWith('\0')) return false;
  try {
    decodeSliceKey(Buffer.from(name));
    return true;
  } catch {
    return false;
  }
}

export function dtypeOf(name: string, dtype: string): DTypeInfo {
  try {
    return dtypeInfo(dtype);
  } catch (cause) {
    const message = isError(cause) ? cause.message : String(cause);
    throw new TensorBundleError('ERR_DTYPE', `tensor '${name}': ${message}`, { tensor: name, found: dtype, cause });
  }
}
