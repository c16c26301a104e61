/**
 * Memory of a save's own that callers' bytes are copied into, a piece at a time, before native code works on them.
 * JavaScript may take a buffer away at any moment (`transfer`, `postMessage`, `resize`, `WebAssembly.Memory.grow`), and
 * nothing can pin it: so no native call that outlives its turn ever sees a caller's memory.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { native } from '../binding.js';

/** Copying this much takes about 0.2 ms. */
const CHUNK_BYTES = 2 * 1024 * 1024;
/** All chunks of a save; they are smaller where many data files are written at once. */
const TOTAL_BYTES = 24 * 1024 * 1024;
/** Handed out in one turn of the event loop at most. */
const TURN_CHUNKS = 4;
/** Beside the one that each stream fills: of these two are written, or wait for it. */
const SPARE_CHUNKS = 4;
/** From here on a copy past the caches is worth a native call: the engine's thread has read the chunk before. */
const STREAMED_BYTES = 16 * 1024;
/**
 * What was made for the save and is freed once written ('given', item.ts) has this much at once, and one more per
 * stream.
 */
const PIECES_BYTES = 8 * 1024 * 1024;

/** A stretch of memory that is filled from its start. */
export class Chunk {
  /** Bytes that are filled. */
  used = 0;
  /** Of the filled bytes, those that were taken out as a view. */
  #taken = 0;

  constructor(private readonly memory: Uint8Array) {}

  get room(): number {
    return this.memory.byteLength - this.used;
  }

  /** Copies `length` bytes of the view from `start` on. Throws for what is not there; nothing is copied then. */
  copy(view: ArrayBufferView, start: number, length: number): void {
    // Nothing can be looked at in a buffer that is gone, not even no bytes.
    if (length === 0) return;
    if (length >= STREAMED_BYTES) native.copyBytes(view, start, this.memory, this.used, length);
    else this.memory.set(new Uint8Array(view.buffer, view.byteOffset + start, length), this.used);
    this.used += length;
  }

  /** What was filled since the call before; null if that is nothing. */
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

  /** Gives the memory back now. No native call may be using it. */
  free(): void {
    native.detach(this.memory);
  }
}

export class ChunkPool {
  readonly #free: Chunk[] = [];
  readonly #waiting: ((chunk: Chunk) => void)[] = [];
  readonly #chunkBytes: number;
  /** Bytes of pieces that are being written. */
  #pieces = 0;
  #left: number;
  #inTurn = 0;
  #turn: Promise<void> | null = null;

  /**
   * For so many streams at once, which hold at most one chunk each that is not being written; `bytes` are those of the
   * save.
   */
  constructor(streams: number, bytes: number) {
    this.#left = streams + SPARE_CHUNKS;
    this.#chunkBytes = Math.max(1, Math.min(CHUNK_BYTES, Math.floor(TOTAL_BYTES / this.#left), bytes));
  }

  /** An empty chunk, as soon as there is one. Who waits holds none, so somebody's write will free one. */
  async take(): Promise<Chunk> {
    while (this.#inTurn >= TURN_CHUNKS) await this.#nextTurn();
    this.#inTurn++;
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#left > 0) {
      this.#left--;
      // Its pages come when they are filled.
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

  /** Counts bytes of pieces that begin or end (negative) to be written. */
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
