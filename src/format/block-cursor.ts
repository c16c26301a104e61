/**
 * Walks the entries of one block in order and rebuilds each key. Checks what a seek in TensorFlow relies on: lengths,
 * strictly increasing keys, and restarts that are offsets of entries which share nothing
 * (tensorflow/core/lib/io/block.cc).
 */

import type { BlockContents } from './block-source.js';
import { ByteReader } from './bytes.js';

/**
 * Holds the current key. One cursor walks all blocks of a table, so that the order is checked across blocks too. `next`
 * is the innermost loop of opening a checkpoint, so it makes no object per entry.
 */
export class BlockCursor {
  key = new Uint8Array(256);
  keyLength = 0;
  /** Where the current value lies in the block's `bytes`. */
  valueStart = 0;
  valueEnd = 0;
  /** Entries of the current block that were seen so far. */
  entries = 0;
  /** True if the restarts seen so far are `interval` entries apart. */
  regular = true;
  /** True if the current key holds only ASCII. */
  ascii = true;

  private bytes = new Uint8Array(0);
  private reader = new ByteReader(this.bytes);
  private at = 0;
  private entriesEnd = 0;
  private restartAt = 0;
  private restartsEnd = 0;
  private sinceRestart = 0;
  private started = false;
  /** Index of the first byte >= 0x80 of the key; infinite, or at least the key's length, if there is none. */
  private firstHigh = Number.POSITIVE_INFINITY;

  constructor(
    private readonly path: string,
    private readonly interval: number,
  ) {}

  /** Goes to the start of a block, before its first entry. The key before is kept, to be compared with the next one. */
  enter(block: BlockContents): void {
    const { bytes, start, end, compressed } = block;
    this.bytes = bytes as Uint8Array<ArrayBuffer>;
    // In a compressed block only the offset of the block itself has a meaning in the file.
    this.reader = new ByteReader(bytes, start, end, { path: this.path, offset: compressed ? block.fileOffset : 0 });
    if (end - start < 4) throw this.reader.corrupt('a block is too short for its restart count', start);
    const count = new ByteReader(bytes, end - 4).u32le();
    if (count > (end - start - 4) / 4) {
      throw this.reader.corrupt(`a block claims ${count} restarts`, end - 4, {
        expected: Math.floor((end - start - 4) / 4),
        found: count,
      });
    }
    this.restartsEnd = end - 4;
    this.restartAt = this.restartsEnd - 4 * count;
    this.entriesEnd = this.restartAt;
    this.blockStart = start;
    this.at = start;
    this.entries = 0;
    this.sinceRestart = 0;
    this.regular = true;
    if (start === this.entriesEnd) {
      // No entries: TensorFlow writes the single restart 0. Other writers may write none.
      if (count > 1 || (count === 1 && this.nextRestart() !== start)) {
        throw this.reader.corrupt('a block without entries has restarts', this.restartAt);
      }
      this.restartAt = this.restartsEnd;
    }
  }
  private blockStart = 0;

  /** Goes to the next entry; gives false at the end of the block. Throws ERR_CORRUPT. */
  next(): boolean {
    const { bytes, entriesEnd } = this;
    const entry = this.at;
    if (entry === entriesEnd) {
      if (this.restartAt !== this.restartsEnd) {
        throw this.reader.corrupt('a restart does not point at an entry', this.restartAt);
      }
      return false;
    }
    let at = entry;
    let shared: number;
    let suffix: number;
    let size: number;
    if (entriesEnd - entry >= 3 && (bytes[at]! | bytes[at + 1]! | bytes[at + 2]!) < 0x80) {
      shared = bytes[at]!;
      suffix = bytes[at + 1]!;
      size = bytes[at + 2]!;
      at += 3;
    } else {
      const header = new ByteReader(bytes, entry, entriesEnd, this.reader.origin);
      shared = header.varint();
      suffix = header.varint();
      size = header.varint();
      at = header.at;
    }
    // Compared by subtraction, because a sum of numbers from the file could wrap or be rounded.
    if (suffix > entriesEnd - at || size > entriesEnd - at - suffix) {
      throw this.reader.corrupt(`an entry is longer than its block (key ${suffix}, value ${size} bytes)`, entry, {
        expected: entriesEnd - at,
      });
    }
    this.checkRestart(entry, shared);
    this.takeKey(entry, at, shared, suffix);
    this.valueStart = at + suffix;
    this.valueEnd = this.valueStart + size;
    this.at = this.valueEnd;
    this.entries++;
    return true;
  }

  /** A copy of the current key. */
  copyKey(): Uint8Array {
    return this.key.slice(0, this.keyLength);
  }

  private nextRestart(): number {
    // `enter` has checked that the restarts lie within the block. No reader is used because this runs for every entry.
    const { bytes, restartAt: at } = this;
    return (
      this.blockStart + ((bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0)
    );
  }

  private checkRestart(entry: number, shared: number): void {
    if (this.restartAt < this.restartsEnd && this.nextRestart() === entry) {
      if (shared !== 0)
        throw this.reader.corrupt('the entry at a restart shares a prefix', entry, { expected: 0, found: shared });
      if (this.entries > 0 && this.sinceRestart !== this.interval) this.regular = false;
      this.restartAt += 4;
      this.sinceRestart = 0;
    } else if (this.entries === 0) {
      throw this.reader.corrupt('the first entry of a block is not a restart', entry);
    } else if (this.sinceRestart >= this.interval) {
      this.regular = false;
    }
    this.sinceRestart++;
  }

  private takeKey(entry: number, at: number, shared: number, suffix: number): void {
    const length = shared + suffix;
    if (this.entries === 0 ? shared > 0 : shared > this.keyLength) {
      throw this.reader.corrupt('an entry shares more than the key before it has', entry, {
        expected: this.entries === 0 ? 0 : this.keyLength,
        found: shared,
      });
    }
    const { bytes } = this;
    if (this.started && !this.rises(at, shared, suffix)) {
      throw this.reader.corrupt('the keys are not in increasing order', entry);
    }
    this.started = true;
    if (length > this.key.length) {
      const grown = new Uint8Array(2 * length);
      grown.set(this.key.subarray(0, shared));
      this.key = grown;
    }
    const { key } = this;
    if (this.firstHigh >= shared) this.firstHigh = Number.POSITIVE_INFINITY;
    for (let i = 0; i < suffix; i++) {
      const byte = bytes[at + i]!;
      key[shared + i] = byte;
      if (byte >= 0x80 && this.firstHigh === Number.POSITIVE_INFINITY) this.firstHigh = shared + i;
    }
    this.keyLength = length;
    this.ascii = this.firstHigh === Number.POSITIVE_INFINITY;
  }

  /** Whether the new key (the first `shared` bytes of the old one and then the suffix) is above the old one. */
  private rises(at: number, shared: number, suffix: number): boolean {
    const { bytes, key, keyLength } = this;
    let i = shared;
    const limit = Math.min(keyLength, shared + suffix);
    while (i < limit && key[i] === bytes[at + i - shared]) i++;
    if (i < limit) return bytes[at + i - shared]! > key[i]!;
    return shared + suffix > keyLength;
  }
}
