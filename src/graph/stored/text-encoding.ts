/**
 * Gives the Protobuf library Node's encoders where the context has none. Imported for what it does, before any message.
 */
import { TextDecoder, TextEncoder } from 'node:util';
import { configureTextEncoding } from '@bufbuild/protobuf/wire';
import { isWellFormed } from '../../format/utf8-order.js';

const { TextEncoder: encoder, TextDecoder: decoder } = globalThis as { TextEncoder?: unknown; TextDecoder?: unknown };

if (encoder === undefined || decoder === undefined) {
  const utf8 = new TextEncoder();
  // A leading U+FEFF in a string of a message is text, no mark of the byte order.
  const loose = new TextDecoder('utf-8', { ignoreBOM: true });
  const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
  configureTextEncoding({
    // Bytes of the context's own kind: the library looks for those.
    encodeUtf8: text => new Uint8Array(utf8.encode(text)),
    decodeUtf8: (bytes: Uint8Array, isStrict?: boolean) => (isStrict ? strict : loose).decode(bytes),
    checkUtf8: text => isWellFormed(text),
  });
}
