/**
 * A variant tensor in a data file: for each element a varint length, a serialized VariantTensorDataProto, and 4 bytes
 * of checksum over everything before them (WriteVariantTensor in tensorflow/core/util/tensor_bundle/tensor_bundle.cc).
 * The message is not interpreted here.
 */
import { TensorBundleError } from '../errors.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { swapBytes } from './byteswap.js';
import { crc32c, unmaskCrc } from './crc.js';
import type { ElementContext } from './strings.js';
import { atOnce, type Steps } from './turns.js';

const STEP_ELEMENTS = 256;

/**
 * The CRC that the tensor's entry should have, unmasked. It covers each length as uint64, the message and its checksum.
 * @throws ERR_CORRUPT if `bytes` do not hold exactly `count` elements, ERR_CHECKSUM if an element does not match its
 * own.
 */
export function variantChecksum(bytes: Uint8Array, count: number, context: ElementContext): number {
  return atOnce(checkVariants(bytes, count, context));
}

/** As `variantChecksum`, in steps, for long tensors. */
export function* checkVariants(bytes: Uint8Array, count: number, context: ElementContext): Steps<number> {
  const reader = new ByteReader(bytes, 0, bytes.length, context);
  const integer = new ByteWriter(8);
  let crc = 0;
  for (let i = 0; i < count; i++) {
    if (i % STEP_ELEMENTS === 0) yield;
    const length = reader.varint();
    integer.clear();
    integer.u64le(length);
    if (context.bigEndian) swapBytes(integer.finish(), 8);
    crc = crc32c(reader.bytes(length), crc32c(integer.finish(), crc));
    const at = reader.at;
    const checksum = reader.bytes(4);
    const stored = checksum.slice();
    if (context.bigEndian) swapBytes(stored, 4);
    const expected = unmaskCrc(new ByteReader(stored).u32le());
    if (expected !== crc) {
      const { path, tensor, offset = 0 } = context;
      throw new TensorBundleError(
        'ERR_CHECKSUM',
        `element ${i} of the variant '${tensor}' in ${path} does not match its checksum; the data is damaged, ` +
          `restore it from another copy`,
        { path, tensor, offset: offset + at, expected, found: crc },
      );
    }
    crc = crc32c(checksum, crc);
  }
  if (reader.remaining > 0) throw reader.corrupt(`${reader.remaining} bytes follow the last of ${count} variants`);
  return crc;
}
