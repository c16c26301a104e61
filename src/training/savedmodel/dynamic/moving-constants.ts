/** What stands for a constant: itself if it never moves, or operations that compute it from dimensions. */

import { numbersOf, sameValues } from '../graphs/constant-values.js';
import type { Constant, GraphNode, Loop, Operation, OutputType, Value } from '../graphs/graph.js';
import { INT32 } from '../graphs/type-numbers.js';
import { reshaped, scalarNumber } from './computed-numbers.js';
import { type Dimension, divides, type Expression, numeral } from './expressions.js';
import { distinct, fitInteger, isMoving } from './fit-integers.js';
import { isPrefix, makeTable } from './moving-tables.js';
import { cannotGeneralize, nameOf } from './problems.js';
import type { Scope } from './scope.js';
import type { Table } from './tables/table.js';

/** An input of an operation, which is given as it is in each run. */
export interface Use {
  readonly runs: readonly (Operation | Loop)[];
  readonly slot: number;
}

/** A constant of more numbers is a table of values, not sizes. */
const MOST_NUMBERS = 64;

/** `runs`: the constant in each run; `near`: tensors whose dimensions are preferred. */
export function constantFor(
  scope: Scope,
  runs: readonly Constant[],
  uses: readonly Use[],
  near: readonly Value[],
): GraphNode {
  const [first] = runs as [Constant];
  if (runs.every(other => sameValues(first, other))) {
    scope.nodes.push(first);
    return first;
  }
  return new ConstantMaker(scope, runs, uses, near).make();
}

class ConstantMaker {
  readonly #scope: Scope;
  readonly #first: Constant;
  readonly #tables: readonly Table[];
  readonly #uses: readonly Use[];
  readonly #dimensions: readonly Dimension[];

