/**
 * Values of Python, as TensorFlow writes the arguments and results of functions
 * (tensorflow/python/saved_model/nested_structure_coder.py).
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Shape } from '../graphs/graph.js';
import type { StructuredValueSchema, TensorShapeProtoSchema } from '../stored/messages.js';

export interface TensorSpec {
  readonly name: string;
  /** A number of types.proto. */
  readonly dtype: number;
  readonly shape: Shape;
}

/** A number is Python's float. */
export type Structured =
  | null
  | boolean
  | number
  | string
  | { readonly tensor: TensorSpec }
  | { readonly list: readonly Structured[] }
  | { readonly tuple: readonly Structured[] }
  | { readonly dict: { readonly [name: string]: Structured } }
  | { readonly namedTuple: string; readonly fields: { readonly [name: string]: Structured } };

type Init = MessageInitShape<typeof StructuredValueSchema>;

export function encodeStructured(value: Structured): Init {
  return { kind: kindOf(value) };
}

/** Null: a dimension of any size. */
function encodeShape(shape: Shape): MessageInitShape<typeof TensorShapeProtoSchema> {
  return { dim: shape.map(size => ({ size: BigInt(size ?? -1) })) };
}

function kindOf(value: Structured): NonNullable<Init['kind']> {
  if (value === null) return { case: 'noneValue', value: {} };
  if (typeof value === 'boolean') return { case: 'boolValue', value };
  if (typeof value === 'number') return { case: 'float64Value', value };
  if (typeof value === 'string') return { case: 'stringValue', value };
  if ('tensor' in value) {
    const { name, dtype, shape } = value.tensor;
    return { case: 'tensorSpecValue', value: { name, dtype, shape: encodeShape(shape) } };
  }
  if ('list' in value) return { case: 'listValue', value: { values: value.list.map(encodeStructured) } };
  if ('tuple' in value) return { case: 'tupleValue', value: { values: value.tuple.map(encodeStructured) } };
  if ('dict' in value) return { case: 'dictValue', value: { fields: encodeFields(value.dict) } };
  const values = Object.entries(value.fields).map(([key, one]) => ({ key, value: encodeStructured(one) }));
  return { case: 'namedTupleValue', value: { name: value.namedTuple, values } };
}

/** In the order of their names, as TensorFlow writes maps where the same model must give the same bytes. */
function encodeFields(dict: { readonly [name: string]: Structured }): { [name: string]: Init } {
  const names = Object.keys(dict).sort(byBytes);
  return Object.fromEntries(names.map(name => [name, encodeStructured(dict[name]!)]));
}

/** The order in which Python sorts strings: by code points. */
export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
