/**
 * What a save is made of. An `Item` is one tensor, or one slice of a partitioned tensor: what must be known before any
 * I/O (name, type, shape, bytes), and its content, which is asked for when its turn comes. Tensors that callers give
 * (source.ts), live objects (src/graph/stored) and stored checkpoints (stored-items.ts) all become items.
 */
import { TensorBundleError } from '../errors.js';
import { type DTypeInfo, dtypeInfo, type StoredType } from '../format/dtypes.js';
import { decodeSliceKey, type SliceExtent, type TensorSlice } from '../format/slices.js';
import { MAX_NAME_LENGTH } from '../format/table-format.js';
import { isWellFormed } from '../format/utf8-order.js';
import { isError } from '../realms.js';
import type { GivenData } from './elements.js';
import { elementCount, shapeError, shapeOf } from './shapes.js';

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

/** What `pull` gives: checked when it comes. */
export type Pulled = GivenData | AsyncIterable<Uint8Array | string>;

/**
 * Memory that was made for the save, and that nobody else holds or will hold: it is written from where it is, and not
 * copied before. 'kept': it stays as it is, since the save may be tried again. 'given': it is freed as soon as it is
 * written, each piece by itself, so that gigabytes need a few MiB, whenever the garbage collector may run; so no two
 * pieces may share a buffer.
 */
export type Ownership = 'kept' | 'given';

export type Content =
  /** Bytes at hand. `crc` is given where the stored checksum is not that of the bytes alone (strings, variants). */
  | { kind: 'memory'; view: ArrayBufferView; crc?: number; own?: 'kept' }
  /** Values whose stored form is made before planning; `lengths` are the bytes of each when they were given. */
  | ({ kind: 'elements'; elements: () => Promise<Pulled> | Pulled; lengths?: readonly number[]; own?: 'kept' } & Asked)
  /** Bytes that come in their turn. */
  | ({ kind: 'pull'; pull: () => Promise<Pulled> | Pulled; own?: Ownership } & Asked);

interface Asked {
  /** It is a caller's, and may never settle. All others do, and are waited for even after an abort. */
  foreign?: true;
  /** Called once all of it has been handed over, so that what it came from may be let go of. */
  handedOver?: (() => void) | undefined;
}

/**
 * An item without its content. Throws ERR_BAD_NAME, ERR_DTYPE or ERR_SHAPE, with the tensor's name.
 */
export function describeItem(
  name: string,
  dtypeName: string,
  givenShape: readonly number[],
): Omit<Item, 'content'> & { dtype: DTypeInfo } {
  checkName(name);
  const dtype = dtypeOf(name, dtypeName);
  const shape = shapeOf(name, givenShape);
  const count = elementCount(name, shape);
  const bytes = dtype.bytes === 0 ? null : count * dtype.bytes;
  if (bytes !== null && !Number.isSafeInteger(bytes)) throw shapeError(name, shape, 'is too large');
  return { name, dtype, shape, bytes };
}

/** A name in the form of a slice's key would be taken for one, and its tensor never be found again. */
function checkName(name: unknown): asserts name is string {
  if (typeof name !== 'string' || name === '' || !isWellFormed(name) || isSliceKey(name)) {
    throw new TensorBundleError(
      'ERR_BAD_NAME',
      "a tensor's name is a non-empty string without lone surrogates, and not in the form of a slice's key",
      { tensor: String(name) },
    );
  }
  // A character takes three bytes at most.
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

function dtypeOf(name: string, dtype: string): DTypeInfo {
  try {
    return dtypeInfo(dtype);
  } catch (cause) {
    const message = isError(cause) ? cause.message : String(cause);
    throw new TensorBundleError('ERR_DTYPE', `tensor '${name}': ${message}`, { tensor: name, found: dtype, cause });
  }
}
