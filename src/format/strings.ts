/**
 * A string tensor in a data file: the lengths as varints, 4 bytes of checksum over the lengths as integers, then the
 * bytes of all elements (WriteStringTensor and ReadStringTensor in
 * tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
 */
import { TensorBundleError } from '../errors.js';
import { type ByteOrigin, ByteReader, ByteWriter } from './bytes.js';
import { swapBytes } from './byteswap.js';
import { crc32c, maskCrc, unmaskCrc } from './crc.js';

const CHECKSUM_BYTES = 4;
const UINT32_LIMIT = 0x1_0000_0000;
/** The most strings of one tensor that are read: each becomes an object, and all are made in one go. */
const MAX_ELEMENTS = 8_388_608;
/** Bytes of lengths that are checksummed together. */
const LENGTHS_BYTES = 65_536;

/** Where the bytes come from, and the byte order in which the checksum was made. */
export interface ElementContext extends ByteOrigin {
  bigEndian?: boolean | undefined;
}

/** The stored bytes of the elements in row-major order, and the CRC of the tensor's entry (unmasked). */
export function encodeStrings(elements: readonly Uint8Array[]): { bytes: Uint8Array; crc: number } {
  const out = new ByteWriter(elements.reduce((sum, element) => sum + element.length + 5, CHECKSUM_BYTES));
  for (const element of elements) out.varint(element.length);
  const checksum = new LengthChecksum(false);
  for (const element of elements) checksum.add(element.length);
  const lengthsCrc = checksum.finish();
  const start = out.length;
  out.u32le(maskCrc(lengthsCrc));
  for (const element of elements) out.bytes(element);
  const bytes = out.finish();
  return { bytes, crc: crc32c(bytes.subarray(start), lengthsCrc) };
}

/**
 * The elements, as views. Throws ERR_CORRUPT if `bytes` do not hold exactly `count` of them, ERR_CHECKSUM if the
 * checksum of the lengths is wrong.
 */
export function decodeStrings(bytes: Uint8Array, count: number, context: ElementContext): Uint8Array[] {
  if (count === 0 && bytes.length === 0) return [];
  const { reader } = readLengths(bytes, count, context);
  reader.skip(CHECKSUM_BYTES);
  const lengths = new ByteReader(bytes, 0, bytes.length, context);
  return Array.from({ length: count }, () => reader.bytes(lengths.varint()));
}

/** The CRC that the tensor's entry should have, unmasked. Throws as `decodeStrings`. */
export function stringChecksum(bytes: Uint8Array, count: number, context: ElementContext): number {
  if (count === 0 && bytes.length === 0) return 0;
  const { reader, lengthsCrc } = readLengths(bytes, count, context);
  return crc32c(bytes.subarray(reader.at), lengthsCrc);
}

/** Reads and checks everything before the elements. The reader is then at the checksum. */
function readLengths(
  bytes: Uint8Array,
  count: number,
  context: ElementContext,
): { reader: ByteReader; lengthsCrc: number } {
  const reader = new ByteReader(bytes, 0, bytes.length, context);
  // Each element takes at least one byte, so `count` is compared with the bytes before anything of that size is
  // allocated.
  if (count > bytes.length - CHECKSUM_BYTES) {
    throw reader.corrupt(`${count} strings cannot lie in ${bytes.length} bytes`, 0, {
      expected: count,
      found: bytes.length,
    });
  }
  if (count > MAX_ELEMENTS) {
    const { path, tensor, offset } = context;
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `the string tensor '${tensor}' in ${path} has ${count} elements; at most ${MAX_ELEMENTS} are read`,
      { path, tensor, offset, expected: MAX_ELEMENTS, found: count },
    );
  }
  const checksum = new LengthChecksum(context.bigEndian === true);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = reader.at;
    const length = reader.varint();
    total += length;
    if (total > bytes.length) throw reader.corrupt('the strings are longer than their tensor', at, { found: length });
    checksum.add(length);
  }
  if (reader.remaining !== CHECKSUM_BYTES + total) {
    throw reader.corrupt(
      `the strings need ${total} bytes, but ${reader.remaining - CHECKSUM_BYTES} are there`,
      reader.at,
      {
        expected: total,
        found: reader.remaining - CHECKSUM_BYTES,
      },
    );
  }
  const lengthsCrc = checksum.finish();
  const stored = bytes.slice(reader.at, reader.at + CHECKSUM_BYTES);
  if (context.bigEndian) swapBytes(stored, CHECKSUM_BYTES);
  const expected = unmaskCrc(new ByteReader(stored).u32le());
  if (expected !== lengthsCrc) {
    const { path, tensor, offset = 0 } = context;
    throw new TensorBundleError(
      'ERR_CHECKSUM',
      `the lengths of the strings of '${tensor}' in ${path} do not match their checksum; the file is damaged, ` +
        `restore it from another copy`,
      { path, tensor, offset: offset + reader.at, expected, found: lengthsCrc },
    );
  }
  return { reader, lengthsCrc };
}

/**
 * Each length counts as a uint32, or as a uint64 if it is larger, in the byte order of the machine that wrote the file.
 */
class LengthChecksum {
  readonly #out = new ByteWriter(LENGTHS_BYTES + 8);
  #crc = 0;

  constructor(private readonly bigEndian: boolean) {}

  add(length: number): void {
    const out = this.#out;
    const at = out.length;
    if (length < UINT32_LIMIT) out.u32le(length);
    else out.u64le(length);
    if (this.bigEndian) swapBytes(out.buffer.subarray(at, out.length), out.length - at);
    if (out.length >= LENGTHS_BYTES) this.finish();
  }

  finish(): number {
    this.#crc = crc32c(this.#out.finish(), this.#crc);
    this.#out.clear();
    return this.#crc;
  }
}
