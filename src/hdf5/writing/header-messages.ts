/** The header of an object: messages that say what it is, and its attributes. Version 1, all in one piece. */
import { TensorBundleError } from '../../errors.js';
import { Block } from './block.js';
import type { AttributeToWrite } from './content.js';
import type { TablePlace } from './symbol-tables.js';
import type { TextCollections, TextPlace } from './text-collections.js';
import { fixedText, storedTypeOf, variableText } from './type-messages.js';

const [DATASPACE, DATATYPE, FILL_VALUE, LAYOUT, ATTRIBUTE, SYMBOL_TABLE] = [0x01, 0x03, 0x05, 0x08, 0x0c, 0x11];
/** The size of a message has 16 bits, and is a multiple of 8. */
const MOST_BYTES = 65_528;
const MOST_MESSAGES = 0xffff;
const HEAD_BYTES = 16;
const MESSAGE_HEAD_BYTES = 8;

export class HeaderMessages {
  readonly #block = new Block(512).zeros(HEAD_BYTES);
  #count = 0;

  /** `path`: of the object, for messages of errors. */
  constructor(private readonly path: string) {}

  /** `address`: of its values, or NOWHERE if there are none. */
  addDataset(type: Uint8Array, shape: readonly number[], address: number, bytes: number): void {
    this.#add(DATASPACE, block => addDataspace(block, shape));
    this.#add(DATATYPE, block => block.append(type), { isConstant: true });
    // Space was reserved late, and nothing fills it: zeros would be the default.
    this.#add(FILL_VALUE, block => block.u8(2, 2, 2, 1).u32(0), { isConstant: true });
    this.#add(LAYOUT, block => block.u8(3, 1).u64(address).u64(bytes));
  }

  addGroup({ tree, heap }: TablePlace): void {
    this.#add(SYMBOL_TABLE, block => block.u64(tree).u64(heap));
  }

  /** `heap`: address of the global heap. `places`: of the texts of the attribute. Throws ERR_TOO_LARGE. */
  addAttribute(name: string, attribute: AttributeToWrite, places: readonly TextPlace[], heap: number): void {
    const { type, shape, data } = partsOf(attribute, places, heap);
    const bytes = Buffer.from(`${name}\0`);
    const length = this.#add(ATTRIBUTE, block => {
      block.u8(1, 0).u16(bytes.byteLength).u16(type.byteLength).u16(dataspaceBytes(shape));
      for (const part of [bytes, type]) block.append(part).pad();
      addDataspace(block, shape);
      block.append(data);
    });
    if (length > MOST_BYTES) throw this.#tooLarge(name, length);
  }

  /** `links`: how often the object has a name. Throws ERR_TOO_LARGE. */
  done(links: number): Uint8Array {
    const count = this.#count;
    if (count > MOST_MESSAGES) {
      throw new TensorBundleError(
        'ERR_TOO_LARGE',
        `'${this.path}' has ${count} attributes, more than an HDF5 object can have; put some on other groups`,
        { tensor: this.path, expected: MOST_MESSAGES, found: count },
      );
    }
    const head = new Block(HEAD_BYTES).u8(1, 0).u16(count).u32(links);
    return this.#block.put(0, head.u32(this.#block.length - HEAD_BYTES).finish()).finish();
  }

  /** Gives the bytes of the message. `isConstant`: readers may share it, since it never changes. */
  #add(type: number, write: (block: Block) => void, { isConstant = false } = {}): number {
    const block = this.#block;
    const start = block.length;
    block.zeros(MESSAGE_HEAD_BYTES);
    write(block);
    block.pad();
    const bytes = block.length - start - MESSAGE_HEAD_BYTES;
    const sizes = Uint8Array.of(type, 0, bytes & 0xff, (bytes >> 8) & 0xff, isConstant ? 1 : 0);
    block.put(start, sizes);
    this.#count++;
    return bytes;
  }

  #tooLarge(name: string, bytes: number): TensorBundleError {
    return new TensorBundleError(
      'ERR_TOO_LARGE',
      `the attribute '${name}' of '${this.path || '/'}' takes ${bytes} bytes, but HDF5 has ${MOST_BYTES} for one; ` +
        'divide it into several attributes, or write it as one text',
      { tensor: this.path, expected: MOST_BYTES, found: bytes },
    );
  }
}

/** Places for the texts of an attribute, in their order. */
export function placeTexts(attribute: AttributeToWrite, texts: TextCollections): TextPlace[] {
  if ('text' in attribute) return [texts.add(attribute.text)];
  if ('bytes' in attribute) return [texts.add(attribute.bytes)];
  if ('texts' in attribute) return attribute.texts.map(text => texts.add(text));
  return [];
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
    const data = new Block(bytes * values.length);
    for (const value of values) {
      if (dtype === 'float32' || dtype === 'float64') data.float(Number(value), bytes as 4 | 8);
      else data.integer(typeof value === 'boolean' ? Number(value) : value, bytes);
    }
    return { type: message, shape, data: data.finish() };
  }
  const data = new Block(16 * places.length);
  for (const { collection, index, bytes } of places) {
    data.u32(bytes);
    data.u64(heap + collection).u32(index);
  }
  const shape = 'texts' in attribute ? [attribute.texts.length] : [];
  return { type: variableText(!('bytes' in attribute)).message, shape, data: data.finish() };
}

/** An empty list is a list of numbers, since NumPy has no type for it. */
function fixedParts(texts: readonly string[]): Parts {
  if (texts.length === 0) return { type: storedTypeOf('float64')!.message, shape: [0], data: new Uint8Array() };
  const encoded = texts.map(text => Buffer.from(text));
  const { bytes, message } = fixedText(encoded.reduce((most, { byteLength }) => Math.max(most, byteLength), 1));
  const data = new Block(bytes * texts.length);
  for (const text of encoded) data.filled(text, bytes);
  return { type: message, shape: [texts.length], data: data.finish() };
}

/** Its sizes are also the largest that it may get. */
function addDataspace(block: Block, shape: readonly number[]): void {
  block.u8(1, shape.length, shape.length === 0 ? 0 : 1).zeros(5);
  for (const size of shape) block.u64(size);
  for (const size of shape) block.u64(size);
}

function dataspaceBytes(shape: readonly number[]): number {
  return 8 + 16 * shape.length;
}
