/**
 * The header of a bundle: the value of the key "" (BundleHeaderProto of tensorflow/core/protobuf/tensor_bundle.proto).
 */
import { TensorBundleError } from '../errors.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { expectWire, LENGTH, readMessage, readTag, skipField, VARINT } from './wire.js';

/** The name of a data file has five digits for the total. More are possible only in theory. */
const MAX_SHARDS = 99_999;
/** kTensorBundleVersion: what this package writes as producer and accepts as min_consumer. */
const BUNDLE_VERSION = 1;

/** The header of a checkpoint with one data file, as TensorFlow and this package write it. */
const USUAL_HEADER: readonly number[] = [8, 1, 26, 2, 8, 1];
/** Where the total is in it. */
const USUAL_TOTAL = 1;

export interface BundleHeader {
  /** The total in the names of the data files. */
  numShards: number;
  /** The data is in the other byte order and must be swapped. */
  bigEndian: boolean;
}

/** The header as TensorFlow writes it on a little-endian machine. */
export function encodeHeader(numShards: number): Uint8Array {
  const writer = new ByteWriter(16);
  writer.u8((1 << 3) | VARINT);
  writer.varint(numShards);
  writer.u8((3 << 3) | LENGTH);
  writer.u8(2);
  writer.u8((1 << 3) | VARINT);
  writer.u8(BUNDLE_VERSION);
  return writer.finish();
}

/**
 * Reads the value of the key "".
 * @param offset of the value in the file, for errors.
 * @throws ERR_V1_FORMAT for a checkpoint of the old Saver; ERR_NOT_SUPPORTED for a format newer than this package
 * knows; ERR_CORRUPT otherwise (bad proto, unknown endianness, impossible shard count).
 */
export function decodeHeader(bytes: Uint8Array, path: string, offset = 0): BundleHeader {
  return isUsual(bytes) ? { numShards: bytes[USUAL_TOTAL]!, bigEndian: false } : decodeOther(bytes, path, offset);
}

/** Apart, since code that never runs need not be read. */
function decodeOther(bytes: Uint8Array, path: string, offset: number): BundleHeader {
  const reader = new ByteReader(bytes, 0, bytes.length, { path, offset });
  refuseV1(bytes, path, offset);
  let numShards = 0;
  let endianness = 0;
  let minConsumer = 0;
  while (reader.remaining > 0) {
    const tag = readTag(reader);
    const field = tag >>> 3;
    if (field === 1) {
      expectWire(reader, tag, VARINT, 'num_shards');
      numShards = reader.varint();
    } else if (field === 2) {
      expectWire(reader, tag, VARINT, 'endianness');
      endianness = reader.varint();
    } else if (field === 3) {
      expectWire(reader, tag, LENGTH, 'version');
      minConsumer = decodeMinConsumer(readMessage(reader), minConsumer);
    } else skipField(reader, tag);
  }
  if (minConsumer > BUNDLE_VERSION) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `${path} needs a reader of bundle version ${minConsumer}, but this package knows ${BUNDLE_VERSION}; update ` +
        `tensorbundle`,
      { path, offset, expected: BUNDLE_VERSION, found: minConsumer },
    );
  }
  if (endianness > 1) {
    throw reader.corrupt(`the header has the unknown endianness ${endianness}`, 0, {
      expected: [0, 1],
      found: endianness,
    });
  }
  if (numShards < 1 || numShards > MAX_SHARDS) {
    throw reader.corrupt(`the header counts ${numShards} shards`, 0, { expected: [1, MAX_SHARDS], found: numShards });
  }
  return { numShards, bigEndian: endianness === 1 };
}

/** For totals of one byte. */
function isUsual(bytes: Uint8Array): boolean {
  for (let i = 0; i < USUAL_HEADER.length; i++) if (i !== USUAL_TOTAL && bytes[i] !== USUAL_HEADER[i]) return false;
  const total = bytes[USUAL_TOTAL]!;
  return bytes.length === USUAL_HEADER.length && total > 0 && total < 0x80;
}

function decodeMinConsumer(reader: ByteReader, before: number): number {
  let minConsumer = before;
  while (reader.remaining > 0) {
    const tag = readTag(reader);
    if (tag >>> 3 === 2) {
      expectWire(reader, tag, VARINT, 'min_consumer');
      minConsumer = reader.varint();
    } else skipField(reader, tag);
  }
  return minConsumer;
}

/**
 * Throws ERR_V1_FORMAT for a file of the old Saver. That is a table too, but its key "" holds SavedTensorSlices, whose
 * field 1 is a message (tensorflow/core/util/saved_tensor_slice.proto), where a bundle has a number.
 */
function refuseV1(bytes: Uint8Array, path: string, offset: number): void {
  if (bytes[0] !== ((1 << 3) | LENGTH)) return;
  throw new TensorBundleError(
    'ERR_V1_FORMAT',
    `${path} is a checkpoint in TensorFlow's V1 format (tf.train.Saver with write_version=V1), which this ` +
      `package does not read; ` +
      'convert it in Python: restore it with tf.compat.v1.train.Saver and save it with write_version=V2, the default',
    { path, offset },
  );
}
