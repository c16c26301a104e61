/** Attribute messages, versions 1 to 3: a name, a type, a shape and the values. */
import { sizeOf } from '../../format/shape.js';
import type { Hdf5Attribute, Hdf5Value } from '../hdf5-file.js';
import { readShape } from './dataspace.js';
import { readDatatype, type StoredType } from './datatype.js';
import { numericValue, textValue } from './decoded-attributes.js';
import type { Fields } from './fields.js';
import type { GlobalHeap } from './global-heap.js';
import { UnknownStructure } from './other-reader.js';
import { textOf, withoutFilling } from './text.js';

/** An attribute whose values are not decoded yet. */
interface Part {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[] | null;
  readonly values: Fields;
}

/** The attributes of one object, from its messages. */
export async function readAttributes(
  messages: readonly Fields[],
  heap: GlobalHeap,
): Promise<ReadonlyMap<string, Hdf5Attribute>> {
  const attributes = new Map<string, Hdf5Attribute>();
  // No two texts lie in one place, so together they are not longer than the file.
  let left = heap.fileBytes;
  for (const message of messages) {
    const { name, type, shape, values } = partsOf(message);
    if (attributes.has(name)) throw message.corrupt(`an object has two attributes '${name}'`);
    const decoded = await valueIn(type, shape, values, heap, bytes => {
      left -= bytes;
      if (left < 0) throw message.corrupt('the attributes of an object have more bytes than the file');
    });
    attributes.set(name, { dtype: type.dtype, stored: type.stored, shape: shape ?? [], value: decoded });
  }
  return attributes;
}

/** The text of one attribute that is a scalar; null if there is none of this name. */
export async function readTextAttribute(
  messages: readonly Fields[],
  name: string,
  heap: GlobalHeap,
): Promise<string | null> {
  for (const message of messages) {
    const part = partsOf(message);
    if (part.name !== name) continue;
    const value = await valueIn(part.type, part.shape, part.values, heap, () => undefined);
    return typeof value === 'string' ? value : null;
  }
  return null;
}

function partsOf(message: Fields): Part {
  // The message may be read again.
  const rest = message.copy();
  const version = rest.u8();
  if (version < 1 || version > 3) throw rest.corrupt(`an attribute of version ${version}`);
  const flags = rest.u8();
  const [nameBytes, typeBytes, spaceBytes] = [rest.u16le(), rest.u16le(), rest.u16le()];
  if (version === 3) rest.skip(1);
  if (version > 1 && (flags & 3) !== 0) throw new UnknownStructure('attributes whose type is stored elsewhere');
  const part = (bytes: number): Fields => {
    const own = rest.part(bytes);
    if (version === 1) rest.skip(Math.min(rest.remaining, Math.ceil(bytes / 8) * 8 - bytes));
    return own;
  };
  const name = textOf(withoutFilling(part(nameBytes).bytes(nameBytes), 'to the first NUL'));
  const type = readDatatype(part(typeBytes));
  const shape = readShape(part(spaceBytes));
  return { name, type, shape, values: rest };
}

async function valueIn(
  type: StoredType,
  shape: readonly number[] | null,
  values: Fields,
  heap: GlobalHeap,
  count: (bytes: number) => void,
): Promise<Hdf5Value> {
  if (shape === null) return null;
  const bytes = values.part(sizeOf(shape) * type.size);
  const isScalar = shape.length === 0;
  if (type.text !== null) {
    const texts: Uint8Array[] = [];
    while (bytes.remaining > 0) {
      const text =
        type.text === 'variable' ? await heap.text(bytes) : withoutFilling(bytes.bytes(type.size), type.text);
      count(text.length);
      texts.push(text);
    }
    return textValue(texts, isScalar);
  }
  return type.dtype === 'unknown'
    ? null
    : numericValue(type.dtype, bytes.bytes(bytes.remaining), type.isSwapped, isScalar);
}