  constructor(scope: Scope, runs: readonly Constant[], uses: readonly Use[], near: readonly Value[]) {
    this.#scope = scope;
    this.#first = runs[0] as Constant;
    this.#uses = uses;
    this.#dimensions = distinct(scope.dimensions(near));
    this.#tables = runs.map(run => {
      const values = numbersOf(run);
      if (values === null) throw this.#problem('values of this type cannot be computed from sizes');
      return { shape: run.shape, values: Array.from(values) };
    });
  }

  make(): GraphNode {
    const [{ shape }] = this.#tables as [Table];
    if (!this.#tables.every(table => table.shape.length === shape.length)) {
      throw this.#problem('it has more dimensions at some sizes than at others');
    }
    const moves = this.#tables.some(table => table.shape.join() !== shape.join());
    const value = moves ? this.#table() : this.#numbers();
    return value.node;
  }

  #table(): Value {
    if (this.#first.dtype === INT32 && this.#uses.some(use => use.slot > 0 && isOperation(use, 'Reshape'))) {
      throw this.#problem('its length is the rank of a tensor, which must be the same at every size');
    }
    const { dtype, place } = this.#first;
    const made = makeTable({ scope: this.#scope, dtype, tables: this.#tables, dimensions: this.#dimensions, place });
    if (made !== null) return made;
    if (isPrefix(this.#tables)) {
      throw this.#problem(
        'JavaScript makes it, longer for larger sizes. Compute it with tensors (tf.range, tf.sin…), or make it once ' +
          'at its largest size and slice it',
      );
    }
    throw this.#problem(
      'JavaScript makes it from the sizes, and its values follow no rule that can be found. Compute it with tensors ' +
        '(tf.range, tf.fill, tf.less…)',
    );
  }

  /** Numbers at fixed places. */
  #numbers(): Value {
    const [{ shape, values }] = this.#tables as [Table];
    if (values.length > MOST_NUMBERS) {
      throw this.#problem('JavaScript computes its values from the sizes. Compute it with tensors');
    }
    const { dtype, place } = this.#first;
    const columns = [...values.keys()].map(i => this.#tables.map(table => table.values[i] as number));
    const found = dtype === INT32 ? this.#expressions(columns) : null;
    if (found !== null) return this.#shaped(this.#scope.vector(found, place), shape);
    const scalars = columns.map(column => {
      const value = scalarNumber(this.#scope, dtype, column, this.#dimensions, place);
      if (value === null) throw this.#unknown(column);
      return value;
    });
    if (shape.length === 0) return scalars[0] as Value;
    const output: OutputType = { dtype, shape: [scalars.length] };
    const pack = this.#scope.operation(
      'Pack',
      {
        N: { kind: 'int', value: scalars.length },
        T: { kind: 'type', value: dtype },
        axis: { kind: 'int', value: 0 },
      },
      scalars,
      output,
      place,
    );
    return this.#shaped(pack, shape);
  }

  /** Null for a scalar, which needs no vector. */
  #expressions(columns: readonly (readonly number[])[]): Expression[] | null {
    if (this.#first.shape.length === 0) return null;
    const rest = this.#rest(columns);
    const found = columns.map((column, i) => {
      if (rest.includes(i)) return numeral(-1);
      return fitInteger(column, this.#dimensions);
    });
    const missing = found.flatMap((expression, i) => (expression === null || divides(expression) ? [i] : []));
    // TensorFlow computes one number of a shape by itself, for sure.
    const [only, ...more] = missing;
    if (only !== undefined && more.length === 0 && this.#takesRest() && rest.length === 0 && !hasRest(columns)) {
      found[only] = numeral(-1);
    }
    return found.map((expression, i) => {
      if (expression === null) throw this.#unknown(columns[i] as readonly number[]);
      return expression;
    });
  }

  /** Places that can be −1: the only moving number of a shape, sizes of a slice that goes to the end. */
  #rest(columns: readonly (readonly number[])[]): number[] {
    const moving = columns.flatMap((column, i) => (isMoving(column) ? [i] : []));
    if (this.#takesRest()) return moving.length === 1 && !hasRest(columns) ? moving : [];
    const [use, ...others] = this.#uses;
    if (use === undefined || others.length > 0 || use.slot !== 2 || !isOperation(use, 'Slice')) return [];
    return moving.filter(axis =>
      use.runs.every(({ inputs }, run) => {
        const [whole, begins] = inputs as [Value, Value];
        const begin = begins.node.kind === 'constant' ? numbersOf(begins.node)?.[axis] : undefined;
        if (begin === undefined) return false;
        const length = (whole.node.outputs[whole.index] as OutputType).shape[axis] as number;
        return columns[axis]?.[run] === length - begin;
      }),
    );
  }

  #takesRest(): boolean {
    return this.#uses.length > 0 && this.#uses.every(use => use.slot === 1 && isOperation(use, 'Reshape'));
  }

  #shaped(vector: Value, shape: readonly number[]): Value {
    if (shape.length === 1) return vector;
    const dims = this.#scope.constant(INT32, [shape.length], shape);
    return reshaped(this.#scope, vector, dims, shape, this.#first.place);
  }

  #unknown(column: readonly number[]): Error {
    return this.#problem(
      `JavaScript computes its number ${column.join(', ')} from the sizes, by no formula that can be found. ` +
        'Give that dimension a fixed size in the signature, or compute with tensors',
    );
  }

  #problem(text: string): Error {
    const user = this.#uses[0]?.runs[0];
    const what = user === undefined ? 'a constant that it returns' : `a constant that ${nameOf(user)} takes`;
    return cannotGeneralize(
      `${what} changes with the sizes: ${text}`,
      user ?? this.#first,
      nameOf(user ?? this.#first),
    );
  }
}

function isOperation({ runs }: Use, op: string): boolean {
  const [node] = runs;
  return node?.kind === 'operation' && node.op === op;
}

/** Whether the program has left one number of a shape to TensorFlow. */
function hasRest(columns: readonly (readonly number[])[]): boolean {
  return columns.some(column => column.includes(-1));
}
