/**
 * A growable writer and a bounds-checked reader of bytes, both little-endian. Every number from a file goes through the
 * reader: it never reads past the end, and never rounds a number above 2^53 silently.
 */
import { type ErrorDetails, TensorBundleError } from '../errors.js';

/** Copies up to this length are faster as a loop than as `set(subarray)`, which makes an object. */
const LOOP_COPY = 96;
const MAX_SAFE_HIGH = 0x1fffff;

/** The most bytes of a varint that is written. */
export const MAX_VARINT_BYTES = 8;

/** Writes a varint at `at`, where there is room. Gives the position after it. */
export function putVarint(buffer: Uint8Array, at: number, value: number): number {
  let next = at;
  let rest = value;
  while (rest > 0x7fff_ffff) {
    buffer[next++] = (rest % 128) | 0x80;
    rest = Math.floor(rest / 128);
  }
  while (rest > 0x7f) {
    buffer[next++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[next] = rest;
  return next + 1;
}

/** Copies bytes to `at`, where there is room. Gives the position after them. */
export function putBytes(buffer: Uint8Array, at: number, source: Uint8Array, start: number, end: number): number {
  const count = end - start;
  if (count <= LOOP_COPY) for (let i = 0; i < count; i++) buffer[at + i] = source[start + i]!;
  else buffer.set(source.subarray(start, end), at);
  return at + count;
}

/** Appends to a buffer that doubles when it is full. Any append may replace `buffer`: do not keep it across one. */
export class ByteWriter {
  buffer: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  u32le(value: number): void {
    this.reserve(4);
    const { buffer, length } = this;
    buffer[length] = value;
    buffer[length + 1] = value >>> 8;
    buffer[length + 2] = value >>> 16;
    buffer[length + 3] = value >>> 24;
    this.length = length + 4;
  }

  /** A number up to 2^53 as 8 bytes. */
  u64le(value: number): void {
    this.u32le((value % 0x1_0000_0000) | 0);
    this.u32le(Math.floor(value / 0x1_0000_0000));
  }

  /** A non-negative integer up to 2^53, seven bits per byte, lowest first. */
  varint(value: number): void {
    this.reserve(MAX_VARINT_BYTES);
    this.length = putVarint(this.buffer, this.length, value);
  }

  bytes(source: Uint8Array, start = 0, end = source.length): void {
    this.reserve(end - start);
    this.length = putBytes(this.buffer, this.length, source, start, end);
  }

  /** A view of what was written. Afterwards the writer must not be used, except after `clear`. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }

  /** Starts again at zero in the same memory, and so overwrites what `finish` returned. */
  clear(): void {
    this.length = 0;
  }
}

/**
 * Where the bytes of a reader come from, for its errors. `offset` is the position of the first byte of `source` in the
 * file.
 */
export type ByteOrigin = Pick<ErrorDetails, 'path' | 'tensor' | 'offset'>;

/**
 * Reads from `at` up to `end`. Every method throws ERR_CORRUPT, with the offset, when the bytes do not hold what it
 * reads.
 */
export class ByteReader {
  at: number;
  readonly end: number;

  constructor(
    readonly source: Uint8Array,
    at = 0,
    end: number = source.length,
    readonly origin: ByteOrigin = {},
  ) {
    this.at = at;
    this.end = end;
  }

  get remaining(): number {
    return this.end - this.at;
  }

  /** An ERR_CORRUPT error about this reader's origin; `at` is a position in `source`. */
  corrupt(problem: string, at: number = this.at, details: ErrorDetails = {}): TensorBundleError {
    const { path, tensor, offset = 0 } = this.origin;
    const subject = tensor === undefined ? '' : ` (tensor '${tensor}')`;
    const where = path === undefined ? '' : ` in ${path}`;
    const position = offset + at;
    return new TensorBundleError(
      'ERR_CORRUPT',
      `${problem}${where} at byte ${position}${subject}; the file is damaged, restore it from another copy`,
      { path, tensor, offset: position, ...details },
    );
  }

  private require(count: number): void {
    if (this.end - this.at < count) {
      throw this.corrupt(`${count} bytes expected, ${this.end - this.at} left`, this.at, {
        expected: count,
        found: this.end - this.at,
      });
    }
  }

  u8(): number {
    this.require(1);
    return this.source[this.at++]!;
  }

  u32le(): number {
    this.require(4);
    const { source, at } = this;
    this.at = at + 4;
    return (source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)) >>> 0;
  }

  /** 8 bytes as a number. Throws ERR_CORRUPT above 2^53 - 1. */
  u64le(): number {
    this.require(8);
    const start = this.at;
    const low = this.u32le();
    const high = this.u32le();
    if (high > MAX_SAFE_HIGH) throw this.corrupt('a 64-bit number is above 2^53', start);
    return high * 0x1_0000_0000 + low;
  }

  /**
   * An unsigned varint below 2^53. ERR_CORRUPT if it is larger (as a negative int64 is), longer than ten bytes or cut
   * short.
   */
  varint(): number {
    const { source, at, end } = this;
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      if (at + i >= end) throw this.corrupt('a varint is cut short', at);
      const byte = source[at + i]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw this.corrupt('a number is negative or above 2^53', at);
        this.at = at + i + 1;
        return value;
      }
      scale *= 128;
    }
    throw this.corrupt('a varint is longer than ten bytes', at);
  }

  /** An unsigned varint of up to 64 bits. ERR_CORRUPT for more bits, which TensorFlow refuses too. */
  varint64(): bigint {
    const { source, at, end } = this;
    // Collected in two exact doubles of 28 and 36 bits, so that only one BigInt is made.
    let low = 0;
    let high = 0;
    for (let i = 0; i < 10; i++) {
      if (at + i >= end) throw this.corrupt('a varint is cut short', at);
      const byte = source[at + i]!;
      if (i < 4) low += (byte & 0x7f) * 2 ** (7 * i);
      else high += (byte & 0x7f) * 2 ** (7 * (i - 4));
      if (byte < 0x80) {
        if (i === 9 && byte > 1) throw this.corrupt('a varint has more than 64 bits', at);
        this.at = at + i + 1;
        return high === 0 ? BigInt(low) : (BigInt(high) << 28n) | BigInt(low);
      }
    }
    throw this.corrupt('a varint is longer than ten bytes', at);
  }

  /** A view of the next `count` bytes. */
  bytes(count: number): Uint8Array {
    this.require(count);
    const start = this.at;
    this.at = start + count;
    return this.source.subarray(start, this.at);
  }

  skip(count: number): void {
    this.require(count);
    this.at += count;
  }

  /** A reader over the next `count` bytes, which this one skips. */
  sub(count: number): ByteReader {
    const start = this.at;
    this.skip(count);
    return new ByteReader(this.source, start, this.at, this.origin);
  }
}
