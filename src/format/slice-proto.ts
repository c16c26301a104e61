/** TensorSliceProto, which says where a slice lies in its tensor (tensorflow/core/framework/tensor_slice.proto). */
import type { ByteReader, ByteWriter } from './bytes.js';
import { MAX_RANK } from './shape.js';
import { expectWire, LENGTH, readMessage, readTag, skipField, VARINT } from './wire.js';

/**
 * One dimension of a slice as it is stored. `length` null means the whole dimension, written without any number.
 * TensorFlow, and the keys of slices, distinguish that from the same extent given in numbers.
 */
export interface SliceExtent {
  start: number;
  length: number | null;
}

/** Appends the message without its tag. */
export function encodeSliceProto(extents: readonly SliceExtent[], out: ByteWriter): void {
  for (const { start, length } of extents) {
    out.u8((1 << 3) | LENGTH);
    const at = out.length;
    out.u8(0);
    if (start !== 0) {
      out.u8((1 << 3) | VARINT);
      out.varint(start);
    }
    if (length !== null) {
      out.u8((2 << 3) | VARINT);
      out.varint(length);
    }
    // Two numbers below 2^53 take at most 18 bytes, so the length fits into one byte.
    out.buffer[at] = out.length - at - 1;
  }
}

/**
 * Reads the message. Throws ERR_CORRUPT for too many dimensions, and for a negative start or a length below 1, which
 * TensorFlow refuses too.
 */
export function decodeSliceProto(reader: ByteReader): SliceExtent[] {
  const extents: SliceExtent[] = [];
  while (reader.remaining > 0) {
    const tag = readTag(reader);
    if (tag >>> 3 !== 1) {
      skipField(reader, tag);
      continue;
    }
    expectWire(reader, tag, LENGTH, 'extent');
    if (extents.length === MAX_RANK) throw reader.corrupt(`a slice has more than ${MAX_RANK} dimensions`);
    extents.push(decodeExtent(readMessage(reader)));
  }
  return extents;
}

function decodeExtent(reader: ByteReader): SliceExtent {
  let start = 0;
  let length: number | null = null;
  while (reader.remaining > 0) {
    const tag = readTag(reader);
    if (tag >>> 3 === 1) {
      expectWire(reader, tag, VARINT, 'start');
      start = reader.varint();
    } else if (tag >>> 3 === 2) {
      expectWire(reader, tag, VARINT, 'length');
      length = reader.varint();
      if (length === 0) throw reader.corrupt('a slice has an extent of length 0');
    } else skipField(reader, tag);
  }
  if (length === null && start !== 0) throw reader.corrupt(`a slice takes a whole dimension but starts at ${start}`);
  return { start, length };
}
