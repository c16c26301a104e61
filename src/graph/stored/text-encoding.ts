/**
 * Gives the Protobuf library Node's text encoders if the context has none. Imported only for this effect, before any
 * message.
 */
import { TextDecoder, TextEncoder } from 'node:util';
import { configureTextEncoding } from '@bufbuild/protobuf/wire';
import { isWellFormed } from '../../format/utf8-order.js';

const { TextEncoder: encoder, TextDecoder: decoder } = globalThis as { TextEncoder?: unknown; TextDecoder?: unknown };

if (encoder === undefined || decoder === undefined) {
  const utf8 = new TextEncoder();
  // A leading U+FEFF in a string of a message is text, not a byte order mark.
  const loose = new TextDecoder('utf-8', { ignoreBOM: true });
  const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
  configureTextEncoding({
    // A Uint8Array of this context's own class: the library checks for it.
    encodeUtf8: text => new Uint8Array(utf8.encode(text)),
    decodeUtf8: (bytes: Uint8Array, isStrict?: boolean) => (isStrict ? strict : loose).decode(bytes),
    checkUtf8: text => isWellFormed(text),
  });
}
