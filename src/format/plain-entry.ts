/**
 * Reads an entry in the form that TensorFlow and this package write for a tensor without slices. Nearly all entries
 * have it, and an index may have 100,000 of them, so no object is made per field.
 */
import { unmaskCrc } from './crc.js';
import { dtypeOfNumber, type StoredType } from './dtypes.js';
import { MAX_RANK } from './shape.js';
import { FIXED32, LENGTH, VARINT } from './wire.js';

/** A stored entry of a tensor without slices. */
export interface PlainEntry {
  /** Number of the type in TensorFlow's enum. */
  dtypeNumber: number;
  /** What this package knows about the type. */
  dtype: StoredType;
  shape: number[];
  shard: number;
  /** Bytes from the start of the data file. */
  offset: number;
  /** Bytes in the data file. */
  size: number;
  /** CRC32C of the stored bytes, unmasked. */
  crc: number;
  slices: never[];
}

/** A varint of up to seven bytes is below this. */
const MAX_PLAIN = 2 ** 49;
const MAX_INT32 = 0x7fff_ffff;

/** Where the reading is. One for all entries, because each is read in one go. */
const cursor = { at: 0 };

/** Null for bytes of any other form: `decodeEntry` then tells what they are. */
export function decodePlain(bytes: Uint8Array, start: number, end: number): PlainEntry | null {
  cursor.at = start;
  const dtypeNumber = field(bytes, 1);
  if (bytes[cursor.at++] !== ((2 << 3) | LENGTH)) return null;
  const shape: number[] = [];
  const length = varint(bytes);
  if (!readShape(bytes, cursor.at + length, shape)) return null;
  const shard = field(bytes, 3);
  const offset = field(bytes, 4);
  const size = field(bytes, 5);
  let crc = unmaskCrc(0);
  const { at } = cursor;
  if (bytes[at] === ((6 << 3) | FIXED32)) {
    crc = unmaskCrc((bytes[at + 1]! | (bytes[at + 2]! << 8) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 24)) >>> 0);
    cursor.at = at + 5;
  }
  // NaN fails here, and so does what was read beyond the end.
  if (cursor.at !== end || !(dtypeNumber <= MAX_INT32 && shard <= MAX_INT32 && offset + size < MAX_PLAIN)) return null;
  return { dtypeNumber, dtype: dtypeOfNumber(dtypeNumber), shape, shard, offset, size, crc, slices: [] };
}

function readShape(bytes: Uint8Array, end: number, shape: number[]): boolean {
  let count = 1;
  while (cursor.at < end) {
    if (bytes[cursor.at] !== ((2 << 3) | LENGTH) || shape.length === MAX_RANK) return false;
    const dimensionEnd = cursor.at + 2 + bytes[cursor.at + 1]!;
    cursor.at += 2;
    const size = cursor.at < dimensionEnd ? field(bytes, 1) : 0;
    if (cursor.at !== dimensionEnd) return false;
    shape.push(size);
    count *= size;
    if (!(count <= Number.MAX_SAFE_INTEGER)) return false;
  }
  return cursor.at === end;
}

/** The value of a number's field if it comes next, otherwise 0. NaN if it is larger than expected. */
function field(bytes: Uint8Array, number: number): number {
  if (bytes[cursor.at] !== ((number << 3) | VARINT)) return 0;
  cursor.at++;
  return varint(bytes);
}

function varint(bytes: Uint8Array): number {
  let value = 0;
  for (let scale = 1; scale < MAX_PLAIN; scale *= 128) {
    const byte = bytes[cursor.at++]!;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  return Number.NaN;
}
