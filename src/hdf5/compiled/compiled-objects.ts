/** Groups and datasets as h5wasm finds them, by their paths. */
import { TensorBundleError } from '../../errors.js';
import { sizeOf } from '../../format/shape.js';
import type { Hdf5Attribute, Hdf5Dataset, Hdf5DType, Hdf5Group, Hdf5Value } from '../hdf5-file.js';
import type { StoredType } from '../reading/datatype.js';
import { numericValue, textValue } from '../reading/decoded-attributes.js';
import { textOf, withoutFilling } from '../reading/text.js';
import { mostExpandedBytes } from '../reading/value-limits.js';
import type { LibraryAttribute, LibraryMetadata } from './library-server.js';
import { typeOf } from './library-types.js';
import type { LibraryWorker } from './worker.js';

/** As for this package's own reader: deeper groups are in themselves. */
const MAX_DEPTH = 256;
/** HDF5's own filters, which h5wasm has: deflate, shuffle, Fletcher's checksum, N-bit, scale and offset. */
const FILTERS: readonly number[] = [1, 2, 3, 5, 6];
/** A chunk may be that much larger than its dataset. */
const SPARE_BYTES = 64 * 1024 * 1024;

/** What all objects of a file share. */
export interface CompiledParts {
  readonly path: string;
  readonly fileBytes: number;
  readonly worker: LibraryWorker;
}

export type CompiledObject = CompiledGroup | CompiledDataset;

/** What a path leads to. Throws ERR_NOT_SUPPORTED for what is neither a group nor a dataset. */
export async function openCompiled(parts: CompiledParts, path: string): Promise<CompiledObject | undefined> {
  if (path.split('/', MAX_DEPTH + 1).length > MAX_DEPTH) {
    throw refusal(parts, path.slice(0, 80), 'ERR_TOO_LARGE', `lies more than ${MAX_DEPTH} groups deep`);
  }
  const found = await parts.worker.call('describe', `/${path}`);
  if (found.kind === 'nothing') return undefined;
  if (found.kind === 'group') return new CompiledGroup(parts, path);
  if (found.kind !== 'dataset') {
    throw refusal(parts, path, 'ERR_NOT_SUPPORTED', `is a ${found.kind}, not a group or a dataset`);
  }
  const { metadata, filters } = found;
  const unknown = filters.find(id => !FILTERS.includes(id));
  if (unknown !== undefined) {
    throw refusal(
      parts,
      path,
      'ERR_NOT_SUPPORTED',
      `is compressed with the filter ${unknown}, which h5wasm lacks; copy it in Python without compression`,
    );
  }
  requireExpandable(parts, path, metadata);
  const type = typeOf(metadata);
  const isMarked = type.isOpaque && type.size === 2 && (await markOf(parts, path)) === 'bfloat16';
  return new CompiledDataset(parts, path, metadata, isMarked ? { ...type, dtype: 'bfloat16' } : type);
}

export class CompiledGroup implements Hdf5Group {
  readonly kind = 'group';
  readonly id: string;

  constructor(
    private readonly parts: CompiledParts,
    readonly path: string,
  ) {
    this.id = `/${path}`;
  }

  names(): Promise<readonly string[]> {
    return this.parts.worker.call('names', `/${this.path}`);
  }

  async child(name: string): Promise<CompiledObject | undefined> {
    if (name === '' || name.includes('/')) return undefined;
    return await openCompiled(this.parts, this.path === '' ? name : `${this.path}/${name}`);
  }

  attributes(): Promise<ReadonlyMap<string, Hdf5Attribute>> {
    return attributesOf(this.parts, this.path);
  }
}

export class CompiledDataset implements Hdf5Dataset {
  readonly kind = 'dataset';
  readonly id: string;
  readonly dtype: Hdf5DType;
  readonly stored: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Only h5wasm knows. */
  readonly offset = null;
  /** Rows of a chunk. */
  readonly chunkRows: number;

  constructor(
    readonly parts: CompiledParts,
    readonly path: string,
    { shape, chunks }: LibraryMetadata,
    readonly type: StoredType,
  ) {
    this.id = `/${path}`;
    this.dtype = shape === null ? 'unknown' : type.dtype;
    this.stored = shape === null ? `nothing of ${type.stored}` : type.stored;
    this.shape = shape ?? [];
    this.bytes = shape === null ? 0 : sizeOf(shape) * type.size;
    this.chunkRows = chunks?.[0] ?? 1;
  }

  attributes(): Promise<ReadonlyMap<string, Hdf5Attribute>> {
    return attributesOf(this.parts, this.path);
  }
}

async function attributesOf({ worker }: CompiledParts, path: string): Promise<ReadonlyMap<string, Hdf5Attribute>> {
  const attributes = await worker.call('attributes', `/${path}`);
  return new Map(attributes.map(attribute => [attribute.name, decoded(attribute)]));
}

function decoded(attribute: LibraryAttribute): Hdf5Attribute {
  const type = typeOf(attribute);
  const { dtype, stored } = type;
  return { dtype, stored, shape: attribute.shape ?? [], value: valueIn(type, attribute) };
}

function valueIn({ dtype, text, size }: StoredType, { shape, bytes, texts }: LibraryAttribute): Hdf5Value {
  const isScalar = shape?.length === 0;
  if (texts !== null) return textValue(texts, isScalar);
  if (bytes === null || dtype === 'unknown') return null;
  if (text === null) return numericValue(dtype, bytes, false, isScalar);
  const fixed: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) fixed.push(withoutFilling(bytes.subarray(at, at + size), text));
  return textValue(fixed, isScalar);
}

/** The attribute with which Keras marks bfloat16. */
async function markOf({ worker }: CompiledParts, path: string): Promise<string | null> {
  const found = (await worker.call('attributes', `/${path}`)).find(({ name }) => name === 'dtype');
  return found?.texts?.[0] === undefined ? null : textOf(found.texts[0]);
}

function requireExpandable(parts: CompiledParts, path: string, { shape, chunks, size }: LibraryMetadata): void {
  const bytes = shape === null ? 0 : sizeOf(shape) * size;
  const isTooLarge =
    !(bytes <= mostExpandedBytes(parts.fileBytes)) || (chunks !== null && sizeOf(chunks) * size > bytes + SPARE_BYTES);
  if (isTooLarge) throw refusal(parts, path, 'ERR_TOO_LARGE', `would take far more memory than the file has bytes`);
}

function refusal(
  { path: file }: CompiledParts,
  path: string,
  code: 'ERR_NOT_SUPPORTED' | 'ERR_TOO_LARGE',
  problem: string,
): TensorBundleError {
  return new TensorBundleError(code, `${file}: '${path}' ${problem}`, { path: file, tensor: path });
}
