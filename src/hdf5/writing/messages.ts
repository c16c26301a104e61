/** The messages of object headers: what an object is, and its attributes. Each is a type and its body. */
import { TensorBundleError } from '../../errors.js';
import { Block } from './block.js';
import type { AttributeToWrite } from './content.js';
import type { TextCollections, TextPlace } from './text-collections.js';
import { fixedText, storedTypeOf, variableText } from './type-messages.js';

export interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  /** Whether readers may keep it in memory, since it never changes. */
  readonly isConstant: boolean;
}

const [DATASPACE, DATATYPE, FILL_VALUE, LAYOUT, ATTRIBUTE, SYMBOL_TABLE] = [0x01, 0x03, 0x05, 0x08, 0x0c, 0x11];
/** The size of a message has 16 bits, and is a multiple of 8. */
const MOST_BYTES = 65_528;

/** Texts of the attributes of an object, in their order. */
export function placeTexts(attribute: AttributeToWrite, texts: TextCollections): TextPlace[] {
  if ('text' in attribute) return [texts.add(attribute.text)];
  if ('bytes' in attribute) return [texts.add(attribute.bytes)];
  if ('texts' in attribute) return attribute.texts.map(text => texts.add(text));
  return [];
}

/** `heap`: address of the global heap. `places`: of its texts. `path`: of the object. Throws ERR_TOO_LARGE. */
export function attributeMessage(
  path: string,
  name: string,
  attribute: AttributeToWrite,
  places: readonly TextPlace[],
  heap: number,
): Message {
  const { type, shape, data } = partsOf(attribute, places, heap);
  const space = dataspace(shape);
  const bytes = Buffer.from(`${name}\0`);
  const body = new Block().u8(1, 0).u16(bytes.byteLength).u16(type.byteLength).u16(space.byteLength);
  for (const part of [bytes, type, space]) body.append(part).pad();
  body.append(data).pad();
  if (body.length > MOST_BYTES) throw tooLarge(path, name, body.length);
  return { type: ATTRIBUTE, body: body.done(), isConstant: false };
}

interface Parts {
  readonly type: Uint8Array;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

function partsOf(attribute: AttributeToWrite, places: readonly TextPlace[], heap: number): Parts {
  if ('fixed' in attribute) return fixedParts(attribute.fixed);
  if ('values' in attribute) {
    const { dtype, shape, values } = attribute;
    const { message, bytes } = storedTypeOf(dtype)!;
    const data = new Block(Math.max(8, bytes * values.length));
    for (const value of values) {
      if (dtype === 'float32' || dtype === 'float64') data.float(Number(value), bytes as 4 | 8);
      else data.integer(typeof value === 'boolean' ? Number(value) : value, bytes);
    }
    return { type: message, shape, data: data.done() };
  }
  const data = new Block();
  for (const { collection, index, bytes } of places) {
    data
      .u32(bytes)
      .u64(heap + collection)
      .u32(index);
  }
  const shape = 'texts' in attribute ? [attribute.texts.length] : [];
  return { type: variableText(!('bytes' in attribute)).message, shape, data: data.done() };
}

/** An empty list is a list of numbers, since NumPy has no type for it. */
function fixedParts(texts: readonly string[]): Parts {
  if (texts.length === 0) return { type: storedTypeOf('float64')!.message, shape: [0], data: new Uint8Array() };
  const encoded = texts.map(text => Buffer.from(text));
  const { bytes, message } = fixedText(encoded.reduce((most, { byteLength }) => Math.max(most, byteLength), 1));
  const data = new Block(bytes * texts.length);
  for (const text of encoded) data.filled(text, bytes);
  return { type: message, shape: [texts.length], data: data.done() };
}

/** Its sizes are also the largest that it may get. */
function dataspace(shape: readonly number[]): Uint8Array {
  const block = new Block().u8(1, shape.length, shape.length === 0 ? 0 : 1).zeros(5);
  for (const size of [...shape, ...shape]) block.u64(size);
  return block.done();
}

/** `address`: of its values, or NOWHERE if there are none. */
export function datasetMessages(
  type: Uint8Array,
  shape: readonly number[],
  address: number,
  bytes: number,
): readonly Message[] {
  // Space was reserved late, and nothing fills it: zeros would be the default.
  const fill = new Block().u8(2, 2, 2, 1).u32(0);
  const layout = new Block().u8(3, 1).u64(address).u64(bytes);
  return [
    { type: DATASPACE, body: dataspace(shape), isConstant: false },
    { type: DATATYPE, body: type, isConstant: true },
    { type: FILL_VALUE, body: fill.done(), isConstant: true },
    { type: LAYOUT, body: layout.done(), isConstant: false },
  ];
}

export function groupMessage(tree: number, heap: number): Message {
  return { type: SYMBOL_TABLE, body: new Block(16).u64(tree).u64(heap).done(), isConstant: false };
}

/** An object header of version 1, all in one piece. `links`: how often the object has a name. Throws ERR_TOO_LARGE. */
export function objectHeader(path: string, messages: readonly Message[], links: number): Uint8Array {
  if (messages.length > 0xffff) {
    throw new TensorBundleError(
      'ERR_TOO_LARGE',
      `'${path}' has ${messages.length} attributes, more than an HDF5 object can have; put some on other groups`,
      { tensor: path, expected: 0xffff, found: messages.length },
    );
  }
  const block = new Block();
  for (const { type, body, isConstant } of messages) {
    block
      .u16(type)
      .u16(Math.ceil(body.byteLength / 8) * 8)
      .u8(isConstant ? 1 : 0, 0, 0, 0);
    block.append(body).pad();
  }
  const head = new Block(16 + block.length).u8(1, 0).u16(messages.length).u32(links).u32(block.length);
  return head.pad().append(block.done()).done();
}

function tooLarge(path: string, name: string, bytes: number): TensorBundleError {
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `the attribute '${name}' of '${path === '' ? '/' : path}' takes ${bytes} bytes, but HDF5 has ${MOST_BYTES} for ` +
      'one; divide it into several attributes, or write it as one text',
    { tensor: path, expected: MOST_BYTES, found: bytes },
  );
}
