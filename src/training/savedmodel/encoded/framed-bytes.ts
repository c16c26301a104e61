/**
 * Messages in parts, which are put together once. The library for messages copies what is large once for every message
 * around it.
 */
import { ByteWriter } from '../../../format/bytes.js';
import { LENGTH } from '../../../format/wire.js';

/** A field that is a message or bytes. */
export function framed(number: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const head = new ByteWriter(16);
  head.varint(number * 8 + LENGTH);
  head.varint(lengthOf(parts));
  return [head.buffer.subarray(0, head.length), ...parts];
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
