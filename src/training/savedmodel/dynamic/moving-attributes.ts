/** Operations with attributes that move: those that other operations can do, whose numbers are inputs. */
import type { GraphNode, Operation, OutputType, Shape, Value } from '../graphs/graph.js';
import { INT32 } from '../graphs/type-numbers.js';
import { typeAttribute } from './computed-numbers.js';
import { numeral } from './expressions.js';
import { distinct, fitInteger, isMoving } from './fit-integers.js';
import { cannotGeneralize, nameOf } from './problems.js';
import type { Attributes, Scope } from './scope.js';

const WHOLE: Readonly<Record<string, string>> = { AvgPool: 'Mean', MaxPool: 'Max' };

/** A pool over the whole image, of any size, is a mean or a maximum. Null if there is no such operation. */
export function withoutAttributes(
  scope: Scope,
  runs: readonly Operation[],
  moving: readonly string[],
  inputs: readonly Value[],
  outputs: readonly OutputType[],
): GraphNode | null {
  const [first] = runs as [Operation];
  const op = WHOLE[first.op];
  if (op === undefined || !moving.every(name => name === 'ksize' || name === 'strides')) return null;
  if (text(first, 'padding') !== 'VALID' || text(first, 'data_format') !== 'NHWC') return null;
  const whole = runs.every(run => {
    const [height, width] = shapeOf(run.inputs[0] as Value).slice(1);
    const [, rows, columns] = integers(run, 'ksize');
    return rows === height && columns === width;
  });
  if (!whole) return null;
  const attributes: Attributes = {
    ...typeAttribute((outputs[0] as OutputType).dtype),
    Tidx: { kind: 'type', value: INT32 },
    keep_dims: { kind: 'bool', value: true },
  };
  const axes = scope.constant(INT32, [2], [1, 2]);
  return scope.operation(op, attributes, [inputs[0] as Value, axes], outputs[0] as OutputType, first.place).node;
}

/** One part of an Unpack whose number of parts moves. `indices`: which one, in each run. */
export function partOf(
  scope: Scope,
  runs: readonly Operation[],
  indices: readonly number[],
  source: Value,
  output: OutputType,
): Value {
  const [first] = runs as [Operation];
  const [axis] = integers(first, 'axis');
  const counts = runs.map(run => run.outputs.length);
  const fromEnd = indices.map((index, run) => index - (counts[run] as number));
  const fixed = !isMoving(indices) ? indices[0] : isMoving(fromEnd) ? undefined : fromEnd[0];
  const at = fixed === undefined ? fitInteger(indices, distinct(scope.dimensions([source]))) : numeral(fixed);
  if (axis === undefined || at === null) {
    throw cannotGeneralize(
      `it takes part ${indices.join(', ')} of ${counts.join(', ')} parts, and no formula tells which`,
      first,
      nameOf(first),
    );
  }
  const zeros = Array(axis).fill(numeral(0));
  const attributes: Attributes = {
    ...typeAttribute(output.dtype),
    Index: { kind: 'type', value: INT32 },
    begin_mask: { kind: 'int', value: 2 ** axis - 1 },
    end_mask: { kind: 'int', value: 2 ** (axis + 1) - 1 },
    ellipsis_mask: { kind: 'int', value: 0 },
    new_axis_mask: { kind: 'int', value: 0 },
    shrink_axis_mask: { kind: 'int', value: 2 ** axis },
  };
  const bounds = [
    scope.vector([...zeros, at], first.place),
    scope.constant(INT32, [axis + 1], Array(axis + 1).fill(0)),
    scope.constant(INT32, [axis + 1], Array(axis + 1).fill(1)),
  ];
  return scope.operation('StridedSlice', attributes, [source, ...bounds], output, first.place);
}

export function attributeMoves(runs: readonly Operation[], name: string): Error {
  const [first] = runs as [Operation];
  const found = runs.map(({ attributes }) => JSON.stringify(attributes.get(name)?.value)).join(', ');
  return cannotGeneralize(
    `the attribute '${name}' of ${nameOf(first)} is ${found} at different sizes, and TensorFlow cannot compute ` +
      'attributes. Give that dimension a fixed size in the signature',
    first,
    nameOf(first),
  );
}

function shapeOf({ node, index }: Value): Shape {
  return (node.outputs[index] as OutputType).shape;
}

function text({ attributes }: Operation, name: string): string | undefined {
  const found = attributes.get(name);
  return found?.kind === 'string' ? found.value : undefined;
}

function integers({ attributes }: Operation, name: string): readonly number[] {
  const found = attributes.get(name);
  if (found?.kind === 'ints') return found.value;
  return found?.kind === 'int' ? [found.value] : [];
}
