/**
 * Writes messages of the object graph (proto/trackable_object_graph.proto). Written by hand, since a save of a small
 * model would otherwise spend a good part of its time in the Protobuf library. As there, a field that is 0 or empty is
 * left out.
 */
import { LENGTH, VARINT } from '../../format/wire.js';

/** A text up to this length is written character by character if it is ASCII: a native call would take longer. */
const SHORT_TEXT = 16;

export class GraphBytes {
  #bytes: Buffer;
  #length = 0;

  /** `capacity`: about how many bytes there will be. */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafeSlow(capacity);
  }

  number(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(1);
    this.#bytes[this.#length++] = field * 8 + VARINT;
    this.#varint(value);
  }

  text(field: number, text: string): void {
    if (text === '') return;
    const start = this.begin(field);
    this.#reserve(3 * text.length);
    if (text.length > SHORT_TEXT || !this.#ascii(text)) this.#length = start + this.#bytes.write(text, start);
    this.end(start);
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset, this.#length);
  }

  /**
   * Begins a field that has a length: a message, whose fields follow. One byte is reserved for the length. Gives the
   * place after it, for `end`.
   */
  begin(field: number): number {
    this.#reserve(2);
    this.#bytes[this.#length++] = field * 8 + LENGTH;
    return ++this.#length;
  }

  /** Ends a field: sets its length. If that needs more than one byte, what follows is moved. */
  end(start: number): void {
    const length = this.#length - start;
    if (length < 0x80) {
      this.#bytes[start - 1] = length;
      return;
    }
    let more = 0;
    for (let rest = length; rest > 0x7f; rest >>>= 7) more++;
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#length);
    this.#length = start - 1;
    this.#varint(length);
    this.#length = start + more + length;
  }

  /** False if the text is not ASCII. */
  #ascii(text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      this.#bytes[this.#length + i] = code;
    }
    this.#length += text.length;
    return true;
  }

  #varint(value: number): void {
    this.#reserve(5);
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
