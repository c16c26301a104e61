/**
 * The records of a zip archive around the bytes of its entries, as APPNOTE.TXT (PKWARE, 6.3) describes them: before
 * each entry, after it, and at the end of the archive.
 */
import { TextEncoder } from 'node:util';

export interface WrittenEntry {
  readonly name: string;
  readonly bytes: number;
  /** Where its header begins. */
  readonly offset: number;
  /** CRC-32 of its bytes. */
  readonly crc: number;
}

/** In a field of 4 bytes: the number is in the zip64 field. Also the first number that needs one. */
const IN_ZIP64 = 0xff_ff_ff_ff;
/** The same for a field of 2 bytes. */
const MANY = 0xff_ff;
/** What is needed to read it: 2.0, or 4.5 for zip64. */
const PLAIN_VERSION = 20;
const ZIP64_VERSION = 45;
/** Made on Unix. */
const MADE_BY = (3 << 8) | ZIP64_VERSION;
/** Bit 3: checksum and sizes follow the bytes. Bit 11: the name is UTF-8. */
const FLAGS = (1 << 3) | (1 << 11);
/** 1980-01-01, the first date there is, as Keras writes it. */
const DATE = (1 << 5) | 1;
/** A regular file that its owner may read and write. */
const ATTRIBUTES = 0o600 << 16;

/** Fields one after the other, little-endian: [bytes, value]. */
function record(fields: readonly (readonly [2 | 4 | 8, number])[], ...tail: readonly Uint8Array[]): Uint8Array {
  const size = fields.reduce((sum, [bytes]) => sum + bytes, 0);
  const all = Buffer.alloc(size + tail.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) all.writeUInt16LE(value, at);
    else if (bytes === 4) all.writeUInt32LE(value, at);
    else all.writeBigUInt64LE(BigInt(value), at);
    at += bytes;
  }
  for (const part of tail) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function isLarge({ bytes }: WrittenEntry): boolean {
  return bytes >= IN_ZIP64;
}

function nameOf({ name }: WrittenEntry): Uint8Array {
  return new TextEncoder().encode(name);
}

/** What stands before the bytes of an entry. */
export function entryHeader(entry: WrittenEntry): Uint8Array {
  const name = nameOf(entry);
  const large = isLarge(entry);
  // The sizes come after the bytes. The field says that they have 8 bytes each there.
  const extra = large
    ? record([
        [2, 1],
        [2, 16],
        [8, 0],
        [8, 0],
      ])
    : new Uint8Array();
  const size = large ? IN_ZIP64 : 0;
  return record(
    [
      [4, 0x04_03_4b_50],
      [2, large ? ZIP64_VERSION : PLAIN_VERSION],
      [2, FLAGS],
      [2, 0],
      [2, 0],
      [2, DATE],
      [4, 0],
      [4, size],
      [4, size],
      [2, name.length],
      [2, extra.length],
    ],
    name,
    extra,
  );
}

/** What follows the bytes of an entry. */
export function descriptor(entry: WrittenEntry): Uint8Array {
  const width = isLarge(entry) ? 8 : 4;
  return record([
    [4, 0x08_07_4b_50],
    [4, entry.crc],
    [width, entry.bytes],
    [width, entry.bytes],
  ]);
}

/** The record of an entry in the directory at the end. */
export function centralRecord(entry: WrittenEntry): Uint8Array {
  const name = nameOf(entry);
  const large = isLarge(entry);
  const far = entry.offset >= IN_ZIP64;
  const numbers = [...(large ? [entry.bytes, entry.bytes] : []), ...(far ? [entry.offset] : [])];
  const extra =
    numbers.length === 0
      ? new Uint8Array()
      : record([[2, 1], [2, 8 * numbers.length], ...numbers.map(one => [8, one] as const)]);
  const size = large ? IN_ZIP64 : entry.bytes;
  return record(
    [
      [4, 0x02_01_4b_50],
      [2, MADE_BY],
      [2, large || far ? ZIP64_VERSION : PLAIN_VERSION],
      [2, FLAGS],
      [2, 0],
      [2, 0],
      [2, DATE],
      [4, entry.crc],
      [4, size],
      [4, size],
      [2, name.length],
      [2, extra.length],
      [2, 0],
      [2, 0],
      [2, 0],
      [4, ATTRIBUTES],
      [4, far ? IN_ZIP64 : entry.offset],
    ],
    name,
    extra,
  );
}

/** What ends the archive: its directory begins at `at` and has `size` bytes. */
export function ending(count: number, at: number, size: number): Uint8Array {
  const needs64 = count >= MANY || at >= IN_ZIP64 || size >= IN_ZIP64;
  const zip64 = needs64
    ? record([
        [4, 0x06_06_4b_50],
        [8, 44],
        [2, MADE_BY],
        [2, ZIP64_VERSION],
        [4, 0],
        [4, 0],
        [8, count],
        [8, count],
        [8, size],
        [8, at],
        [4, 0x07_06_4b_50],
        [4, 0],
        [8, at + size],
        [4, 1],
      ])
    : new Uint8Array();
  const end = record([
    [4, 0x06_05_4b_50],
    [2, 0],
    [2, 0],
    [2, Math.min(count, MANY)],
    [2, Math.min(count, MANY)],
    [4, Math.min(size, IN_ZIP64)],
    [4, Math.min(at, IN_ZIP64)],
    [2, 0],
  ]);
  return Buffer.concat([zip64, end]);
}
