/**
 * Views into one shard's mapping. One mapping a shard where the runtime can hold it in one ArrayBuffer; else
 * overlapping windows (Node 20 ends an external ArrayBuffer at 4 GiB). Mappings are private: what a caller writes into
 * a view stays in this process, and the file is never changed.
 */
import type { ReadableFile } from '../storage/file.js';

/** Node 20: `new Uint8Array` of a larger external buffer throws. A page is kept off for the alignment of the offset. */
const MAX_WINDOW = 2 ** 32 - 2 ** 16;
/** Windows start at multiples of this and are twice as long: what is at most this long lies in one of them whole. */
const WINDOW_STEP = 2 ** 31;

interface MappedRange {
  buffer: ArrayBuffer;
  byteOffset: number;
}

export class ShardViews {
  readonly #windows = new Map<number, Promise<ArrayBuffer | null>>();
  /** Windows that are there already, so that most reads need not wait. */
  readonly #mapped = new Map<number, ArrayBuffer>();

  constructor(private readonly shard: ReadableFile) {}

  /** Null where the range cannot be mapped in one piece, or the runtime refuses external buffers: copy then. */
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
      // A failure is not kept: the next read tries again.
      window.catch(() => this.#windows.delete(start));
    }
    return window;
  }

  /** Drops the mappings; each is unmapped when the last view of it is garbage. */
  release(): void {
    this.#windows.clear();
    this.#mapped.clear();
  }
}

/**
 * Whether a caller has moved the buffer of a view away (`transfer()`, Node 22 and later). Only shards with bytes are
 * mapped.
 */
export function isDetached(buffer: ArrayBufferLike): boolean {
  return buffer.byteLength === 0;
}
