/**
 * A string tensor in a data file: the lengths as varints, 4 bytes of checksum over the lengths as integers, then the
 * bytes of all elements (WriteStringTensor and ReadStringTensor in
 * tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
 */
import { TensorBundleError } from '../errors.js';
import { type ByteOrigin, ByteReader, ByteWriter, MAX_VARINT_BYTES } from './bytes.js';
import { swapBytes } from './byteswap.js';
import { crc32c, maskCrc, unmaskCrc } from './crc.js';
import { TextWriter } from './text-writer.js';
import { isWellFormed } from './utf8-order.js';

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

/** The stored bytes of a string tensor, and the CRC of its entry (unmasked). */
export interface EncodedStrings {
  bytes: Uint8Array<ArrayBuffer>;
  crc: number;
}

/** The stored form of elements in row-major order. */
export function encodeStrings(elements: readonly Uint8Array[]): EncodedStrings {
  const lengths = new Float64Array(elements.length);
  let total = 0;
  // Few passes over the elements: they lie all over memory.
  for (let i = 0; i < elements.length; i++) total += lengths[i] = elements[i]!.length;
  const { out, lengthsCrc } = startOf(lengths, total);
  for (let i = 0; i < elements.length; i++) out.bytes(elements[i]!);
  return endOf(out, total, lengthsCrc);
}

/**
 * The stored form of texts, as UTF-8. `refuse(i)` must throw: text `i` has half of a surrogate pair, which UTF-8 cannot
 * hold. All texts go into one buffer, since an array for each would take ten times as long.
 */
export function encodeTexts(texts: readonly string[], refuse: (position: number) => never): EncodedStrings {
  const lengths = new Float64Array(texts.length);
  const all = new TextWriter(texts.reduce((sum, { length }) => sum + length, 0));
  for (let i = 0; i < texts.length; i++) {
    const text = texts[i]!;
    const written = all.add(text);
    // As many bytes as characters: it is ASCII.
    if (written !== text.length && !isWellFormed(text)) refuse(i);
    lengths[i] = written;
  }
  const { out, lengthsCrc } = startOf(lengths, all.length);
  out.bytes(all.bytes());
  return endOf(out, all.length, lengthsCrc);
}

/** What precedes the elements, with room for them. */
function startOf(lengths: Float64Array, total: number): { out: ByteWriter; lengthsCrc: number } {
  const out = new ByteWriter(total + CHECKSUM_BYTES + varintBytes(lengths));
  const checksum = new LengthChecksum(lengths.length, false);
  for (let i = 0; i < lengths.length; i++) {
    out.varint(lengths[i]!);
    checksum.add(lengths[i]!);
  }
  const lengthsCrc = checksum.finish();
  out.u32le(maskCrc(lengthsCrc));
  return { out, lengthsCrc };
}

/** `total`: the bytes of the elements, which were appended to `out`. */
function endOf(out: ByteWriter, total: number, lengthsCrc: number): EncodedStrings {
  const bytes = out.finish();
  return { bytes, crc: crc32c(bytes.subarray(bytes.length - total - CHECKSUM_BYTES), lengthsCrc) };
}

/** Bytes of the lengths, and what a writer of varints wants to have free after the last one. */
function varintBytes(lengths: Float64Array): number {
  let sum = MAX_VARINT_BYTES;
  for (let i = 0; i < lengths.length; i++) {
    let bytes = 1;
    for (let rest = lengths[i]!; rest > 0x7f; rest /= 128) bytes++;
    sum += bytes;
  }
  return sum;
}

/** The stored bytes of a string tensor whose lengths were read and checked. */
export class StoredStrings {
  readonly #bytes: Uint8Array;
  readonly #lengths: Float64Array;
  /** Where the checksum of the lengths lies, before the first element. */
  readonly #at: number;
  readonly #lengthsCrc: number;

  /**
   * Throws ERR_CORRUPT if `bytes` do not hold exactly `count` elements, ERR_CHECKSUM if the checksum of the lengths is
   * wrong, ERR_TOO_LARGE for too many elements.
   */
  constructor(bytes: Uint8Array, count: number, context: ElementContext) {
    const isEmpty = count === 0 && bytes.length === 0;
    const { lengths, at, lengthsCrc } = isEmpty ? NOTHING : readLengths(bytes, count, context);
    this.#bytes = bytes;
    this.#lengths = lengths;
    this.#at = at;
    this.#lengthsCrc = lengthsCrc;
  }

  /** The CRC that the tensor's entry should have, unmasked. */
  crc(): number {
    return crc32c(this.#bytes.subarray(this.#at), this.#lengthsCrc);
  }

  /** The elements, as views. */
  elements(): Uint8Array[] {
    const { buffer, byteOffset } = this.#bytes;
    const lengths = this.#lengths;
    const elements = new Array<Uint8Array>(lengths.length);
    let at = byteOffset + this.#at + CHECKSUM_BYTES;
    for (let i = 0; i < lengths.length; i++) {
      const length = lengths[i]!;
      // `subarray` would take longer.
      elements[i] = new Uint8Array(buffer, at, length);
      at += length;
    }
    return elements;
  }
}

interface StoredLengths {
  lengths: Float64Array;
  at: number;
  lengthsCrc: number;
}

const NOTHING: StoredLengths = { lengths: new Float64Array(0), at: 0, lengthsCrc: 0 };

/** Reads and checks everything before the elements. `at` is where the checksum lies. */
function readLengths(bytes: Uint8Array, count: number, context: ElementContext): StoredLengths {
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
  const checksum = new LengthChecksum(count, context.bigEndian === true);
  const lengths = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) {
    const at = reader.at;
    const length = reader.varint();
    total += length;
    if (total > bytes.length) throw reader.corrupt('the strings are longer than their tensor', at, { found: length });
    checksum.add(length);
    lengths[i] = length;
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
  return { lengths, at: reader.at, lengthsCrc };
}

/**
 * Each length counts as a uint32, or as a uint64 if it is larger, in the byte order of the machine that wrote the file.
 */
class LengthChecksum {
  readonly #out: ByteWriter;
  #crc = 0;

  constructor(
    count: number,
    private readonly bigEndian: boolean,
  ) {
    this.#out = new ByteWriter(Math.min(8 * count, LENGTHS_BYTES) + 8);
  }

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
