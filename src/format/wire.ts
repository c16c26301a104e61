/**
 * The wire format of protocol buffers, as far as the messages of a checkpoint index need it
 * (protobuf's encoding.md). Hand-written because an index holds one message per tensor.
 */
import type { ByteReader } from './bytes.js';

export const VARINT = 0;
const FIXED64 = 1;
export const LENGTH = 2;
const GROUP_START = 3;
const GROUP_END = 4;
export const FIXED32 = 5;

/** How deep groups may be nested: an unknown field may nest them, and a hostile file could do so without end. */
const MAX_GROUP_DEPTH = 32;

/** Reads a tag: field number * 8 + wire type. ERR_CORRUPT if it is not one. */
export function readTag(reader: ByteReader): number {
  const at = reader.at;
  const tag = reader.varint();
  if (tag < 8 || tag > 0xffff_ffff) throw reader.corrupt('a message has an impossible field tag', at, { found: tag });
  return tag;
}

/** The reader of the contents of a sub-message or of bytes. */
export function readMessage(reader: ByteReader): ByteReader {
  return reader.sub(reader.varint());
}

/** Skips the field whose tag was just read, groups included. */
export function skipField(reader: ByteReader, tag: number, depth = 0): void {
  const wireType = tag % 8;
  if (wireType === VARINT) reader.varint64();
  else if (wireType === FIXED64) reader.skip(8);
  else if (wireType === LENGTH) reader.skip(reader.varint());
  else if (wireType === FIXED32) reader.skip(4);
  else if (wireType === GROUP_START) skipGroup(reader, tag, depth);
  else throw reader.corrupt(`a message has the impossible wire type ${wireType}`, reader.at, { found: wireType });
}

function skipGroup(reader: ByteReader, start: number, depth: number): void {
  if (depth === MAX_GROUP_DEPTH) throw reader.corrupt(`groups are nested more than ${MAX_GROUP_DEPTH} deep`);
  for (;;) {
    const tag = readTag(reader);
    if (tag % 8 !== GROUP_END) skipField(reader, tag, depth + 1);
    else if (tag === start - GROUP_START + GROUP_END) return;
    else throw reader.corrupt('a group is closed by another field');
  }
}

/** Throws ERR_CORRUPT unless the tag has the wire type that the field is declared with. */
export function expectWire(reader: ByteReader, tag: number, wireType: number, field: string): void {
  if (tag % 8 === wireType) return;
  throw reader.corrupt(`the field '${field}' has wire type ${tag % 8}`, reader.at, {
    expected: wireType,
    found: tag % 8,
  });
}
