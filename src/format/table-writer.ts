/**
 * Writes a sorted string table as TensorFlow's TableBuilder does, byte for byte
 * (tensorflow/core/lib/io/table_builder.cc with the options of BundleWriter: no compression, no filter).
 */
import { TextDecoder } from 'node:util';
import { TensorBundleError } from '../errors.js';
import { BlockBuilder } from './block-builder.js';
import { ByteWriter } from './bytes.js';
import { crc32c, maskCrc } from './crc.js';
import {
  BLOCK_SIZE,
  FOOTER_HANDLE_BYTES,
  INDEX_RESTART_INTERVAL,
  RAW_BLOCK,
  RESTART_INTERVAL,
  TABLE_MAGIC,
} from './table-format.js';

interface BlockHandle {
  offset: number;
  size: number;
}

export class TableWriter {
  private readonly blockSize: number;
  private readonly out: ByteWriter;
  private readonly data: BlockBuilder;
  private readonly indexBytes = new ByteWriter();
  private readonly index = new BlockBuilder(this.indexBytes, INDEX_RESTART_INTERVAL);
  /** The last key: not a copy. */
  private lastKeys = new Uint8Array(0);
  private lastKeyStart = 0;
  private lastKeyLength = 0;
  private entries = 0;
  /** The last block, until the next key is known: its key in the index is made of the keys on both sides. */
  private pending: BlockHandle | null = null;
  private finished = false;

  /** `bytes`: about how many the table will have. A good guess saves copies; any guess works. */
  constructor(options: { blockSize?: number; bytes?: number } = {}) {
    this.blockSize = options.blockSize ?? BLOCK_SIZE;
    this.out = new ByteWriter(options.bytes ?? 65_536);
    this.data = new BlockBuilder(this.out, RESTART_INTERVAL);
  }

  /**
   * Appends an entry. Keys must increase strictly in byte order: ERR_DUPLICATE_NAME for the same key again, ERR_STATE
   * for a smaller one and after `finish`. The key is not copied: its memory must stay as it is until the next call.
   */
  add(key: Uint8Array, value: Uint8Array): void {
    this.addRange(key, 0, key.length, value, 0, value.length);
  }

  /** As `add`, for parts of larger buffers, without making views of them. */
  addRange(
    keys: Uint8Array,
    keyStart: number,
    keyEnd: number,
    values: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    if (this.finished) throw new TensorBundleError('ERR_STATE', 'this table is finished; make a new TableWriter');
    const common = this.commonPrefix(keys, keyStart, keyEnd);
    if (this.entries > 0) {
      this.checkOrder(common, keys, keyStart, keyEnd);
      // An entry that is far larger than a block gets its own block: TensorFlow's kOverlyLargeBlockRatio.
      if (keyEnd - keyStart + (valueEnd - valueStart) >= 2 * this.blockSize) this.flush();
    }
    if (this.pending) {
      const separator = this.separator(common, keys, keyStart, keyEnd);
      this.addIndex(separator, this.pending);
      this.pending = null;
    }
    this.rememberKey(keys, keyStart, keyEnd);
    this.entries++;
    this.data.add(keys, keyStart, keyEnd, common, values, valueStart, valueEnd);
    if (this.data.estimate >= this.blockSize) this.flush();
  }

  /** Writes the last block, the empty metaindex block, the index block and the footer. Gives the whole file. */
  finish(): Uint8Array {
    if (this.finished) throw new TensorBundleError('ERR_STATE', 'this table is finished already');
    this.flush();
    this.finished = true;
    const { out } = this;
    const metaindex = this.writeBlock(this.data);
    if (this.pending) this.addIndex(this.successor(), this.pending);
    const { start, end } = this.index.finish();
    const offset = out.length;
    out.bytes(this.indexBytes.buffer, start, end);
    const index = this.writeTrailer(offset);
    const footer = out.length;
    for (const handle of [metaindex, index]) {
      out.varint(handle.offset);
      out.varint(handle.size);
    }
    while (out.length < footer + FOOTER_HANDLE_BYTES) out.u8(0);
    for (const byte of TABLE_MAGIC) out.u8(byte);
    return out.finish();
  }

  private commonPrefix(keys: Uint8Array, keyStart: number, keyEnd: number): number {
    const { lastKeys, lastKeyStart } = this;
    const limit = Math.min(this.lastKeyLength, keyEnd - keyStart);
    let common = 0;
    while (common < limit && lastKeys[lastKeyStart + common] === keys[keyStart + common]) common++;
    return common;
  }

  private checkOrder(common: number, keys: Uint8Array, keyStart: number, keyEnd: number): void {
    const length = keyEnd - keyStart;
    if (common === this.lastKeyLength && common < length) return;
    if (
      common < this.lastKeyLength &&
      common < length &&
      this.lastKeys[this.lastKeyStart + common]! < keys[keyStart + common]!
    )
      return;
    const same = common === length && common === this.lastKeyLength;
    const text = new TextDecoder().decode(keys.subarray(keyStart, keyEnd));
    throw same
      ? new TensorBundleError('ERR_DUPLICATE_NAME', `the key '${text}' is added twice`, { tensor: text })
      : new TensorBundleError('ERR_STATE', `the key '${text}' is below the key before it; add keys in byte order`, {
          tensor: text,
        });
  }

  private rememberKey(keys: Uint8Array, keyStart: number, keyEnd: number): void {
    this.lastKeys = keys as Uint8Array<ArrayBuffer>;
    this.lastKeyStart = keyStart;
    this.lastKeyLength = keyEnd - keyStart;
  }

  /** A copy of the last key. */
  private lastKey(): Uint8Array {
    return this.lastKeys.slice(this.lastKeyStart, this.lastKeyStart + this.lastKeyLength);
  }

  /** A shortest key that is >= the last key and, where one byte allows it, < the next key. */
  private separator(common: number, keys: Uint8Array, keyStart: number, keyEnd: number): Uint8Array {
    const last = this.lastKey();
    if (common >= Math.min(last.length, keyEnd - keyStart)) return last;
    const bumped = last[common]! + 1;
    if (bumped > 0xff || bumped >= keys[keyStart + common]!) return last;
    last[common] = bumped;
    return last.subarray(0, common + 1);
  }

  /** A shortest key that is >= the last key: the first byte that can be raised is raised, and the rest is cut off. */
  private successor(): Uint8Array {
    const last = this.lastKey();
    const at = last.findIndex(byte => byte !== 0xff);
    if (at < 0) return last;
    last[at]!++;
    return last.subarray(0, at + 1);
  }

  private addIndex(key: Uint8Array, handle: BlockHandle): void {
    const value = new ByteWriter(20);
    value.varint(handle.offset);
    value.varint(handle.size);
    this.index.add(key, 0, key.length, 0, value.buffer, 0, value.length);
  }

  private flush(): void {
    if (!this.data.empty) this.pending = this.writeBlock(this.data);
  }

  private writeBlock(block: BlockBuilder): BlockHandle {
    const handle = this.writeTrailer(block.finish().start);
    block.restart();
    return handle;
  }

  /** Closes the block that begins at `offset` and ends at the buffer's end. */
  private writeTrailer(offset: number): BlockHandle {
    const { out } = this;
    const size = out.length - offset;
    out.u8(RAW_BLOCK);
    out.u32le(maskCrc(crc32c(out.buffer.subarray(offset, out.length))));
    return { offset, size };
  }
}
