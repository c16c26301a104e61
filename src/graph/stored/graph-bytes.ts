/**
 * Writes messages of the object graph (proto/trackable_object_graph.proto). Written by hand, since a save of a small
 * model would otherwise spend a good part of its time in the Protobuf library. As there, a field that is 0 or empty is
 * left out.
 */
import { ByteWriter } from '../../format/bytes.js';
import { LENGTH, VARINT } from '../../format/wire.js';

/** A text up to this length is written character by character if it is ASCII. */
const SHORT_TEXT = 512;

export class GraphBytes {
  readonly #bytes: ByteWriter;

  /** `capacity`: about how many bytes there will be. */
  constructor(capacity: number) {
    this.#bytes = new ByteWriter(capacity);
  }

  /** A field that is a message. `write` writes its fields; it may be empty. */
  message(field: number, write: () => void): void {
    const bytes = this.#bytes;
    bytes.u8(field * 8 + LENGTH);
    bytes.u8(0);
    const start = bytes.length;
    write();
    this.#setLength(start);
  }

  number(field: number, value: number): void {
    if (value === 0) return;
    this.#bytes.u8(field * 8 + VARINT);
    this.#bytes.varint(value);
  }

  text(field: number, text: string): void {
    if (text === '') return;
    const bytes = this.#bytes;
    bytes.u8(field * 8 + LENGTH);
    bytes.u8(0);
    const start = bytes.length;
    if (text.length > SHORT_TEXT || !this.#ascii(text)) {
      bytes.length = start;
      bytes.bytes(Buffer.from(text));
    }
    this.#setLength(start);
  }

  finish(): Uint8Array {
    return this.#bytes.finish();
  }

  /** False if the text is not ASCII. */
  #ascii(text: string): boolean {
    const bytes = this.#bytes;
    bytes.reserve(text.length);
    const { buffer, length } = bytes;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[length + i] = code;
    }
    bytes.length = length + text.length;
    return true;
  }

  /** Sets the length of what begins at `start`, for which one byte before it is reserved. */
  #setLength(start: number): void {
    const bytes = this.#bytes;
    const length = bytes.length - start;
    if (length < 0x80) {
      bytes.buffer[start - 1] = length;
      return;
    }
    let more = 0;
    for (let rest = length; rest > 0x7f; rest = Math.floor(rest / 128)) more++;
    bytes.reserve(more);
    bytes.buffer.copyWithin(start + more, start, bytes.length);
    bytes.length = start - 1;
    bytes.varint(length);
    bytes.length = start + more + length;
  }
}
