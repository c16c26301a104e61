/** Layout, fill value and filter messages: where the elements of a dataset are. */
import type { Fields } from './fields.js';
import { UnknownStructure } from './other-reader.js';

export type Layout =
  /** All elements in a row. Where `address` is null, nothing was written: all are the fill value. */
  | { readonly kind: 'contiguous'; readonly address: number | null; readonly bytes: number }
  /** In a row in the object header, at this place of the file. */
  | { readonly kind: 'compact'; readonly offset: number; readonly bytes: number }
  /** In pieces of one shape, which a B-tree finds. */
  | { readonly kind: 'chunked'; readonly address: number | null; readonly shape: readonly number[] };

/** Filters that this package's own reader knows. */
export const DEFLATE = 1;
export const SHUFFLE = 2;

/** A step of what was done with the bytes of each chunk. */
export interface Filter {
  /** The number with which it is registered: 1 is deflate, 2 shuffle, 3 the Fletcher checksum. */
  readonly id: number;
  readonly values: readonly number[];
}

const LAYOUTS = ['compact', 'contiguous', 'chunked'] as const;

/** `rank` and `elementBytes` are those of the dataset. */
export function readLayout(fields: Fields, rank: number, elementBytes: number): Layout {
  const version = fields.u8();
  if (version === 1 || version === 2) throw new UnknownStructure(`a layout of version ${version}`);
  if (version !== 3 && version !== 4) throw fields.corrupt(`a layout of version ${version}`);
  const kind = LAYOUTS[fields.u8()];
  if (kind === 'compact') {
    const bytes = fields.u16le();
    const offset = fields.offset;
    fields.skip(bytes);
    return { kind, offset, bytes };
  }
  if (kind === 'contiguous') return { kind, address: fields.address(), bytes: fields.length() };
  if (kind === undefined) throw new UnknownStructure('a virtual dataset');
  if (version === 4) throw new UnknownStructure('chunks with a new kind of index');
  const dimensions = fields.u8();
  if (dimensions !== rank + 1) {
    throw fields.corrupt(`a dataset of ${rank} dimensions has chunks of ${dimensions - 1}`, fields.at);
  }
  const address = fields.address();
  const shape = Array.from({ length: rank }, () => fields.u32le());
  if (shape.includes(0)) throw fields.corrupt(`chunks of shape [${shape}] hold nothing`);
  const bytes = fields.u32le();
  if (bytes !== elementBytes) throw fields.corrupt(`chunks have elements of ${bytes} bytes, not ${elementBytes}`);
  return { kind, address, shape };
}

/** The bytes of one element where none were written. Null: zeros. */
export function readFillValue(fields: Fields, isOld: boolean): Uint8Array | null {
  if (isOld) return valueIn(fields);
  const version = fields.u8();
  if (version === 3) return fields.u8() & 0x20 ? valueIn(fields) : null;
  if (version !== 1 && version !== 2) throw fields.corrupt(`a fill value of version ${version}`);
  // When space is reserved, and when it is filled.
  fields.skip(2);
  const isDefined = fields.u8() !== 0;
  return version === 1 || isDefined ? valueIn(fields) : null;
}

function valueIn(fields: Fields): Uint8Array | null {
  const bytes = fields.u32le();
  // All bits: the fill value is undefined.
  return bytes === 0 || bytes === 0xffff_ffff ? null : fields.bytes(bytes);
}

/** In the order in which they were applied. */
export function readFilters(fields: Fields): Filter[] {
  const version = fields.u8();
  if (version !== 1 && version !== 2) throw fields.corrupt(`filters of version ${version}`);
  const count = fields.u8();
  if (version === 1) fields.skip(6);
  const filters: Filter[] = [];
  for (let i = 0; i < count; i++) {
    const id = fields.u16le();
    const nameBytes = version === 1 || id >= 256 ? fields.u16le() : 0;
    // Whether the filter may be left out where it fails.
    fields.skip(2);
    const values = fields.u16le();
    fields.skip(version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes);
    filters.push({ id, values: Array.from({ length: values }, () => fields.u32le()) });
    if (version === 1 && values % 2 === 1) fields.skip(4);
  }
  return filters;
}
