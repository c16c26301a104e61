/**
 * Reads the header of an index file without its other entries. Only the first block is read, and its checksum is
 * checked.
 */
import { BlockSource } from './block-source.js';
import { ByteReader } from './bytes.js';
import { type BundleHeader, decodeHeader } from './header.js';
import { atOnce } from './turns.js';

/**
 * Throws what reading the whole table throws: ERR_TRUNCATED, ERR_NOT_A_CHECKPOINT, ERR_CHECKSUM, ERR_CORRUPT,
 * ERR_V1_FORMAT.
 */
export function readStoredHeader(bytes: Uint8Array, path: string): BundleHeader {
  const source = new BlockSource(bytes, path);
  const index = atOnce(source.read(source.footer().index));
  const handles = new ByteReader(index.bytes, index.start, index.end, { path });
  skipKey(handles);
  const first = atOnce(source.read(source.handle(handles, 'the first block')));
  const entries = new ByteReader(first.bytes, first.start, first.end, { path });
  const { keyBytes, valueBytes } = skipKey(entries);
  if (keyBytes !== 0) throw entries.corrupt('its first entry is not the header', entries.at);
  return decodeHeader(entries.bytes(valueBytes), path);
}

/** Skips to the value of a block's first entry, whose key cannot share bytes with a key before it. */
function skipKey(entry: ByteReader): { keyBytes: number; valueBytes: number } {
  const at = entry.at;
  if (entry.varint() !== 0) throw entry.corrupt('the first key of a block shares bytes with another', at);
  const keyBytes = entry.varint();
  const valueBytes = entry.varint();
  entry.bytes(keyBytes);
  return { keyBytes, valueBytes };
}
