/** Names and text, which are UTF-8. */
import { TextDecoder } from 'node:util';
import type { TextForm } from './datatype.js';

const NUL = 0;
const SPACE = 0x20;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What is not UTF-8 becomes U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The bytes of a text of fixed length, without what fills it up. */
export function withoutFilling(bytes: Uint8Array, form: TextForm): Uint8Array {
  if (form === 'to the first NUL') {
    const end = bytes.indexOf(NUL);
    return end < 0 ? bytes : bytes.subarray(0, end);
  }
  const filling = form === 'filled with spaces' ? SPACE : NUL;
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === filling) end--;
  return bytes.subarray(0, end);
}
