/** Joins small pieces of a stream into larger ones. Large pieces are handed on as they are. */

const ROOM_BYTES = 256 * 1024;
/** From this size on, a piece is not copied. */
const DIRECT_BYTES = 64 * 1024;

export class GatheredPieces {
  /** Bytes that were added. */
  length = 0;
  #room: Uint8Array | null = null;
  #used = 0;

  *add(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
    this.length += piece.byteLength;
    if (piece.byteLength >= DIRECT_BYTES) {
      yield* this.end();
      yield piece;
      return;
    }
    if (this.#used + piece.byteLength > ROOM_BYTES) yield* this.end();
    this.#room ??= new Uint8Array(ROOM_BYTES);
    this.#room.set(piece, this.#used);
    this.#used += piece.byteLength;
  }

  /** What is left. */
  *end(): Generator<Uint8Array, void, undefined> {
    if (this.#room === null || this.#used === 0) return;
    const piece = this.#room.subarray(0, this.#used);
    this.#room = null;
    this.#used = 0;
    yield piece;
  }
}
