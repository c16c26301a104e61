/**
 * The index entry of a tensor: BundleEntryProto (tensorflow/core/protobuf/tensor_bundle.proto). Proto3 leaves out
 * fields that are zero; the shape is always written.
 */
import { TensorBundleError } from '../errors.js';
import { type ByteOrigin, ByteReader, ByteWriter, MAX_VARINT_BYTES, putVarint } from './bytes.js';
import { maskCrc, unmaskCrc } from './crc.js';
import { dtypeOfNumber } from './dtypes.js';
import { decodePlain, type PlainEntry } from './plain-entry.js';
import { isCountable, MAX_RANK } from './shape.js';
import { decodeSliceProto, encodeSliceProto, type SliceExtent } from './slice-proto.js';
import { atOnce, type Steps } from './turns.js';
import { expectWire, FIXED32, LENGTH, readMessage, readTag, skipField, VARINT } from './wire.js';

export type { SliceExtent } from './slice-proto.js';

/** The most slices of one tensor that are read, and the most dimensions of all these slices together. */
export const [MAX_SLICES, MAX_EXTENTS] = [262_144, 1_048_576];

/** Dimensions of slices that are read between two stops. */
const STEP_EXTENTS = 8192;

export interface StoredEntry extends Omit<PlainEntry, 'slices'> {
  /**
   * Slices of a partitioned tensor, one extent per dimension; offset, size and crc then mean nothing. Empty otherwise.
   */
  slices: SliceExtent[][];
}

/** The entry's bytes, as TensorFlow writes them. */
export function encodeEntry(entry: StoredEntry): Uint8Array {
  const out = new ByteWriter(64);
  writeEntry(entry, out);
  return out.finish();
}

/** Appends the entry's bytes to `out`: for many entries in one buffer. */
export function writeEntry(entry: StoredEntry, out: ByteWriter): void {
  const { dtypeNumber, shape, shard, slices } = entry;
  if (slices.length === 0) {
    writeWhole(out, dtypeNumber, shape, shard, entry.offset, entry.size, entry.crc);
    return;
  }
  writeStart(out, dtypeNumber, shape, shard);
  const message = new ByteWriter(64);
  for (const extents of slices) {
    message.clear();
    encodeSliceProto(extents, message);
    out.u8((7 << 3) | LENGTH);
    out.varint(message.length);
    out.bytes(message.buffer, 0, message.length);
  }
}

/** The same for a tensor without slices, without an object for its entry. */
export function writeWhole(
  out: ByteWriter,
  dtypeNumber: number,
  shape: readonly number[],
  shard: number,
  offset: number,
  size: number,
  crc: number,
): void {
  writeStart(out, dtypeNumber, shape, shard);
  out.reserve(2 * (1 + MAX_VARINT_BYTES) + 5);
  const { buffer } = out;
  let at = putNumber(buffer, out.length, 4, offset);
  at = putNumber(buffer, at, 5, size);
  const masked = maskCrc(crc);
  if (masked !== 0) {
    buffer[at++] = (6 << 3) | FIXED32;
    for (let shift = 0; shift < 32; shift += 8) buffer[at++] = masked >>> shift;
  }
  out.length = at;
}

function writeStart(out: ByteWriter, dtypeNumber: number, shape: readonly number[], shard: number): void {
  out.reserve(3 * (1 + MAX_VARINT_BYTES) + shape.length * (3 + MAX_VARINT_BYTES));
  const { buffer } = out;
  let at = putNumber(buffer, out.length, 1, dtypeNumber);
  buffer[at++] = (2 << 3) | LENGTH;
  at = putVarint(buffer, at, shapeBytes(shape));
  for (let axis = 0; axis < shape.length; axis++) {
    const size = shape[axis]!;
    buffer[at++] = (2 << 3) | LENGTH;
    if (size === 0) buffer[at++] = 0;
    else {
      buffer[at++] = 1 + varintBytes(size);
      buffer[at++] = (1 << 3) | VARINT;
      at = putVarint(buffer, at, size);
    }
  }
  out.length = putNumber(buffer, at, 3, shard);
}

/**
 * Reads an entry's bytes, from `start` to `end`. `origin` says where they come from, for errors.
 * @throws ERR_CORRUPT if they are not an entry, or its numbers are impossible: a negative or unknown dimension, more
 * than 2^53 - 1 elements, an end beyond 2^53 - 1, a slice with another rank than its tensor.
 */
export function decodeEntry(
  bytes: Uint8Array,
  origin: ByteOrigin = {},
  start = 0,
  end: number = bytes.length,
): StoredEntry {
  return decodePlain(bytes, start, end) ?? atOnce(decodeEntryInSteps(bytes.subarray(start, end), origin));
}

/** As `decodeEntry`, in steps: for entries that are long because they have many slices. */
export function* decodeEntryInSteps(bytes: Uint8Array, origin: ByteOrigin = {}): Steps<StoredEntry> {
  const reader = new ByteReader(bytes, 0, bytes.length, origin);
  const entry = emptyEntry();
  for (let extents = 0; reader.at < reader.end; ) {
    const until = extents + STEP_EXTENTS;
    extents = readFields(reader, entry, extents, until);
    if (extents >= until) yield;
  }
  entry.dtype = dtypeOfNumber(entry.dtypeNumber);
  check(entry, reader);
  const { slices } = entry;
  const step = Math.ceil(STEP_EXTENTS / Math.max(1, entry.shape.length));
  for (let at = 0; at < slices.length; at += step) {
    if (at > 0) yield;
    for (const extents of slices.slice(at, at + step)) checkSlice(extents, entry, reader);
  }
  return entry;
}

