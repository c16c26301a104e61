/** Appends texts to a buffer, as UTF-8. */

/** A longer text is measured before it is written. For a shorter one three bytes a character are kept free. */
const MEASURED_LENGTH = 4096;

export class TextWriter {
  #buffer: Buffer<ArrayBuffer>;
  length = 0;

  /** `characters`: of all texts; more room is made if some of them need several bytes. */
  constructor(characters: number) {
    this.#buffer = Buffer.from(new ArrayBuffer(characters + 2 * Math.min(characters, MEASURED_LENGTH)));
  }

  /** The number of bytes. Half of a surrogate pair takes as many as another character, three. */
  add(text: string): number {
    this.#reserve(text.length > MEASURED_LENGTH ? Buffer.byteLength(text) : 3 * text.length);
    const written = this.#buffer.write(text, this.length);
    this.length += written;
    return written;
  }

  /** A view of what was written. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#buffer.length) return;
    const grown = Buffer.from(new ArrayBuffer(Math.max(needed, this.#buffer.length * 2)));
    grown.set(this.bytes());
    this.#buffer = grown;
  }
}
