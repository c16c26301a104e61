/**
 * Index files made by hand, with valid checksums around contents that no writer makes: what is wrong is then found by
 * the rule it breaks and not by a CRC.
 */
import { closeSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c, maskCrc } from '../../src/format/crc.js';
import { dtypeInfo } from '../../src/format/dtypes.js';
import { encodeEntry, type StoredEntry } from '../../src/format/entry.js';
import { encodeHeader } from '../../src/format/header.js';
import { TABLE_MAGIC } from '../../src/format/table-format.js';
import { TableWriter } from '../../src/format/table-writer.js';

/** An unsigned number of any size, seven bits a byte; `pad` adds bytes that say nothing. */
export function varint(value: number | bigint, pad = 0): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  for (let i = 0; i < pad; i++) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(0);
  }
  return bytes;
}

export const u32 = (value: number): number[] => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24];

/** Field of a message: a number, or a sub-message. */
export function field(number: number, value: number | bigint | readonly number[]): number[] {
  if (typeof value === 'object') return [(number << 3) | 2, ...varint(value.length), ...value];
  return [(number << 3) | 0, ...varint(value)];
}

export const shapeOf = (...sizes: (number | bigint)[]): number[] => sizes.flatMap(size => field(2, field(1, size)));

export interface EntryFields {
  dtype?: number | bigint;
  shape?: readonly number[];
  shard?: number | bigint;
  offset?: number | bigint;
  size?: number | bigint;
  /** Unmasked. */
  crc?: number;
  more?: readonly number[];
}

/** A float32 [2] at the start of shard 0 unless told otherwise. */
export function entry(fields: EntryFields = {}): number[] {
  const { dtype = 1, shape = shapeOf(2), shard = 0, offset = 0, size = 8, crc = 0, more = [] } = fields;
  return [
    ...field(1, dtype),
    ...field(2, shape),
    ...field(3, shard),
    ...field(4, offset),
    ...field(5, size),
    (6 << 3) | 5,
    ...u32(maskCrc(crc)),
    ...more,
  ];
}

export const HEADER = [...field(1, 1), ...field(3, field(1, 1))];

/** One record of a block, with numbers that may lie. */
export interface Row {
  key: string | readonly number[];
  value: readonly number[];
  shared?: number | bigint;
  keyLength?: number | bigint;
  valueLength?: number | bigint;
}

const bytesOf = (key: Row['key']): readonly number[] => (typeof key === 'string' ? [...Buffer.from(key)] : key);

export function block(rows: readonly Row[], restarts: readonly number[] = [0], count = restarts.length): number[] {
  const out: number[] = [];
  for (const { key, value, shared = 0, keyLength, valueLength } of rows) {
    const suffix = bytesOf(key);
    out.push(...varint(shared), ...varint(keyLength ?? suffix.length), ...varint(valueLength ?? value.length));
    for (const byte of suffix) out.push(byte);
    for (const byte of value) out.push(byte);
  }
  return [...out, ...restarts.flatMap(u32), ...u32(count)];
}

export interface TableFields {
  /** Contents of the data block; the header and one entry if absent. */
  data?: readonly number[];
  /** Compression type of the data block. */
  type?: number;
  metaindex?: readonly number[];
  /** Contents of the index block, given where the data block lies. */
  index?: (handle: number[], size: number) => readonly number[];
  /** The 40 bytes before the magic, given the two handles. */
  footer?: (metaindex: number[], index: number[]) => readonly number[];
  /** Appended before the footer. */
  gap?: readonly number[];
}

export function table(fields: TableFields = {}): Uint8Array {
  const out: number[] = [];
  const add = (contents: readonly number[], type = 0): number[] => {
    const handle = [...varint(out.length), ...varint(contents.length)];
    const trailed = [...contents, type];
    for (const byte of trailed) out.push(byte);
    out.push(...u32(maskCrc(crc32c(Uint8Array.from(trailed)))));
    return handle;
  };
  const data =
    fields.data ??
    block([
      { key: '', value: HEADER },
      { key: 'w', value: entry() },
    ]);
  const dataHandle = add(data, fields.type ?? 0);
  const metaindex = add(fields.metaindex ?? block([]));
  const index = add(fields.index?.(dataHandle, data.length) ?? block([{ key: 'zz', value: dataHandle }]));
  out.push(...(fields.gap ?? []));
  const footer = [...(fields.footer?.(metaindex, index) ?? [...metaindex, ...index])];
  while (footer.length < 40) footer.push(0);
  return Uint8Array.from([...out, ...footer, ...TABLE_MAGIC]);
}

/** An index whose only tensor `w` has this entry. */
export const withEntry = (value: readonly number[], header: readonly number[] = HEADER): Uint8Array =>
  table({
    data: block([
      { key: '', value: header },
      { key: 'w', value },
    ]),
  });

/** An index with these records, in one block. */
export const withRows = (rows: readonly Row[]): Uint8Array =>
  table({ data: block([{ key: '', value: HEADER }, ...rows]) });

/** An entry of which only some fields matter. */
export const entryOf = (given: Partial<StoredEntry>): Uint8Array =>
  encodeEntry({
    dtypeNumber: 1,
    dtype: dtypeInfo('float32'),
    shape: [],
    shard: 0,
    offset: 0,
    size: 0,
    crc: 0,
    slices: [],
    ...given,
  });

/** A checkpoint of these rows, with one data file of so many zeros. Gives its prefix. */
export function place(
  directory: string,
  rows: readonly (readonly [Uint8Array, Uint8Array])[],
  dataBytes: number,
): string {
  const prefix = join(directory, 'model');
  const writer = new TableWriter();
  writer.add(new Uint8Array(0), encodeHeader(1));
  for (const [key, value] of [...rows].sort((a, b) => Buffer.compare(a[0], b[0]))) writer.add(key, value);
  writeFileSync(`${prefix}.index`, writer.finish());
  const data = openSync(`${prefix}.data-00000-of-00001`, 'w');
  ftruncateSync(data, dataBytes);
  closeSync(data);
  return prefix;
}
