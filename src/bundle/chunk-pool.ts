/**
 * Memory of a save into which callers' bytes are copied, a piece at a time, before native code works on them.
 * JavaScript may take a buffer away at any moment (`transfer`, `postMessage`, `resize`, `WebAssembly.Memory.grow`), and
 * nothing can prevent that. So a native call that outlives its turn of the event loop never gets a caller's memory.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { native } from '../binding.js';
import { PackedArrays } from './packed-arrays.js';

/** Copying this much takes about 0.2 ms. */
const CHUNK_BYTES = 2 * 1024 * 1024;
/** All chunks of a save together. They are smaller if many data files are written at once. */
const TOTAL_BYTES = 24 * 1024 * 1024;
/** The most chunks that are given out in one turn of the event loop. */
const TURN_CHUNKS = 4;
/** Beside the chunk that each stream fills, this many may be in the middle of a write or wait for it. */
const SPARE_CHUNKS = 4;
/**
 * Data that was made for the save and is freed once it is written ('given', item.ts) may take this much memory at once,
 * and one piece more per stream.
 */
const PIECES_BYTES = 8 * 1024 * 1024;

/** A block of memory that is filled from its start. */
export class Chunk {
  /** Bytes that are filled. */
  used = 0;
  /** How many of the filled bytes were given out by `take`. */
  #taken = 0;

  readonly #packed: PackedArrays;

  constructor(private readonly memory: Uint8Array) {
    this.#packed = new PackedArrays(memory);
  }

  get room(): number {
    return this.memory.byteLength - this.used;
  }

  /**
   * Copies `length` bytes of the view, beginning at `start`. Throws, and copies nothing, if the bytes are not there.
   */
  copy(view: ArrayBufferView, start: number, length: number): void {
    // Even a view of no bytes cannot be made of a buffer that is gone.
    if (length === 0) return;
    this.memory.set(new Uint8Array(view.buffer, view.byteOffset + start, length), this.used);
    this.used += length;
  }

  /** The same, and gives the CRC32C of the bytes that `crc` covers, followed by the copied ones. */
  copyChecksummed(view: ArrayBufferView, start: number, length: number, crc: number): number {
    const sum = native.copyBytes(view, start, this.memory, this.used, length, crc);
    this.used += length;
    return sum;
  }

  /** Copies a small array, if there is room. False, and nothing is copied, for any other view. */
  pack(array: ArrayBufferView, bytes: number): boolean {
    if (bytes > this.room || !this.#packed.put(array, bytes, this.used)) return false;
    this.used += bytes;
    return true;
  }

  /** A view of the bytes that were filled since the last call; null if there are none. */
  take(): Uint8Array | null {
    if (this.#taken === this.used) return null;
    const part = this.memory.subarray(this.#taken, this.used);
    this.#taken = this.used;
    return part;
  }

  clear(): void {
    this.used = 0;
    this.#taken = 0;
  }

  /** Frees the memory now. No native call may be using it. */
  free(): void {
    native.detach(this.memory);
  }
}

export class ChunkPool {
  readonly #free: Chunk[] = [];
  readonly #waiting: ((chunk: Chunk) => void)[] = [];
  readonly #chunkBytes: number;
  /** Bytes of the pieces that are being written. */
  #pieces = 0;
  #left: number;
  #inTurn = 0;
  #turn: Promise<void> | null = null;

  /**
   * `streams`: how many streams run at once; each holds at most one chunk that is not being written. `bytes`: the size
   * of the save.
   */
  constructor(streams: number, bytes: number) {
    this.#left = streams + SPARE_CHUNKS;
    this.#chunkBytes = Math.max(1, Math.min(CHUNK_BYTES, Math.floor(TOTAL_BYTES / this.#left), bytes));
  }

  /**
   * An empty chunk, as soon as there is one. A stream that waits here holds none, so the write of another stream will
   * free one.
   */
  async take(): Promise<Chunk> {
    while (this.#inTurn >= TURN_CHUNKS) await this.#nextTurn();
    this.#inTurn++;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#left > 0) {
      this.#left--;
      // Memory pages are allocated by the system only when they are filled.
      return new Chunk(Buffer.allocUnsafeSlow(this.#chunkBytes));
    }
    return await new Promise(resolve => this.#waiting.push(resolve));
  }

  give(chunk: Chunk): void {
    chunk.clear();
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) waiting(chunk);
    else this.#free.push(chunk);
  }

  /** Counts the bytes of pieces whose write begins (positive) or ends (negative). */
  countPieces(bytes: number): void {
    this.#pieces += bytes;
  }

  /** Whether a stream should wait for its own pieces to be written before it asks for another. */
  get crowded(): boolean {
    return this.#pieces > PIECES_BYTES;
  }

  /** Frees the chunks that were given back. */
  free(): void {
    for (const chunk of this.#free) chunk.free();
    this.#free.length = 0;
  }

  #nextTurn(): Promise<void> {
    this.#turn ??= nextTurn().then(() => {
      this.#inTurn = 0;
      this.#turn = null;
    });
    return this.#turn;
  }
}
