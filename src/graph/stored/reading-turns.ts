/**
 * Spreads the reading of values over turns of the event loop. A value that TensorFlow holds costs 10 to 20 µs however
 * small it is, and a millisecond for 2 MiB. So what one turn reads is limited by its count and by its bytes.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

const TURN_READS = 32;
/** A large value counts as this much, since it comes in pieces with turns between them. */
const TURN_BYTES = 1024 * 1024;

export class ReadingTurns {
  #reads = 0;
  #bytes = 0;
  #turn: Promise<void> | null = null;

  /** Calls `read`, at once if this turn has room for a value of so many bytes. */
  take<T>(bytes: number, read: () => T): T | Promise<Awaited<T>> {
    return this.#begin(bytes) ? read() : this.#later(bytes, read);
  }

  async #later<T>(bytes: number, read: () => T): Promise<Awaited<T>> {
    do await this.#turn;
    while (!this.#begin(bytes));
    return await read();
  }

  /** False if it has to wait. */
  #begin(bytes: number): boolean {
    const counted = Math.min(bytes, TURN_BYTES);
    if (this.#turn && (this.#reads === TURN_READS || this.#bytes + counted > TURN_BYTES)) return false;
    this.#turn ??= nextTurn().then(() => {
      this.#reads = 0;
      this.#bytes = 0;
      this.#turn = null;
    });
    this.#reads++;
    this.#bytes += counted;
    return true;
  }
}
