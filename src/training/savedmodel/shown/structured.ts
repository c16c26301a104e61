/** Values of functions (arguments, defaults, inputs, outputs) as plain data. */
import type { StructuredValue } from '../stored/messages.js';
import { dtypeName, shapeOf, type TensorSummary } from '../stored/tensor-summary.js';

export type Structured =
  | ({ readonly kind: 'tensor' } & TensorSummary)
  | { readonly kind: 'value'; readonly value: string | number | boolean | null }
  | { readonly kind: 'list'; readonly items: readonly Structured[] }
  | { readonly kind: 'tuple'; readonly items: readonly Structured[] }
  | { readonly kind: 'dict'; readonly items: readonly Named[] }
  | { readonly kind: 'named tuple'; readonly name: string; readonly items: readonly Named[] }
  | { readonly kind: 'dtype'; readonly dtype: string }
  | { readonly kind: 'shape'; readonly shape: TensorSummary['shape'] }
  /** A type of Python, such as RaggedTensorSpec, and what it is made of. */
  | { readonly kind: 'type'; readonly name: string; readonly state: Structured | null };

interface Named {
  readonly key: string;
  readonly value: Structured;
}

const NONE: Structured = { kind: 'value', value: null };

/** The decoder allows about 50 levels, so this may call itself. */
export function structured(given: StructuredValue | undefined): Structured {
  const { kind } = given ?? { kind: { case: undefined } };
  switch (kind.case) {
    case 'stringValue':
    case 'float64Value':
    case 'boolValue':
      return { kind: 'value', value: kind.value };
    case 'int64Value':
      return { kind: 'value', value: Number(kind.value) };
    case 'tensorSpecValue': {
      const { name, dtype, shape } = kind.value;
      return { kind: 'tensor', name, dtype: dtypeName(dtype), shape: shapeOf(shape) };
    }
    case 'tensorDtypeValue':
      return { kind: 'dtype', dtype: dtypeName(kind.value) };
    case 'tensorShapeValue':
      return { kind: 'shape', shape: shapeOf(kind.value) };
    case 'typeSpecValue': {
      const { typeSpecClassName: name, typeState } = kind.value;
      return { kind: 'type', name, state: typeState === undefined ? null : structured(typeState) };
    }
    case 'listValue':
      return { kind: 'list', items: kind.value.values.map(structured) };
    case 'tupleValue':
      return { kind: 'tuple', items: kind.value.values.map(structured) };
    case 'dictValue': {
      const items = Object.entries(kind.value.fields).map(([key, value]) => ({ key, value: structured(value) }));
      return { kind: 'dict', items };
    }
    case 'namedTupleValue': {
      const items = kind.value.values.map(({ key, value }) => ({ key, value: structured(value) }));
      return { kind: 'named tuple', name: kind.value.name, items };
    }
    default:
      return NONE;
  }
}
