/**
 * Builds one block of a table and appends it to a shared buffer. First come the entries, which may share a prefix with
 * the key before, then the offsets of the entries that share nothing ("restarts") and their count
 * (tensorflow/core/lib/io/block_builder.cc).
 */
import { type ByteWriter, MAX_VARINT_BYTES, putBytes, putVarint } from './bytes.js';

export class BlockBuilder {
  private start: number;
  private entries = 0;
  private sinceRestart = 0;
  private readonly restarts: number[] = [0];

  constructor(
    private readonly out: ByteWriter,
    private readonly interval: number,
  ) {
    this.start = out.length;
  }

  get empty(): boolean {
    return this.entries === 0;
  }

  /** Bytes that the block would have if it were finished now. */
  get estimate(): number {
    return this.out.length - this.start + 4 * this.restarts.length + 4;
  }

  /**
   * Appends an entry. `common` is the length of the prefix that the key shares with the key before; it is ignored for
   * the first entry of a block and at every restart.
   */
  add(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    common: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const { out } = this;
    let shared = this.entries === 0 ? 0 : common;
    if (this.sinceRestart === this.interval) {
      this.restarts.push(out.length - this.start);
      this.sinceRestart = 0;
      shared = 0;
    }
    const suffix = keyEnd - keyStart - shared;
    const size = valueEnd - valueStart;
    out.reserve(3 * MAX_VARINT_BYTES + suffix + size);
    const { buffer } = out;
    let at = putVarint(buffer, out.length, shared);
    at = putVarint(buffer, at, suffix);
    at = putVarint(buffer, at, size);
    at = putBytes(buffer, at, key, keyStart + shared, keyEnd);
    out.length = putBytes(buffer, at, value, valueStart, valueEnd);
    this.sinceRestart++;
    this.entries++;
  }

  /**
   * Appends the restarts and their count; gives the place of the block in the buffer. A block without entries has one
   * restart, 0.
   */
  finish(): { start: number; end: number } {
    const { out, start } = this;
    for (const restart of this.restarts) out.u32le(restart);
    out.u32le(this.restarts.length);
    return { start, end: out.length };
  }

  /** Begins a new block at the buffer's present end. */
  restart(): void {
    this.start = this.out.length;
    this.entries = 0;
    this.sinceRestart = 0;
    this.restarts.length = 1;
  }
}
