/**
 * How many messages a file holds, counted before they are decoded. A message may take two bytes in the file, and a
 * hundred in memory.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { TensorBundleError } from '../../../errors.js';
import { FIXED32, LENGTH, VARINT } from '../../../format/wire.js';

/** Real files have one for about ten bytes. */
const BYTES_PER_MESSAGE = 4;
const ALWAYS = 1024;
/** They take a quarter of a gigabyte. */
const MAX_MESSAGES = 2 ** 21;
/** Protobuf's own limit. */
const MAX_DEPTH = 100;
const FIXED64 = 1;

/** The fields that make objects: the message in them, or null for a text. */
type Parts = ReadonlyMap<number, DescMessage | Entry | null>;

/** An entry of a map, which is a message with a key (1) and a value (2). */
class Entry {
  readonly parts: Parts;

  constructor(value: DescMessage | undefined) {
    this.parts = new Map(value === undefined ? [] : [[2, value]]);
  }
}

const known = new WeakMap<DescMessage, Parts>();

/**
 * Throws ERR_TOO_LARGE if the message has more messages in it than its size allows. Bytes that are not a message are
 * left to the decoder.
 */
export function checkMessages(schema: DescMessage, bytes: Uint8Array, path: string): void {
  const most = Math.min(ALWAYS + Math.floor(bytes.length / BYTES_PER_MESSAGE), MAX_MESSAGES);
  const found = countMessages(schema, bytes, most);
  if (found <= most) return;
  throw new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path} holds more than the ${most} messages that a file of its size may have`,
    { path, expected: most },
  );
}

/** Stops above `most`, and where the bytes are not a message. */
function countMessages(schema: DescMessage, bytes: Uint8Array, most: number): number {
  let count = 0;
  let parts = partsOf(schema);
  let end = bytes.length;
  const outer: { parts: Parts; end: number }[] = [];
  let at = 0;
  while (count <= most) {
    while (at >= end) {
      const back = outer.pop();
      if (back === undefined || at > end) return count;
      ({ parts, end } = back);
    }
    const tag = varint();
    const wireType = tag % 8;
    if (wireType === VARINT) varint();
    else if (wireType === FIXED64) at += 8;
    else if (wireType === FIXED32) at += 4;
    else if (wireType !== LENGTH) return count;
    else {
      const length = varint();
      const inner = parts.get(Math.floor(tag / 8));
      if (inner !== undefined) count++;
      if (inner === undefined || inner === null || outer.length === MAX_DEPTH) at += length;
      else {
        if (at + length > end) return count;
        outer.push({ parts, end });
        parts = inner instanceof Entry ? inner.parts : partsOf(inner);
        end = at + length;
      }
    }
  }
  return count;

  function varint(): number {
    let value = 0;
    for (let factor = 1; at < bytes.length; factor *= 128) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) break;
    }
    return value;
  }
}

function partsOf(schema: DescMessage): Parts {
  const existing = known.get(schema);
  if (existing !== undefined) return existing;
  const parts = new Map<number, DescMessage | Entry | null>();
  known.set(schema, parts);
  for (const field of schema.fields) {
    const part = partOf(field);
    if (part !== undefined) parts.set(field.number, part);
  }
  return parts;
}

function partOf(field: DescField): DescMessage | Entry | null | undefined {
  if (field.fieldKind === 'map') return new Entry(field.mapKind === 'message' ? field.message : undefined);
  if (field.fieldKind === 'message') return field.message;
  if (field.fieldKind !== 'list') return undefined;
  // Numbers, packed, need no more than 8 bytes each.
  return field.listKind === 'message' ? field.message : null;
}
