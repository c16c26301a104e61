/** An operation with all that its definition in TensorFlow asks for. */
import { TensorBundleError } from '../../../errors.js';
import type { Operation, Place } from '../graphs/graph.js';
import { type Attributes, attributeValue, intValue, typesValue, typeValue } from './attribute-values.js';
import { type OperationType, operationType, type Parameter } from './operation-table.js';

interface CompleteOperation {
  readonly type: OperationType;
  readonly attributes: Attributes;
  /** Of each output, how a function refers to it: `output:0`. */
  readonly outputs: readonly { readonly reference: string; readonly dtype: number }[];
}

/**
 * Types and numbers are those of the inputs, whatever the attributes say. Attributes that the operation does not have
 * are left out. Throws ERR_NOT_SUPPORTED for an operation that is not in the table, or does not fit it.
 */
export function complete(node: Operation): CompleteOperation {
  const type = operationType(node.op);
  if (type === undefined) throw notEncodable(node.op, node.place, 'it is none of those that this version can write');
  const inputTypes = node.inputs.map(({ node: from, index }) => from.outputs[index]!.dtype);
  const given = (name: string): number | undefined => {
    const attribute = node.attributes.get(name);
    if (attribute === undefined) return;
    return Array.isArray(attribute.value) ? attribute.value.length : Number(attribute.value);
  };
  const inputs = distribute(type.inputs, inputTypes.length, given);
  if (inputs === undefined) throw notEncodable(node.op, node.place, `it cannot have ${inputTypes.length} inputs`);
  const known = new Map<string, number | readonly number[]>();
  learn(type.inputs, inputs, inputTypes, known);
  const length = (name: string): number | undefined => {
    const value = known.get(name);
    return typeof value === 'object' ? value.length : (value ?? given(name));
  };
  // The last results may be left out.
  const outputs = distribute(type.outputs, node.outputs.length, length) ?? type.outputs.map(() => 1);
  const outputTypes = node.outputs.map(({ dtype }) => dtype);
  learn(type.outputs, outputs, outputTypes, known);
  return { type, attributes: attributesOf(node, type, known), outputs: results(type, outputs, known) };
}

/** `what`: why not. */
export function notEncodable(op: string, place: Place | undefined, what: string): TensorBundleError {
  const where = place?.stack[0] === undefined ? '' : `, ${place.stack[0].trim()}`;
  const kernel = place === undefined ? '' : ` (of ${place.kernel}${where})`;
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `TensorFlow's operation ${op}${kernel} cannot be written into a SavedModel: ${what}`,
    { found: { op, kernel: place?.kernel, stack: place?.stack } },
  );
}

/** How many of `count` tensors each parameter has; undefined if they do not fit. */
function distribute(
  parameters: readonly Parameter[],
  count: number,
  given: (attribute: string) => number | undefined,
): number[] | undefined {
  const attributes = parameters.map(({ number, types }) => number ?? types);
  const lists = new Set(attributes.filter(name => name !== undefined));
  const singles = attributes.filter(name => name === undefined).length;
  const lengths = new Map<string, number>();
  if (lists.size === 1) {
    const [name] = lists as Set<string>;
    lengths.set(name!, (count - singles) / (parameters.length - singles));
  } else for (const name of lists) lengths.set(name!, given(name!) ?? Number.NaN);
  const counts = attributes.map(name => (name === undefined ? 1 : lengths.get(name)!));
  const isValid = counts.every(n => Number.isInteger(n) && n >= 0);
  return isValid && counts.reduce((sum, n) => sum + n, 0) === count ? counts : undefined;
}

/** What the tensors say about the attributes. What is known already stays. */
function learn(
  parameters: readonly Parameter[],
  counts: readonly number[],
  dtypes: readonly number[],
  known: Map<string, number | readonly number[]>,
): void {
  let at = 0;
  const set = (name: string | undefined, value: number | readonly number[] | undefined): void => {
    if (name !== undefined && value !== undefined && !known.has(name)) known.set(name, value);
  };
  for (const [i, { number, type, types }] of parameters.entries()) {
    const own = dtypes.slice(at, at + counts[i]!);
    at += counts[i]!;
    set(number, counts[i]!);
    set(type, own[0]);
    set(types, own);
  }
}

function attributesOf(
  node: Operation,
  { attributes: types, name: op }: OperationType,
  known: ReadonlyMap<string, number | readonly number[]>,
): Attributes {
  const attributes: Attributes = {};
  for (const [name, { type, hasDefault }] of types) {
    const value = known.get(name);
    const given = node.attributes.get(name);
    if (typeof value === 'object') attributes[name] = typesValue(value);
    else if (value !== undefined) attributes[name] = type === 'type' ? typeValue(value) : intValue(value);
    else if (given !== undefined) {
      const converted = attributeValue(given, type);
      if (converted === undefined)
        throw notEncodable(op, node.place, `its attribute ${name} cannot be of type ${type}`);
      attributes[name] = converted;
    } else if (!hasDefault) throw notEncodable(op, node.place, `it lacks its attribute ${name}`);
  }
  return attributes;
}

function results(
  { outputs }: OperationType,
  counts: readonly number[],
  known: ReadonlyMap<string, number | readonly number[]>,
): { reference: string; dtype: number }[] {
  return outputs.flatMap(({ name, type, types, fixed }, i) =>
    Array.from({ length: counts[i]! }, (_, k) => {
      const learnt = known.get(type ?? types ?? '');
      const dtype = fixed ?? (typeof learnt === 'object' ? learnt[k] : learnt);
      return { reference: `${name}:${k}`, dtype: dtype ?? 0 };
    }),
  );
}
