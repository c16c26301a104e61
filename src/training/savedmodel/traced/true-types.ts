/**
 * Some results of TensorFlow have types that TensorFlow.js calls int32: uint8 (decoded images) and int64. An operation
 * that gets one is executed with its true type, whatever its attributes say; a graph must say it right.
 */
import type { Attribute, Operation, OutputType, Value } from '../graphs/graph.js';
import { BOOL, COMPLEX64, FLOAT, INT32, INT64, STRING, UINT8 } from '../graphs/type-numbers.js';

const TYPES: Readonly<Record<string, number>> = {
  float32: FLOAT,
  int32: INT32,
  string: STRING,
  complex64: COMPLEX64,
  bool: BOOL,
};

/** The type of TensorFlow that a type of TensorFlow.js stands for. */
export function typeOf(dtype: string): number {
  return TYPES[dtype]!;
}

/** Whether TensorFlow.js calls the value int32, and TensorFlow does not. */
export function isNarrower(type: number, { node, index }: Value): boolean {
  return type === INT32 && isCalledInt32(node.outputs[index]!.dtype);
}

/** The value as an int32. */
export function narrowed(value: Value): Operation {
  const { dtype, shape } = value.node.outputs[value.index]!;
  return {
    kind: 'operation',
    op: 'Cast',
    attributes: new Map<string, Attribute>([
      ['SrcT', { kind: 'type', value: dtype }],
      ['DstT', { kind: 'type', value: INT32 }],
      ['Truncate', { kind: 'bool', value: false }],
    ]),
    inputs: [value],
    outputs: [{ dtype: INT32, shape }],
    ...(value.node.place && { place: value.node.place }),
  };
}

/** An operation with inputs of the types that its attributes say, and the casts that it needs before it. */
export function withTrueTypes(
  { op, attributes, inputs }: Pick<Operation, 'op' | 'attributes' | 'inputs'>,
  made: readonly OutputType[],
): Pick<Operation, 'attributes' | 'inputs' | 'outputs'> & { casts: readonly Operation[] } {
  const outputs = made.map(({ dtype, shape }) => ({ dtype, shape: [...shape] }));
  const untrue = inputs.filter(
    ({ node, index }) => node.kind !== 'constant' && isCalledInt32(node.outputs[index]!.dtype),
  );
  if (untrue.length === 0) return { attributes, inputs, outputs, casts: [] };
  if (op === 'Cast') {
    const { dtype } = inputs[0]!.node.outputs[inputs[0]!.index]!;
    return {
      attributes: new Map([...attributes, ['SrcT', { kind: 'type', value: dtype }]]),
      inputs,
      outputs,
      casts: [],
    };
  }
  const casts = new Map(untrue.map(value => [value, narrowed(value)]));
  return {
    attributes,
    inputs: inputs.map(value => (casts.has(value) ? { node: casts.get(value)!, index: 0 } : value)),
    outputs: outputs.map(({ dtype, shape }) => ({ dtype: isCalledInt32(dtype) ? INT32 : dtype, shape })),
    casts: [...casts.values()],
  };
}

function isCalledInt32(dtype: number): boolean {
  return dtype === UINT8 || dtype === INT64;
}
