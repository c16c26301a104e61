/**
 * TFRecord files (tensorflow/core/lib/io/record_writer.h): for each record its length in 8 bytes, the masked CRC32C of
 * these 8, the bytes, and their masked CRC32C.
 */
import { TensorBundleError } from '../../errors.js';
import { crc32c, maskCrc } from '../../format/crc.js';
import type { FileWindow } from './file-window.js';
import { type FileRecord, Records } from './records.js';

const [LENGTH_BYTES, CRC_BYTES] = [8, 4];
const HEADER_BYTES = LENGTH_BYTES + CRC_BYTES;
/** The most bytes of one record. A protocol buffers message cannot be longer. */
const MOST_RECORD_BYTES = 2 ** 31;

export class TFRecords extends Records<Uint8Array> {
  readonly kind = 'tfRecords';

  /** Throws ERR_CHECKSUM, ERR_TRUNCATED and ERR_TOO_LARGE, with the offset of the record. */
  async read(file: FileWindow, offset: number): Promise<FileRecord<Uint8Array> | null> {
    const header = await file.at(offset, HEADER_BYTES);
    if (header.length === 0) return null;
    const left = (await file.size()) - offset;
    if (header.length < HEADER_BYTES) throw truncated(file, offset, HEADER_BYTES, left);
    const view = new DataView(header.buffer, header.byteOffset, HEADER_BYTES);
    // The length is checked before it is used.
    checkCrc(file, offset, crc32c(header.subarray(0, LENGTH_BYTES)), view.getUint32(LENGTH_BYTES, true), 'length');
    const length = Number(view.getBigUint64(0, true));
    const total = HEADER_BYTES + length + CRC_BYTES;
    if (total > left) throw truncated(file, offset, total, left);
    if (length > MOST_RECORD_BYTES)
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `the record at byte ${offset} of ${file.path} has ${length} bytes; it may have at most ` +
          `${MOST_RECORD_BYTES}`,
        { path: file.path, offset, expected: MOST_RECORD_BYTES, found: length },
      );
    const { bytes, crc } = await file.copy(offset + HEADER_BYTES, length);
    const stored = await file.at(offset + HEADER_BYTES + length, CRC_BYTES);
    // The file may have become shorter.
    if (bytes.length < length || stored.length < CRC_BYTES)
      throw truncated(file, offset, total, HEADER_BYTES + bytes.length + stored.length);
    checkCrc(file, offset, crc, new DataView(stored.buffer, stored.byteOffset).getUint32(0, true), 'data');
    return { element: bytes, end: offset + total };
  }
}

/**
 * A record in the form that it has in a TFRecord file; a file consists of such records. TensorFlow's
 * `tf.io.TFRecordWriter` writes the same bytes.
 *
 * @example await writeFile('data.tfrecord', Buffer.concat(records.map(encodeTFRecord)));
 */
export function encodeTFRecord(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + data.length + CRC_BYTES);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(LENGTH_BYTES, maskCrc(crc32c(bytes.subarray(0, LENGTH_BYTES))), true);
  bytes.set(data, HEADER_BYTES);
  view.setUint32(HEADER_BYTES + data.length, maskCrc(crc32c(data)), true);
  return bytes;
}

function checkCrc(file: FileWindow, offset: number, crc: number, stored: number, what: string): void {
  const found = maskCrc(crc);
  if (found === stored) return;
  throw new TensorBundleError(
    'ERR_CHECKSUM',
    `the ${what} of the record at byte ${offset} of ${file.path} is damaged: its checksum is ${hex(found)}, but ` +
      `${hex(stored)} is stored`,
    { path: file.path, offset, expected: stored, found },
  );
}

function truncated(file: FileWindow, offset: number, expected: number, found: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_TRUNCATED',
    `${file.path} ends in the record at byte ${offset}, which needs ${expected} bytes, but only ${found} are left`,
    { path: file.path, offset, expected, found },
  );
}

function hex(crc: number): string {
  return `0x${crc.toString(16).padStart(8, '0')}`;
}
