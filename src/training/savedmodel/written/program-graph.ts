/**
 * The graph of a SavedModel without what differs between two saves of one program: the library of functions, versions,
 * the numbers in the names of called functions, and texts such as paths
 * (tensorflow/core/graph/regularization/simple_delete.cc).
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { framed } from '../encoded/framed-bytes.js';
import { byBytes } from './structured-values.js';

/** Numbers of fields and types in GraphDef, NodeDef, AttrValue, NameAttrList and types.proto. */
const NODE = 1;
const LIBRARY = 2;
const VERSIONS = 4;
const OP = 2;
const ATTRIBUTE = 5;
const TYPE = 6;
const STRING = 2;
const FUNCTION = 10;
const FUNCTION_NAME = 1;
const DT_STRING = 7;

const CALLS: readonly string[] = ['PartitionedCall', 'StatefulPartitionedCall'];

interface Field {
  readonly number: number;
  readonly type: WireType;
  /** The whole field, with its tag. */
  readonly bytes: Uint8Array;
  /** Only of a field of bytes. */
  readonly content: Uint8Array;
}

/** The bytes that TensorFlow hashes, in parts. */
export function comparable(graphDef: Uint8Array): Uint8Array[] {
  const nodes = fieldsOf(graphDef).filter(({ number }) => number === NODE);
  // The others are there, but empty.
  const empty = [LIBRARY, VERSIONS].flatMap(number => framed(number, []));
  return [...nodes.flatMap(({ content }) => framed(NODE, comparableNode(content))), ...empty];
}

function comparableNode(node: Uint8Array): Uint8Array[] {
  const fields = fieldsOf(node);
  const op = text(fields.find(({ number }) => number === OP)?.content);
  const attributes = new Map(
    fields.filter(({ number }) => number === ATTRIBUTE).map(({ content }) => attributeOf(content)),
  );
  const entries = [...attributes.keys()].sort(byBytes).flatMap(name => {
    const key = framed(1, [Buffer.from(name)]);
    return framed(ATTRIBUTE, [...key, ...framed(2, [comparableValue(op, name, attributes)])]);
  });
  const bytesOf = (isMeant: (number: number) => boolean): Uint8Array[] =>
    fields.filter(({ number }) => isMeant(number)).map(({ bytes }) => bytes);
  return [...bytesOf(number => number < ATTRIBUTE), ...entries, ...bytesOf(number => number > ATTRIBUTE)];
}

function comparableValue(op: string, name: string, attributes: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const value = attributes.get(name)!;
  if (op === 'Const' && name === 'value' && isOfText(attributes.get('dtype'))) return new Uint8Array();
  if (!CALLS.includes(op)) return value;
  if (name === 'config_proto') return new BinaryWriter().tag(STRING, WireType.LengthDelimited).string('').finish();
  return name === 'f' ? withoutNumber(value) : value;
}

/** A call's function. */
function withoutNumber(value: Uint8Array): Uint8Array {
  const called = fieldsOf(value).find(({ number }) => number === FUNCTION);
  if (called === undefined) return value;
  const inner = new BinaryWriter();
  for (const { number, content, bytes } of fieldsOf(called.content)) {
    if (number !== FUNCTION_NAME) inner.raw(bytes);
    else inner.tag(FUNCTION_NAME, WireType.LengthDelimited).string(text(content).replace(/(?<=_)\d+$/, ''));
  }
  return new BinaryWriter().tag(FUNCTION, WireType.LengthDelimited).bytes(inner.finish()).finish();
}

function isOfText(value: Uint8Array | undefined): boolean {
  const type = value && fieldsOf(value).find(({ number }) => number === TYPE);
  return type !== undefined && new BinaryReader(type.bytes.subarray(1)).int32() === DT_STRING;
}

function attributeOf(entry: Uint8Array): readonly [string, Uint8Array] {
  const fields = fieldsOf(entry);
  const content = (number: number): Uint8Array | undefined => fields.find(one => one.number === number)?.content;
  return [text(content(1)), content(2) ?? new Uint8Array()];
}

function fieldsOf(message: Uint8Array): Field[] {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    let content = new Uint8Array();
    if (type === WireType.LengthDelimited) content = reader.bytes() as Uint8Array<ArrayBuffer>;
    else reader.skip(type, number);
    fields.push({ number, type, bytes: message.subarray(start, reader.pos), content });
  }
  return fields;
}

function text(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString();
}
