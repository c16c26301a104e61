/** Random tensors of TensorFlow.js as operations of TensorFlow. */
import type { Attribute, Constant, GraphNode, Operation, Place, Value } from '../graphs/graph.js';
import { BOOL, FLOAT, INT32 } from '../graphs/type-numbers.js';

/** A tensor of `scale * x + offset`. */
export interface RandomTensor {
  readonly op: 'RandomUniform' | 'RandomStandardNormal' | 'TruncatedNormal';
  readonly scale: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly dtype: number;
  /** 0: other numbers in every run. */
  readonly seed: number;
  readonly place: Place;
}

/** The nodes in order; the last one is the tensor. */
export function randomNodes(tensor: RandomTensor): GraphNode[] {
  const { op, scale, offset, shape, dtype, place } = tensor;
  const nodes: GraphNode[] = [];
  const add = (node: GraphNode): Value => {
    nodes.push(node);
    return { node, index: 0 };
  };
  const operation = (name: string, attributes: Operation['attributes'], inputs: Value[], type = FLOAT): Value =>
    add({ kind: 'operation', op: name, attributes, inputs, outputs: [{ dtype: type, shape: [...shape] }], place });
  const number = (value: number): Value => add(constant(new Float32Array([value]), FLOAT, [], place));
  const cast = (from: number, to: number): Value =>
    operation('Cast', attributes({ SrcT: from, DstT: to }, { Truncate: false }), [value], to);

  const size = add(constant(Int32Array.from(shape), INT32, [shape.length], place));
  let value = operation(op, attributes({ dtype: FLOAT, T: INT32 }, seedAttributes(tensor.seed)), [size]);
  if (scale !== 1) value = operation('Mul', attributes({ T: FLOAT }), [value, number(scale)]);
  if (offset !== 0) value = operation('Add', attributes({ T: FLOAT }), [value, number(offset)]);
  if (dtype !== FLOAT) {
    // TensorFlow.js rounds a normal number, and cuts off the fraction of a uniform one.
    if (op !== 'RandomUniform') value = operation('Round', attributes({ T: FLOAT }), [value]);
    value = cast(FLOAT, INT32);
    if (dtype === BOOL) value = cast(INT32, BOOL);
  }
  return nodes;
}

/** As tf.random.set_seed and the `seed` of an operation would give (tensorflow/python/framework/random_seed.py). */
function seedAttributes(seed: number): Record<string, number> {
  return seed === 0 ? { seed: 0, seed2: 0 } : { seed: Math.round(seed), seed2: 0 };
}

function attributes(
  types: Readonly<Record<string, number>>,
  others: Readonly<Record<string, number | boolean>> = {},
): ReadonlyMap<string, Attribute> {
  return new Map<string, Attribute>([
    ...Object.entries(types).map(([name, value]): [string, Attribute] => [name, { kind: 'type', value }]),
    ...Object.entries(others).map(([name, value]): [string, Attribute] => [
      name,
      typeof value === 'boolean' ? { kind: 'bool', value } : { kind: 'int', value },
    ]),
  ]);
}

function constant(values: Float32Array | Int32Array, dtype: number, shape: readonly number[], place: Place): Constant {
  return { kind: 'constant', shape, dtype, data: new Uint8Array(values.buffer), outputs: [{ dtype, shape }], place };
}
