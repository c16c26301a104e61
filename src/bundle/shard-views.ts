/**
 * Views into the mapping of one shard. A shard has one mapping if the runtime can hold it in one ArrayBuffer. Otherwise
 * it has overlapping windows (in Node 20 an external ArrayBuffer has at most 4 GiB). Mappings are private: what a
 * caller writes into a view stays in this process, and the file is never changed.
 */
import type { ReadableFile } from '../storage/file.js';

/**
 * In Node 20, `new Uint8Array` of a larger external buffer throws. Some space is left for the alignment of the offset.
 */
const MAX_WINDOW = 2 ** 32 - 2 ** 16;
/**
 * Windows start at multiples of this and are twice as long. So a range of at most this length lies within one window.
 */
const WINDOW_STEP = 2 ** 31;

interface MappedRange {
  buffer: ArrayBuffer;
  byteOffset: number;
}

export class ShardViews {
  readonly #windows = new Map<number, Promise<ArrayBuffer | null>>();
  /** Windows that exist already, so that most reads need not wait. */
  readonly #mapped = new Map<number, ArrayBuffer>();

  constructor(private readonly shard: ReadableFile) {}

  /**
   * Null if the range cannot be mapped in one piece, or the runtime refuses external buffers: the caller must copy
   * then.
   */
  range(offset: number, length: number): MappedRange | null | Promise<MappedRange | null> {
    const start = this.shard.size <= MAX_WINDOW ? 0 : Math.floor(offset / WINDOW_STEP) * WINDOW_STEP;
    const end = Math.min(this.shard.size, start + MAX_WINDOW);
    if (offset + length > end) return null;
    const buffer = this.#mapped.get(start);
    if (buffer !== undefined && !isDetached(buffer)) return { buffer, byteOffset: offset - start };
    if (buffer !== undefined) {
      this.#mapped.delete(start);
      this.#windows.delete(start);
    }
    return this.#window(start, end).then(opened =>
      opened === null ? null : { buffer: opened, byteOffset: offset - start },
    );
  }

  #window(start: number, end: number): Promise<ArrayBuffer | null> {
    let window = this.#windows.get(start);
    if (window === undefined) {
      window = this.shard.map(start, end - start).then(buffer => {
        if (buffer !== null) this.#mapped.set(start, buffer);
        return buffer;
      });
      this.#windows.set(start, window);
      // A failure is not kept, so the next read tries again.
      window.catch(() => this.#windows.delete(start));
    }
    return window;
  }

  /** Drops the mappings. Each is unmapped when its last view is garbage collected. */
  release(): void {
    this.#windows.clear();
    this.#mapped.clear();
  }
}

/**
 * Whether a caller has moved the buffer of a view away (`transfer()`, Node 22 and later). Only shards that have bytes
 * are mapped, so an empty buffer is a detached one.
 */
export function isDetached(buffer: ArrayBufferLike): boolean {
  return buffer.byteLength === 0;
}
