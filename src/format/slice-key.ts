/**
 * The key of the entry of a slice. It is an "ordered code", whose bytes sort like the values in it
 * (EncodeTensorNameSlice in tensorflow/core/util/saved_tensor_slice_util.cc,
 * tensorflow/core/lib/strings/ordered_code.cc).
 */
import { type ByteOrigin, ByteReader, ByteWriter } from './bytes.js';
import { MAX_RANK } from './shape.js';
import type { SliceExtent } from './slice-proto.js';
import type { TensorSlice } from './tensor-slice.js';

/** First bytes of a signed number, by its length in bytes: as many one bits as it has bytes. */
const HEADERS: readonly number[] = [0, 0x8000, 0xc000, 0xe000, 0xf000, 0xf800, 0xfc00, 0xfe00, 0xff00, 0xff80, 0xffc0];

/**
 * The key of a slice. With `fullShape`, an extent that covers a whole dimension is encoded as "whole", as TensorFlow
 * does for a '-' in a slice spec. Without it, only a size of -1 is: the key of a stored slice must repeat exactly how
 * the slice was given.
 */
export function sliceKey(name: Uint8Array | string, slice: TensorSlice, fullShape?: readonly number[]): Uint8Array {
  const out = new ByteWriter(128);
  writeUnsigned(out, 0);
  writeString(out, typeof name === 'string' ? Buffer.from(name, 'utf8') : name);
  writeUnsigned(out, slice.begin.length);
  for (const [axis, start] of slice.begin.entries()) {
    const size = slice.size[axis]!;
    const whole = size === -1 || (start === 0 && fullShape !== undefined && size === fullShape[axis]);
    writeSigned(out, whole ? 0 : start);
    writeSigned(out, whole ? -1 : size);
  }
  return out.finish();
}

/** The key of a slice exactly as the `slices` of an entry give it. */
export function sliceKeyOf(name: Uint8Array | string, extents: readonly SliceExtent[]): Uint8Array {
  return sliceKey(name, {
    begin: extents.map(extent => extent.start),
    size: extents.map(extent => extent.length ?? -1),
  });
}

/**
 * The inverse of `sliceKey`; a size of -1 means a whole dimension. Throws ERR_CORRUPT if the key is not the ordered
 * code of a slice.
 */
export function decodeSliceKey(key: Uint8Array, origin: ByteOrigin = {}): { name: Uint8Array; slice: TensorSlice } {
  const reader = new ByteReader(key, 0, key.length, origin);
  if (readUnsigned(reader) !== 0) throw reader.corrupt('a slice key does not begin with 0', 0);
  const name = readString(reader);
  const rank = readUnsigned(reader);
  if (rank > MAX_RANK) throw reader.corrupt(`a slice key has ${rank} dimensions`);
  const slice: TensorSlice = { begin: [], size: [] };
  for (let axis = 0; axis < rank; axis++) {
    const at = reader.at;
    const start = readSigned(reader);
    const size = readSigned(reader);
    if (start < 0 || size < -1) throw reader.corrupt('a slice key has a negative extent', at);
    slice.begin.push(start);
    slice.size.push(size);
  }
  if (reader.remaining > 0) throw reader.corrupt('a slice key goes on after its extents');
  return { name, slice };
}

/** Writes the number of bytes, then the number, with its highest byte first. */
function writeUnsigned(out: ByteWriter, value: number): void {
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  out.u8(bytes.length);
  for (const byte of bytes) out.u8(byte);
}

function readUnsigned(reader: ByteReader): number {
  const at = reader.at;
  const count = reader.u8();
  if (count > 7) throw reader.corrupt('a slice key has a number above 2^53', at);
  let value = 0;
  for (let i = 0; i < count; i++) value = value * 256 + reader.u8();
  if (value > Number.MAX_SAFE_INTEGER) throw reader.corrupt('a slice key has a number above 2^53', at);
  return value;
}

/** 00 and ff are escaped, so that 00 01 can end the string and still sort before any other byte. */
function writeString(out: ByteWriter, bytes: Uint8Array): void {
  for (const byte of bytes) {
    out.u8(byte);
    if (byte === 0) out.u8(0xff);
    else if (byte === 0xff) out.u8(0);
  }
  out.u8(0);
  out.u8(1);
}

function readString(reader: ByteReader): Uint8Array {
  const out = new ByteWriter(reader.remaining);
  for (;;) {
    const byte = reader.u8();
    if (byte !== 0 && byte !== 0xff) {
      out.u8(byte);
      continue;
    }
    const escaped = reader.u8();
    if (byte === 0 && escaped === 1) return out.finish();
    if (escaped !== 0xff - byte) throw reader.corrupt('a slice key has an unknown escape', reader.at - 1);
    out.u8(byte);
  }
}

/**
 * Writes a length n in unary, a sign bit, and the low bits of the number in n bytes; all bits are inverted for a
 * negative number. The number fits n bytes if its magnitude (~value below 0) has at most 7n - 1 bits.
 */
function writeSigned(out: ByteWriter, value: number): void {
  const magnitude = value < 0 ? -value - 1 : value;
  let length = 1;
  while (magnitude >= 2 ** (7 * length - 1)) length++;
  for (let i = length - 1; i >= 0; i--) {
    let byte = Math.floor(magnitude / 2 ** (8 * i)) % 256;
    if (i === length - 1) byte ^= HEADERS[length]! >>> 8;
    else if (i === length - 2) byte ^= HEADERS[length]! & 0xff;
    out.u8(value < 0 ? byte ^ 0xff : byte);
  }
}

function readSigned(reader: ByteReader): number {
  const at = reader.at;
  const first = reader.u8();
  const flip = first < 0x80 ? 0xff : 0;
  const header = first ^ flip;
  let length = 1;
  while (length < 8 && (header & (0x80 >> length)) !== 0) length++;
  let value = header & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + (reader.u8() ^ flip);
  // Lengths of nine and ten bytes show as a high bit in the second byte, and are far above this limit too.
  if (value > Number.MAX_SAFE_INTEGER) throw reader.corrupt('a slice key has a number above 2^53', at);
  return flip === 0 ? value : -value - 1;
}
