/** Attributes of operations, from the form of tfjs-node's kernels. */
import type { Attribute } from '../graphs/graph.js';
import type { NativeAttribute, NativeBinding } from './native-backend.js';

export function attributesOf(
  given: readonly NativeAttribute[],
  binding: NativeBinding,
): ReadonlyMap<string, Attribute> {
  return new Map(given.map(attribute => [attribute.name, attributeOf(attribute, binding)]));
}

function attributeOf({ name, type, value }: NativeAttribute, binding: NativeBinding): Attribute {
  const isList = Array.isArray(value);
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return isList ? { kind: 'types', value: value.map(Number) } : { kind: 'type', value: Number(value) };
    case binding.TF_ATTR_INT:
      return isList ? { kind: 'ints', value: value.map(integer) } : { kind: 'int', value: integer(value) };
    case binding.TF_ATTR_FLOAT:
      return isList ? { kind: 'floats', value: value.map(Number) } : { kind: 'float', value: Number(value) };
    case binding.TF_ATTR_BOOL:
      return isList ? { kind: 'bools', value: value.map(Boolean) } : { kind: 'bool', value: Boolean(value) };
    case binding.TF_ATTR_STRING:
      return isList ? { kind: 'strings', value: value.map(String) } : { kind: 'string', value: String(value) };
    case binding.TF_ATTR_SHAPE:
      return { kind: 'shape', value: (value as readonly number[]).map(size => (size < 0 ? null : size)) };
    default:
      throw new TypeError(`the attribute ${name} has the unknown type ${type}`);
  }
}

/** The binding cuts fractions off. */
function integer(value: unknown): number {
  return Math.trunc(Number(value));
}
