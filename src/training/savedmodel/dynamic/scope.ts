/**
 * The graph that is being made, one scope for the function and one for each graph of a loop in it: its nodes so far,
 * the dimensions that move, and the operations that compute numbers from these, each made once.
 */

import { numberConstant } from '../graphs/constant-values.js';
import type { Argument, Attribute, GraphNode, Operation, OutputType, Place, Shape, Value } from '../graphs/graph.js';
import { INT32 } from '../graphs/type-numbers.js';
import { type Arithmetic, type Dimension, type Expression, levelOf } from './expressions.js';
import { isMoving } from './fit-integers.js';

export type Attributes = Readonly<Record<string, Attribute>>;

/** A loop whose graphs are being made, and what is handed into it beside its own inputs. */
export class Frame {
  readonly inputs: Value[] = [];
  readonly arguments: Record<'condition' | 'body', Argument[]> = { condition: [], body: [] };

  constructor(readonly outer: Scope) {}

  /** The argument for a value of the graph around the loop, in one of the loop's two graphs. */
  hand(value: Value, side: 'condition' | 'body'): Value {
    let position = this.inputs.findIndex(({ node, index }) => node === value.node && index === value.index);
    if (position < 0) {
      position = this.inputs.length;
      this.inputs.push(value);
      const outputs = [value.node.outputs[value.index] as OutputType];
      for (const list of Object.values(this.arguments)) {
        list.push({ kind: 'argument', name: `outer_${position}`, outputs });
      }
    }
    return { node: this.arguments[side][position] as Argument, index: 0 };
  }
}

export class Scope {
  readonly nodes: GraphNode[] = [];
  readonly level: number;
  readonly #moving = new Map<GraphNode, Dimension[]>();
  readonly #made = new Map<string, Value>();
  readonly #frame: Frame | null;
  readonly #side: 'condition' | 'body';

  constructor(frame: Frame | null = null, side: 'condition' | 'body' = 'body') {
    this.#frame = frame;
    this.#side = side;
    this.level = frame === null ? 0 : frame.outer.level + 1;
  }

  /** Notes how the shapes of a node's outputs moved. `shapes`: for each output, the shape in each run. */
  note(node: GraphNode, shapes: readonly (readonly Shape[])[]): void {
    const found: Dimension[] = [];
    for (const [index, runs] of shapes.entries()) {
      const rank = Math.min(...runs.map(shape => shape.length));
      for (let axis = 0; axis < rank; axis++) {
        const sizes = runs.map(shape => shape[axis] as number);
        if (isMoving(sizes)) found.push({ value: { node, index }, axis, level: this.level, sizes });
      }
    }
    if (found.length > 0) this.#moving.set(node, found);
  }

