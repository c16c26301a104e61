/**
 * Decodes raw snappy, the compression that a block of a table may have. TensorFlow reads it, but does not write it in
 * checkpoints. Format: google/snappy format_description.txt.
 */
import { type ByteOrigin, ByteReader } from './bytes.js';

/** An element of 3 bytes makes at most 64 bytes. So no input can make more than this many times its own size. */
const MAX_RATIO = 24;

/**
 * Decodes `bytes`. The output is allocated only after its length was compared with `maxOutput` and with the most that
 * the input can make. Throws ERR_CORRUPT for anything that is not exactly one snappy stream.
 */
export function snappyDecode(bytes: Uint8Array, maxOutput: number, origin: ByteOrigin = {}): Uint8Array {
  const reader = new ByteReader(bytes, 0, bytes.length, origin);
  const length = reader.varint();
  if (length > maxOutput || length > MAX_RATIO * bytes.length) {
    throw reader.corrupt(`a snappy block claims ${length} bytes`, 0, {
      expected: Math.min(maxOutput, MAX_RATIO * bytes.length),
      found: length,
    });
  }
  const output = new Uint8Array(length);
  let written = 0;
  while (reader.remaining > 0) {
    const start = reader.at;
    const tag = reader.u8();
    if ((tag & 3) === 0) {
      const size = literalLength(reader, tag >>> 2);
      if (size > length - written) throw reader.corrupt('a snappy literal is longer than the block', start);
      output.set(reader.bytes(size), written);
      written += size;
      continue;
    }
    const { size, distance } = copyOf(reader, tag);
    if (distance === 0 || distance > written || size > length - written) {
      throw reader.corrupt('a snappy copy points outside the block', start);
    }
    // Byte by byte, because a copy may overlap its own output, which repeats it.
    for (let i = 0; i < size; i++) output[written + i] = output[written + i - distance]!;
    written += size;
  }
  if (written !== length) {
    throw reader.corrupt('a snappy block ends early', bytes.length, { expected: length, found: written });
  }
  return output;
}

/** Codes below 60 are the length minus 1. Codes 60 to 63 say that 1 to 4 bytes hold it. */
function literalLength(reader: ByteReader, code: number): number {
  if (code < 60) return code + 1;
  let length = 0;
  for (let i = 0; i < code - 59; i++) length += reader.u8() * 2 ** (8 * i);
  return length + 1;
}

function copyOf(reader: ByteReader, tag: number): { size: number; distance: number } {
  if ((tag & 3) === 1) return { size: ((tag >>> 2) & 7) + 4, distance: ((tag >>> 5) << 8) | reader.u8() };
  const size = (tag >>> 2) + 1;
  if ((tag & 3) === 2) return { size, distance: reader.u8() | (reader.u8() << 8) };
  return { size, distance: reader.u32le() };
}
