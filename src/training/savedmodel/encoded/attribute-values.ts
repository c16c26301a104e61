/** Attributes and shapes as messages. */
import { TextEncoder } from 'node:util';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Attribute, Shape } from '../graphs/graph.js';
import type { AttrValueSchema, TensorShapeProtoSchema } from '../stored/messages.js';

export type AttributeValue = MessageInitShape<typeof AttrValueSchema>;
/** By name. */
export type Attributes = Record<string, AttributeValue>;

const UTF8 = new TextEncoder();

/** Null: of any rank. */
export function shapeMessage(shape: Shape | null): MessageInitShape<typeof TensorShapeProtoSchema> {
  if (shape === null) return { unknownRank: true };
  return { dim: shape.map(size => ({ size: size === null ? -1n : BigInt(size) })) };
}

export function typeValue(dtype: number): AttributeValue {
  return { value: { case: 'type', value: dtype } };
}

export function typesValue(dtypes: readonly number[]): AttributeValue {
  return { value: { case: 'list', value: { type: [...dtypes] } } };
}

export function intValue(value: number): AttributeValue {
  return { value: { case: 'i', value: BigInt(value) } };
}

export function boolValue(value: boolean): AttributeValue {
  return { value: { case: 'b', value } };
}

export function textValue(value: string): AttributeValue {
  // Of this context's own class: the library checks for it.
  return { value: { case: 's', value: new Uint8Array(UTF8.encode(value)) } };
}

export function shapeValue(shape: Shape): AttributeValue {
  return { value: { case: 'shape', value: shapeMessage(shape) } };
}

export function shapesValue(shapes: readonly (Shape | null)[]): AttributeValue {
  return { value: { case: 'list', value: { shape: shapes.map(shapeMessage) } } };
}

export function functionValue(name: string): AttributeValue {
  return { value: { case: 'func', value: { name } } };
}

/** The attribute as OpDef's type says; undefined if it is none of that type. */
export function attributeValue(attribute: Attribute, type: string): AttributeValue | undefined {
  const list = /^list\((\w+)\)$/.exec(type);
  const { value } = attribute;
  // A shape is a list of numbers, too.
  const isList = Array.isArray(value) && (attribute.kind !== 'shape' || list?.[1] === 'int');
  if (!list) return isList && type !== 'shape' ? undefined : single(value, type);
  const values = isList ? value : [value];
  const parts = values.map(part => single(part, list[1]!)?.value);
  if (parts.includes(undefined)) return;
  return { value: { case: 'list', value: listOf(parts) } };
}

type Part = AttributeValue['value'];

function listOf(parts: readonly Part[]) {
  const of = <C>(wanted: string): C[] => parts.flatMap(part => (part?.case === wanted ? [part.value as C] : []));
  return {
    s: of<Uint8Array>('s'),
    i: of<bigint>('i'),
    f: of<number>('f'),
    b: of<boolean>('b'),
    type: of<number>('type'),
    shape: of<MessageInitShape<typeof TensorShapeProtoSchema>>('shape'),
  };
}

function single(value: unknown, type: string): AttributeValue | undefined {
  if (type === 'string') return typeof value === 'string' ? textValue(value) : undefined;
  if (type === 'shape') return Array.isArray(value) ? shapeValue(value as Shape) : undefined;
  if (typeof value !== 'number' && typeof value !== 'boolean') return;
  if (type === 'bool') return boolValue(Boolean(value));
  if (type === 'float') return { value: { case: 'f', value: Number(value) } };
  if (!Number.isInteger(Number(value))) return;
  if (type === 'int') return intValue(Number(value));
  return type === 'type' ? typeValue(Number(value)) : undefined;
}