  /** The dimensions that move: those of `near` first, then those of this graph in order, then of those around it. */
  *dimensions(near: readonly Value[] = []): Iterable<Dimension> {
    for (const { node, index } of near) {
      yield* (this.#moving.get(node) ?? []).filter(({ value }) => value.index === index);
    }
    for (const found of this.#moving.values()) yield* found;
    if (this.#frame !== null) yield* this.#frame.outer.dimensions();
  }

  operation(op: string, attributes: Attributes, inputs: readonly Value[], output: OutputType, place?: Place): Value {
    const node: Operation = {
      kind: 'operation',
      op,
      attributes: new Map(Object.entries(attributes)),
      inputs,
      outputs: [output],
      ...(place === undefined ? {} : { place }),
    };
    this.nodes.push(node);
    return { node, index: 0 };
  }

  constant(dtype: number, shape: readonly number[], numbers: ArrayLike<number>): Value {
    const small = numbers.length <= 16;
    const key = `${dtype}[${shape.join()}](${small ? Array.from(numbers, keyOf).join() : ''})`;
    const known = small ? this.#made.get(key) : undefined;
    if (known !== undefined) return known;
    const node = numberConstant(dtype, shape, numbers);
    this.nodes.push(node);
    const value = { node, index: 0 };
    if (small) this.#made.set(key, value);
    return value;
  }

  /** A scalar int32. It is computed in the outermost graph where that is possible. */
  scalar(expression: Expression, place?: Place): Value {
    if (expression.kind === 'number') return this.constant(INT32, [], [expression.value]);
    const home = this.#at(levelOf(expression));
    return this.#taken(home.#computed(expression, place), home.level);
  }

  /** int32 [n]. */
  vector(expressions: readonly Expression[], place?: Place): Value {
    if (expressions.every(expression => expression.kind === 'number')) {
      return this.constant(
        INT32,
        [expressions.length],
        expressions.map(({ value }) => value),
      );
    }
    const scalars = expressions.map(expression => this.scalar(expression, place));
    const key = `pack(${scalars.map(value => numberOf(value.node)).join()})`;
    const attributes: Attributes = {
      N: { kind: 'int', value: scalars.length },
      T: { kind: 'type', value: INT32 },
      axis: { kind: 'int', value: 0 },
    };
    return this.#once(key, () =>
      this.operation('Pack', attributes, scalars, { dtype: INT32, shape: [scalars.length] }, place),
    );
  }

  #at(level: number): Scope {
    return level === this.level || this.#frame === null ? this : this.#frame.outer.#at(level);
  }

  #taken(value: Value, level: number): Value {
    if (level === this.level || this.#frame === null) return value;
    return this.#frame.hand(this.#frame.outer.#taken(value, level), this.#side);
  }

  #computed(expression: Expression, place?: Place): Value {
    if (expression.kind === 'number') return this.constant(INT32, [], [expression.value]);
    if (expression.kind === 'dimension') return this.#size(expression.dimension, place);
    const [left, right] = [this.scalar(expression.left, place), this.scalar(expression.right, place)];
    return this.#once(`${expression.op}(${numberOf(left.node)},${numberOf(right.node)})`, () =>
      this.integers(expression.op, left, right, [], place),
    );
  }

  integers(op: Arithmetic, left: Value, right: Value, shape: Shape, place?: Place): Value {
    return this.operation(op, { T: { kind: 'type', value: INT32 } }, [left, right], { dtype: INT32, shape }, place);
  }

  #size({ value, axis }: Dimension, place?: Place): Value {
    const name = `${numberOf(value.node)}:${value.index}`;
    return this.#once(`size(${name},${axis})`, () => {
      const shape = this.#once(`shape(${name})`, () => this.#shape(value, place));
      const bounds = [[axis], [axis + 1], [1]].map(numbers => this.constant(INT32, [1], numbers));
      const attributes: Attributes = {
        T: { kind: 'type', value: INT32 },
        Index: { kind: 'type', value: INT32 },
        begin_mask: { kind: 'int', value: 0 },
        end_mask: { kind: 'int', value: 0 },
        ellipsis_mask: { kind: 'int', value: 0 },
        new_axis_mask: { kind: 'int', value: 0 },
        shrink_axis_mask: { kind: 'int', value: 1 },
      };
      return this.operation('StridedSlice', attributes, [shape, ...bounds], { dtype: INT32, shape: [] }, place);
    });
  }

  #shape(value: Value, place?: Place): Value {
    const { dtype, shape } = value.node.outputs[value.index] as OutputType;
    const attributes: Attributes = { T: { kind: 'type', value: dtype }, out_type: { kind: 'type', value: INT32 } };
    return this.operation('Shape', attributes, [value], { dtype: INT32, shape: [shape.length] }, place);
  }

  #once(key: string, make: () => Value): Value {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    const value = make();
    this.#made.set(key, value);
    return value;
  }
}

const numbers = new WeakMap<GraphNode, number>();
let count = 0;

/** A number of its own for each node. */
export function numberOf(node: GraphNode): number {
  const known = numbers.get(node);
  if (known !== undefined) return known;
  numbers.set(node, ++count);
  return count;
}

/** Shape with null where the runs differ. */
export function widened(shapes: readonly Shape[]): Shape {
  const [first, ...others] = shapes as [Shape, ...Shape[]];
  return first.map((size, axis) => (others.every(shape => shape[axis] === size) ? size : null));
}

/** Not the same for 0 and −0. */
function keyOf(number: number): string {
  return Object.is(number, -0) ? '-0' : String(number);
}