function emptyEntry(): StoredEntry {
  return {
    dtypeNumber: 0,
    dtype: dtypeOfNumber(0),
    shape: [],
    shard: 0,
    offset: 0,
    size: 0,
    crc: unmaskCrc(0),
    slices: [],
  };
}

/**
 * Reads fields until the end, or until the slices have `until` dimensions together. `extents` is how many they have
 * now; gives how many they have then.
 */
function readFields(reader: ByteReader, entry: StoredEntry, extents: number, until: number): number {
  while (reader.at < reader.end && extents < until) {
    const tag = readTag(reader);
    switch (tag >>> 3) {
      case 1:
        expectWire(reader, tag, VARINT, 'dtype');
        entry.dtypeNumber = readInt32(reader, 'dtype');
        break;
      case 2:
        expectWire(reader, tag, LENGTH, 'shape');
        readShape(readMessage(reader), entry.shape);
        break;
      case 3:
        expectWire(reader, tag, VARINT, 'shard_id');
        entry.shard = readInt32(reader, 'shard_id');
        break;
      case 4:
        expectWire(reader, tag, VARINT, 'offset');
        entry.offset = reader.varint();
        break;
      case 5:
        expectWire(reader, tag, VARINT, 'size');
        entry.size = reader.varint();
        break;
      case 6:
        expectWire(reader, tag, FIXED32, 'crc32c');
        entry.crc = unmaskCrc(reader.u32le());
        break;
      case 7:
        expectWire(reader, tag, LENGTH, 'slices');
        if (entry.slices.length === MAX_SLICES) throw tooManySlices(reader, MAX_SLICES, 'slices');
        entry.slices.push(decodeSliceProto(readMessage(reader)));
        // A slice without dimensions counts as one.
        extents += entry.slices.at(-1)!.length || 1;
        if (extents > MAX_EXTENTS) throw tooManySlices(reader, MAX_EXTENTS, 'dimensions of slices');
        break;
      default:
        skipField(reader, tag);
    }
  }
  return extents;
}

function tooManySlices({ origin }: ByteReader, expected: number, what: string): TensorBundleError {
  const { path, tensor, offset } = origin;
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `the tensor '${tensor}' in ${path} has more than ${expected} ${what}; store it in fewer parts`,
    { path, tensor, offset, expected },
  );
}

function check({ shape, offset, size }: StoredEntry, reader: ByteReader): void {
  if (!isCountable(shape)) {
    throw reader.corrupt(`the shape [${shape}] has more than 2^53 elements`, 0, { found: [...shape] });
  }
  if (offset > Number.MAX_SAFE_INTEGER - size) {
    throw reader.corrupt(`a tensor of ${size} bytes at ${offset} ends above 2^53`, 0, { found: [offset, size] });
  }
}

function checkSlice(extents: readonly SliceExtent[], { shape }: StoredEntry, reader: ByteReader): void {
  if (extents.length !== shape.length) {
    throw reader.corrupt(`a slice has ${extents.length} dimensions, but its tensor has ${shape.length}`, 0, {
      expected: shape.length,
      found: extents.length,
    });
  }
  for (const [axis, extent] of extents.entries()) {
    if (extent.length !== null && extent.length > shape[axis]! - extent.start) {
      throw reader.corrupt(`a slice goes beyond dimension ${axis} of its tensor`, 0, {
        expected: shape[axis],
        found: extent.start + extent.length,
      });
    }
  }
}

function readInt32(reader: ByteReader, field: string): number {
  const at = reader.at;
  const value = reader.varint();
  if (value > 0x7fff_ffff) throw reader.corrupt(`the field '${field}' is ${value}`, at, { found: value });
  return value;
}

/** Reads a TensorShapeProto. The dimensions of a second one are appended, as protobuf merges messages. */
function readShape(reader: ByteReader, shape: number[]): void {
  while (reader.at < reader.end) {
    const tag = readTag(reader);
    if (tag >>> 3 === 2) {
      expectWire(reader, tag, LENGTH, 'dim');
      if (shape.length === MAX_RANK) throw reader.corrupt(`a shape has more than ${MAX_RANK} dimensions`);
      shape.push(readDimension(readMessage(reader)));
    } else if (tag >>> 3 === 3) {
      expectWire(reader, tag, VARINT, 'unknown_rank');
      if (reader.varint() !== 0) throw reader.corrupt('a stored tensor has a shape of unknown rank');
    } else skipField(reader, tag);
  }
}

function readDimension(reader: ByteReader): number {
  let size = 0;
  while (reader.at < reader.end) {
    const tag = readTag(reader);
    if (tag >>> 3 === 1) {
      expectWire(reader, tag, VARINT, 'size');
      size = reader.varint();
    } else skipField(reader, tag);
  }
  return size;
}

/** A field that is a number. Proto3 leaves out a zero. Gives the position after it. */
function putNumber(buffer: Uint8Array, at: number, field: number, value: number): number {
  if (value === 0) return at;
  buffer[at] = (field << 3) | VARINT;
  return putVarint(buffer, at + 1, value);
}

function shapeBytes(shape: readonly number[]): number {
  let bytes = 0;
  for (const size of shape) bytes += size === 0 ? 2 : 3 + varintBytes(size);
  return bytes;
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
