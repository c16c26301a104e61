/**
 * Finds the blocks in the file of a table: footer, block handles, trailers, checksums, compression. It does not know
 * what the contents of a block mean (tensorflow/core/lib/io/format.cc).
 */
import { TensorBundleError } from '../errors.js';
import { ByteReader, ByteWriter } from './bytes.js';
import { crc32c, unmaskCrc } from './crc.js';
import { snappyDecode } from './snappy.js';
import { recognize } from './sniff.js';
import {
  BLOCK_TRAILER_BYTES,
  FOOTER_BYTES,
  FOOTER_HANDLE_BYTES,
  MAX_DECOMPRESSED_BLOCK,
  RAW_BLOCK,
  SNAPPY_BLOCK,
  TABLE_MAGIC,
} from './table-format.js';
import type { Steps } from './turns.js';

/** Bytes that are checksummed between two stops. */
const STEP_BYTES = 32 * 1024 * 1024;

/** Offset in the file, and size in bytes without the trailer. */
export interface BlockHandle {
  readonly offset: number;
  readonly size: number;
}

/** A block's contents, decompressed: bytes `start` to `end` of `bytes`. */
export interface BlockContents {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /**
   * Add this to a position in `bytes` to get the offset in the file; for a compressed block it is the block's own
   * offset.
   */
  readonly fileOffset: number;
  readonly compressed: boolean;
}

export interface Footer {
  readonly metaindex: BlockHandle;
  readonly index: BlockHandle;
  /** Offset of the first byte that a writer would not have written (shortest numbers, then zeros), or null. */
  readonly dirtyPadding: number | null;
}

export class BlockSource {
  /** Offset of the footer. All blocks must end before it. */
  readonly limit: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly path: string,
  ) {
    if (bytes.length > 0xffff_ffff) {
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `${path} has ${bytes.length} bytes; an index above 4 GiB cannot be read`,
        {
          path,
          found: bytes.length,
        },
      );
    }
    this.limit = bytes.length - FOOTER_BYTES;
  }

  /** The two handles in the footer. Throws ERR_TRUNCATED, ERR_NOT_A_CHECKPOINT, ERR_CORRUPT. */
  footer(): Footer {
    const { bytes, path, limit } = this;
    if (bytes.length === 0) {
      throw new TensorBundleError(
        'ERR_TRUNCATED',
        `${path} has 0 bytes: TensorFlow leaves such an index when it dies during a save; use the checkpoint ` +
          `before it`,
        { path, offset: 0, expected: FOOTER_BYTES, found: 0 },
      );
    }
    const known = recognize(bytes);
    if (limit < 0) {
      if (known !== null) throw this.notACheckpoint(`it is ${known}`);
      throw new TensorBundleError(
        'ERR_TRUNCATED',
        `${path} has ${bytes.length} bytes, fewer than the ${FOOTER_BYTES} of a checkpoint index's footer; use ` +
          `another copy`,
        { path, offset: bytes.length, expected: FOOTER_BYTES, found: bytes.length },
      );
    }
    const magicAt = limit + FOOTER_HANDLE_BYTES;
    if (!TABLE_MAGIC.every((byte, i) => bytes[magicAt + i] === byte)) {
      throw this.notACheckpoint(known === null ? 'it does not end like one, or was cut short' : `it is ${known}`);
    }
    const reader = new ByteReader(bytes, limit, magicAt, { path });
    const metaindex = this.handle(reader, 'the metaindex block');
    const index = this.handle(reader, 'the index block');
    // The padding begins where the shortest form of the handles ends. A longer form would hide a changed bit among
    // zeros.
    const shortest = new ByteWriter(FOOTER_HANDLE_BYTES);
    for (const number of [metaindex.offset, metaindex.size, index.offset, index.size]) shortest.varint(number);
    let padding = limit;
    while (
      padding < magicAt &&
      bytes[padding] === (padding - limit < shortest.length ? shortest.buffer[padding - limit] : 0)
    )
      padding++;
    return { metaindex, index, dirtyPadding: padding < magicAt ? padding : null };
  }

  /**
   * Reads a handle. Checks that the block and its trailer lie before the footer. `what` names the block in an error.
   */
  handle(reader: ByteReader, what: string): BlockHandle {
    const at = reader.at;
    const offset = reader.varint();
    const size = reader.varint();
    if (offset > this.limit || size > this.limit - offset - BLOCK_TRAILER_BYTES) {
      throw reader.corrupt(`${what} lies outside the file (offset ${offset}, ${size} bytes)`, at, {
        expected: this.limit,
        found: offset + size,
      });
    }
    return { offset, size };
  }

  /** Checks the checksum of a block and gives its contents. Throws ERR_CHECKSUM, ERR_CORRUPT. */
  *read({ offset, size }: BlockHandle): Steps<BlockContents> {
    const { bytes, path } = this;
    const end = offset + size;
    let found = 0;
    for (let at = offset; at <= end; at += STEP_BYTES) {
      found = crc32c(bytes.subarray(at, Math.min(at + STEP_BYTES, end + 1)), found);
      yield;
    }
    const expected = unmaskCrc(new ByteReader(bytes, end + 1).u32le());
    if (found !== expected) {
      throw new TensorBundleError(
        'ERR_CHECKSUM',
        `the block at byte ${offset} of ${path} does not match its checksum; the file is damaged, ` +
          `restore it from another copy`,
        { path, offset, expected, found },
      );
    }
    const type = bytes[end];
    if (type === RAW_BLOCK) return { bytes, start: offset, end, fileOffset: 0, compressed: false };
    if (type === SNAPPY_BLOCK) {
      const raw = snappyDecode(bytes.subarray(offset, end), MAX_DECOMPRESSED_BLOCK, { path, offset });
      return { bytes: raw, start: 0, end: raw.length, fileOffset: offset, compressed: true };
    }
    throw new ByteReader(bytes, end, end + 1, { path }).corrupt(`a block has the unknown compression ${type}`, end, {
      expected: [RAW_BLOCK, SNAPPY_BLOCK],
      found: type,
    });
  }

  private notACheckpoint(reason: string): TensorBundleError {
    const { path, bytes } = this;
    return new TensorBundleError(
      'ERR_NOT_A_CHECKPOINT',
      `${path} is not the index of a TensorFlow checkpoint: ${reason}`,
      {
        path,
        offset: Math.max(0, bytes.length - TABLE_MAGIC.length),
      },
    );
  }
}
