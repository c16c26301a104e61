/**
 * Object headers: the messages that make an object a group or a dataset. They lie in one or more chunks, versions 1 and
 * 2 (which begins with OHDR).
 */
import { TensorBundleError } from '../../errors.js';
import { requireChecksum } from './checksum.js';
import type { Fields } from './fields.js';
import type { Structures } from './structures.js';

/** The messages that are read. */
export const MESSAGE = {
  dataspace: 0x01,
  linkInfo: 0x02,
  datatype: 0x03,
  oldFillValue: 0x04,
  fillValue: 0x05,
  link: 0x06,
  externalFiles: 0x07,
  layout: 0x08,
  filters: 0x0b,
  attribute: 0x0c,
  symbolTable: 0x11,
  attributeInfo: 0x15,
} as const;

const CONTINUATION = 0x10;
/** Bits of a message's flags. */
const SHARED = 2;
/** Of the start of a header, before its messages. */
const LONGEST_START = 34;
const CHECKSUM_BYTES = 4;
/** The most bytes of one object's messages. Each attribute has less than 64 KiB. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

export interface Message {
  readonly type: number;
  /** Its contents lie elsewhere, and `fields` say where. */
  readonly isShared: boolean;
  readonly fields: Fields;
}

/** A part of a header: whole structures, so that their checksums can be computed. */
interface Chunk {
  readonly address: number | null;
  readonly length: number;
}

/** What the first bytes of a header say of all its parts. */
interface Form {
  readonly first: Chunk;
  /** Where the messages of the first part begin in it. */
  readonly start: number;
  /** Bytes before the contents of a message. */
  readonly prefix: number;
  readonly isOld: boolean;
}

/** All messages of the object at an address. */
export async function readObjectHeader(structures: Structures, address: number): Promise<Message[]> {
  const start = await structures.fieldsUpTo(address, LONGEST_START, 'an object header');
  const form = start.source[0] === 0x4f ? formOfVersion2(start, address) : formOfVersion1(start, address);
  const messages: Message[] = [];
  const chunks: Chunk[] = [form.first];
  const seen = new Set<number | null>();
  let bytes = 0;
  for (let i = 0; i < chunks.length; i++) {
    const { address: at, length } = chunks[i]!;
    bytes += length;
    if (bytes > MAX_HEADER_BYTES) throw tooLarge(structures, address, bytes);
    const fields = await structures.fields(at, length, 'a part of an object header');
    if (seen.has(at)) throw fields.corrupt('an object header continues at a part of itself');
    seen.add(at);
    if (form.isOld) readMessages(fields, fields.end, form, messages, chunks);
    else {
      if (i === 0) fields.skip(form.start);
      else fields.signature('OCHK');
      const end = fields.end - CHECKSUM_BYTES;
      requireChecksum(fields, 0, end);
      readMessages(fields, end, form, messages, chunks);
    }
  }
  return messages;
}

function formOfVersion1(start: Fields, address: number): Form {
  const version = start.u8();
  if (version !== 1) throw start.corrupt(`there is no object header, or one of version ${version}`, 0);
  // A reserved byte, the number of messages, and of links to the object.
  start.skip(7);
  return { first: { address: address + 16, length: start.u32le() }, start: 0, prefix: 8, isOld: true };
}

function formOfVersion2(start: Fields, address: number): Form {
  start.signature('OHDR');
  const version = start.u8();
  if (version !== 2) throw start.corrupt(`an object header of version ${version}`);
  const flags = start.u8();
  // Times; how many attributes there may be before they are stored in another way.
  start.skip((flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0));
  const length = start.sized(1 << (flags & 3)) + start.at + CHECKSUM_BYTES;
  return { first: { address, length }, start: start.at, prefix: flags & 4 ? 6 : 4, isOld: false };
}

function readMessages(fields: Fields, end: number, form: Form, messages: Message[], chunks: Chunk[]): void {
  // A rest that has no room for a message is a gap.
  while (end - fields.at >= form.prefix) {
    const type = form.isOld ? fields.u16le() : fields.u8();
    const size = fields.u16le();
    const flags = fields.u8();
    // Old: reserved; else, where messages are in an order, the place in it.
    fields.skip(form.prefix - (form.isOld ? 5 : 4));
    if (size > end - fields.at) throw fields.corrupt('a message goes beyond its object header');
    const content = fields.part(size);
    if (type === CONTINUATION) chunks.push({ address: content.address(), length: content.length() });
    else messages.push({ type, isShared: (flags & SHARED) !== 0, fields: content });
  }
}

function tooLarge({ range: { path } }: Structures, address: number, bytes: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path}: the object at byte ${address} has more than ${MAX_HEADER_BYTES} bytes of attributes and other messages`,
    { path, offset: address, expected: MAX_HEADER_BYTES, found: bytes },
  );
}
