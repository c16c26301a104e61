/** The nodes that loops are made of. */
import type { Attribute, Constant, Loop, Operation, OutputType, Place, Shape, Value } from '../../graphs/graph.js';
import { INT32 } from '../../graphs/type-numbers.js';

/** What runs when the function is called. */
export type Step = Operation | Loop;

export function type(value: number): Attribute {
  return { kind: 'type', value };
}

export function int(value: number): Attribute {
  return { kind: 'int', value };
}

export function bool(value: boolean): Attribute {
  return { kind: 'bool', value };
}

export function operation(
  op: string,
  attributes: Readonly<Record<string, Attribute>>,
  inputs: readonly Value[],
  outputs: readonly OutputType[],
  place: Place | undefined,
): Operation {
  return {
    kind: 'operation',
    op,
    attributes: new Map(Object.entries(attributes)),
    inputs,
    outputs,
    ...(place && { place }),
  };
}

/** The first output. */
export function of(node: Value['node']): Value {
  return { node, index: 0 };
}

export function typeOf({ node, index }: Value): OutputType {
  return node.outputs[index]!;
}

export function int32s(values: readonly number[], shape: readonly number[] = [values.length]): Constant {
  const data = new Uint8Array(Int32Array.from(values).buffer);
  return { kind: 'constant', shape, dtype: INT32, data, outputs: [{ dtype: INT32, shape }] };
}

export function int32(value: number): Constant {
  return int32s([value], []);
}

export function add(a: Value, b: Value, result: OutputType, place: Place | undefined): Operation {
  return operation('AddV2', { T: type(result.dtype) }, [a, b], [result], place);
}

/** One dimension of a tensor, a scalar int32. */
export function dimension(of_: Value, axis: number, place: Place | undefined): [Operation, Operation] {
  const { dtype, shape } = typeOf(of_);
  const attributes = { T: type(dtype), out_type: type(INT32) };
  const whole = operation('Shape', attributes, [of_], [{ dtype: INT32, shape: [shape.length] }], place);
  return [whole, element(of(whole), 0, axis, place)];
}

/** The part at `index` of an axis, without this axis. A negative index counts from the end. */
export function element(from: Value, axis: number, index: number, place: Place | undefined): Operation {
  const { dtype, shape } = typeOf(from);
  const before = Array<number>(axis).fill(0);
  const whole = 2 ** axis - 1;
  const bounds = [[...before, index], [...before, index + 1], Array<number>(axis + 1).fill(1)];
  return operation(
    'StridedSlice',
    {
      T: type(dtype),
      Index: type(INT32),
      begin_mask: int(whole),
      end_mask: int(index === -1 ? whole + 2 ** axis : whole),
      ellipsis_mask: int(0),
      new_axis_mask: int(0),
      shrink_axis_mask: int(2 ** axis),
    },
    [from, ...bounds.map(one => of(int32s(one)))],
    [{ dtype, shape: without(shape, axis) }],
    place,
  );
}

/** The same tensor with the axis `from` in the position `to`; undefined if it is there. */
export function moved(value: Value, from: number, to: number, place: Place | undefined): Operation | undefined {
  if (from === to) return undefined;
  const { dtype, shape } = typeOf(value);
  const order = shape.map((_, i) => i).filter(i => i !== from);
  order.splice(to, 0, from);
  const attributes = { T: type(dtype), Tperm: type(INT32) };
  const result = { dtype, shape: order.map(i => shape[i]!) };
  return operation('Transpose', attributes, [value, of(int32s(order))], [result], place);
}

export function without(shape: Shape, axis: number): Shape {
  return shape.filter((_, i) => i !== axis);
}

/** An integer attribute of an operation. */
export function intOf(node: Operation, name: string): number {
  const found = node.attributes.get(name);
  return found?.kind === 'int' ? found.value : 0;
}
