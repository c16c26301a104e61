/** What the header of a dataset says: its type, its shape and where its elements are. */
import { TensorBundleError } from '../../errors.js';
import { sizeOf } from '../../format/shape.js';
import {
  DEFLATE,
  type Filter,
  type Layout,
  readFillValue,
  readFilters,
  readLayout,
  SHUFFLE,
} from './dataset-messages.js';
import { readShape } from './dataspace.js';
import { readDatatype, type StoredType } from './datatype.js';
import type { Fields } from './fields.js';
import { MESSAGE, type Message } from './object-header.js';
import { UnknownStructure } from './other-reader.js';
import type { Structures } from './structures.js';
import { mostExpandedBytes } from './value-limits.js';

/** Where the elements of a dataset are. */
export type Storage =
  /** In a row from a byte of the file on. */
  | { readonly kind: 'row'; readonly offset: number }
  /** Nowhere: each is the fill value. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'chunks';
      readonly tree: number;
      readonly shape: readonly number[];
      readonly filters: readonly Filter[];
    };

export interface StoredDataset {
  readonly type: StoredType;
  /** Null: it holds nothing at all. */
  readonly shape: readonly number[] | null;
  readonly bytes: number;
  readonly storage: Storage;
  /** One element where nothing was written. Null: zeros. */
  readonly fill: Uint8Array | null;
}

/** Whether the object is a dataset, and not a group or a type. */
export function isDataset(messages: readonly Message[]): boolean {
  return messages.some(({ type }) => type === MESSAGE.layout);
}

/** `path` is that of the dataset, for errors. */
export function readDataset(structures: Structures, path: string, messages: readonly Message[]): StoredDataset {
  const find = (type: number): Fields | undefined => {
    const found = messages.find(message => message.type === type);
    if (found?.isShared) throw new UnknownStructure('a dataset whose type is stored elsewhere');
    return found?.fields.copy();
  };
  const [typeFields, shapeFields, layoutFields] = [MESSAGE.datatype, MESSAGE.dataspace, MESSAGE.layout].map(find);
  if (!typeFields || !shapeFields || !layoutFields) {
    throw messages[0]!.fields.corrupt(`the dataset '${path}' lacks its type or its shape`);
  }
  if (find(MESSAGE.externalFiles)) throw elsewhere(structures.range.path, path);
  const type = readDatatype(typeFields);
  const shape = readShape(shapeFields);
  const bytes = shape === null ? 0 : sizeOf(shape) * type.size;
  if (bytes > Number.MAX_SAFE_INTEGER) throw shapeFields.corrupt(`the dataset '${path}' has too many elements`);
  const layout = readLayout(layoutFields, shape?.length ?? 0, type.size);
  const filters = find(MESSAGE.filters);
  const storage = storageOf(structures, path, bytes, layout, filters === undefined ? [] : readFilters(filters));
  if (storage.kind !== 'row') requireExpandable(structures, path, bytes);
  return { type, shape, bytes, storage, fill: fillOf(find, type.size) };
}

function storageOf(
  structures: Structures,
  path: string,
  bytes: number,
  layout: Layout,
  filters: readonly Filter[],
): Storage {
  const what = `the dataset '${path}'`;
  if (layout.kind === 'chunked') {
    const unknown = filters.find(({ id }) => id !== DEFLATE && id !== SHUFFLE);
    if (unknown !== undefined) throw new UnknownStructure(`chunks with the filter ${unknown.id}`);
    const { address, shape } = layout;
    return address === null ? { kind: 'none' } : { kind: 'chunks', tree: address, shape, filters };
  }
  if (bytes === 0 || (layout.kind === 'contiguous' && layout.address === null)) return { kind: 'none' };
  if (layout.bytes >= bytes) {
    const isCompact = layout.kind === 'compact';
    return { kind: 'row', offset: isCompact ? layout.offset : structures.place(layout.address, bytes, what, path) };
  }
  const file = structures.range.path;
  throw new TensorBundleError(
    'ERR_CORRUPT',
    `${file}: ${what} needs ${bytes} bytes, but has ${layout.bytes}; the file is damaged, restore it from another copy`,
    { path: file, tensor: path, expected: bytes, found: layout.bytes },
  );
}

function fillOf(find: (type: number) => Fields | undefined, elementBytes: number): Uint8Array | null {
  const fields = find(MESSAGE.fillValue);
  const old = fields === undefined ? find(MESSAGE.oldFillValue) : undefined;
  const value = fields ? readFillValue(fields, false) : old ? readFillValue(old, true) : null;
  if (value !== null && value.length !== elementBytes) {
    throw (fields ?? old)!.corrupt(`a fill value of ${value.length} bytes for elements of ${elementBytes}`);
  }
  // A copy, because the dataset would keep a block of the file.
  return value && Uint8Array.prototype.slice.call(value);
}

function requireExpandable({ range: { path, size } }: Structures, tensor: string, bytes: number): void {
  const most = mostExpandedBytes(size);
  if (bytes <= most) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path}: the dataset '${tensor}' would take ${bytes} bytes of memory, and the file has only ${size}`,
    { path, tensor, expected: most, found: bytes },
  );
}

function elsewhere(path: string, tensor: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `${path}: the values of the dataset '${tensor}' are in another file; copy it into one file with h5repack`,
    { path, tensor },
  );
}
