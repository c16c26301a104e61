/**
 * Constants whose own shape moves: made again from Range and a few operations, if their values follow from their
 * indices. The families: all equal; linear in the indices along moving axes, with coefficients that may differ along
 * the others; and up to three values split at thresholds of i, i − j or i + j, such as masks and unit matrices.
 */
import type { OutputType, Place, Shape, Value } from '../graphs/graph.js';
import { BOOL, INT32 } from '../graphs/type-numbers.js';
import { castTo, reshaped, scalarNumber, typeAttribute } from './computed-numbers.js';
import type { Dimension, Expression, Sizes } from './expressions.js';
import { fitInteger, isMoving } from './fit-integers.js';
import { type Scope, widened } from './scope.js';
import { type Linear, linearIn } from './tables/linear-table.js';
import { type Steps, stepsOf } from './tables/step-table.js';
import type { Table } from './tables/table.js';

/** What is needed to make one. */
interface Making {
  readonly scope: Scope;
  readonly dtype: number;
  /** The constant in each run. */
  readonly tables: readonly Table[];
  readonly dimensions: readonly Dimension[];
  readonly place?: Place | undefined;
}

/** Null if its shape cannot be computed from dimensions or its values follow no known rule. */
export function makeTable(making: Making): Value | null {
  const { tables, dimensions } = making;
  const rank = tables[0]?.shape.length as number;
  const dims: Expression[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const size = fitInteger(
      tables.map(table => table.shape[axis] as number),
      dimensions,
    );
    if (size === null) return null;
    dims.push(size);
  }
  const shape = widened(tables.map(table => table.shape));
  const maker = new TableMaker(making, dims, shape);
  return maker.filled() ?? maker.linear() ?? maker.stepped();
}

class TableMaker {
  readonly #making: Making;
  readonly #dims: readonly Expression[];
  readonly #shape: Shape;

  constructor(making: Making, dims: readonly Expression[], shape: Shape) {
    this.#making = making;
    this.#dims = dims;
    this.#shape = shape;
  }

  filled(): Value | null {
    const { tables, scope, place, dtype } = this.#making;
    const firsts: number[] = [];
    for (const { values } of tables) {
      if (values.length === 0) return null;
      const first = values[0] as number;
      for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return null;
      firsts.push(first);
    }
    const value = this.#scalar(firsts);
    if (value === null) return null;
    const attributes = { ...typeAttribute(dtype), index_type: { kind: 'type', value: INT32 } as const };
    return scope.operation('Fill', attributes, [scope.vector(this.#dims, place), value], this.#type(), place);
  }

  linear(): Value | null {
    const { tables, scope, place, dtype } = this.#making;
    if (dtype === BOOL) return null;
    const moving = this.#movingAxes();
    const runs: Linear[] = [];
    for (const table of tables) {
      const found = linearIn(table, moving);
      if (found === null) return null;
      runs.push(found);
    }
    const start = this.#coefficients(runs.map(run => run.start));
    if (start === null) return null;
    const terms: Value[] = [];
    let covered = 0;
    for (const [position, axis] of moving.entries()) {
      const known = runs.map(run => run.slopes[position] as Table | null);
      const [any] = known.filter(slope => slope !== null);
      if (any === undefined) return null;
      const slopes = known.map(slope => slope ?? any);
      if (slopes.every(isZero)) continue;
      covered++;
      const slope = this.#coefficients(slopes);
      if (slope === null) return null;
      const index = castTo(scope, dtype, this.#indices(axis), this.#along(axis), place);
      terms.push(this.#one(slopes, 1) ? index : this.#combine('Mul', index, slope));
    }
    let value = terms.shift();
    for (const term of terms) value = this.#combine('AddV2', value as Value, term);
    const zero = runs.every(run => isZero(run.start));
    if (value === undefined) value = start;
    else if (!zero || covered < moving.length) value = this.#combine('AddV2', value, start);
    const complete = covered === moving.length && this.#complete(value);
    return complete ? value : this.#broadcast(value);
  }

  stepped(): Value | null {
    const { tables, scope, place } = this.#making;
    const runs = stepsOf(tables, this.#movingAxes());
    if (runs === null) return null;
    const [first] = runs as [Steps];
    const thresholds: Value[] = [];
    for (const position of first.thresholds.keys()) {
      const at = fitInteger(
        runs.map(run => run.thresholds[position] as number),
        this.#making.dimensions,
      );
      if (at === null) return null;
      thresholds.push(scope.scalar(at, place));
    }
    const values: Value[] = [];
    for (const position of first.values.keys()) {
      const value = this.#scalar(runs.map(run => run.values[position] as number));
      if (value === null) return null;
      values.push(value);
    }
    let index = this.#indices(first.axis);
    let shape = this.#along(first.axis);
    if (first.other !== null) {
      shape = shape.map((size, axis) => (axis === first.other ? (this.#shape[axis] as number | null) : size));
      index = scope.integers(first.sign < 0 ? 'Sub' : 'AddV2', index, this.#indices(first.other), shape, place);
    }
    let value = values.pop() as Value;
    while (thresholds.length > 0) {
      const below = scope.operation(
        'Less',
        typeAttribute(INT32),
        [index, thresholds.pop() as Value],
        { dtype: BOOL, shape },
        place,
      );
      value = scope.operation(
        'SelectV2',
        typeAttribute(this.#making.dtype),
        [below, values.pop() as Value, value],
        { dtype: this.#making.dtype, shape },
        place,
      );
    }
    return this.#complete(value) ? value : this.#broadcast(value);
  }

  /** 0, 1, 2… along an axis, with size 1 along the others. */
  #indices(axis: number): Value {
    const { scope, place } = this.#making;
    const size = scope.scalar(this.#dims[axis] as Expression, place);
    const [zero, one] = [scope.constant(INT32, [], [0]), scope.constant(INT32, [], [1])];
    const length = this.#shape[axis] as number | null;
    const range = scope.operation(
      'Range',
      { Tidx: { kind: 'type', value: INT32 } },
      [zero, size, one],
      { dtype: INT32, shape: [length] },
      place,
    );
    if (this.#shape.length === 1) return range;
    const shape = this.#along(axis);
    const dims = scope.constant(
      INT32,
      [shape.length],
      shape.map((_, other) => (other === axis ? -1 : 1)),
    );
    return reshaped(scope, range, dims, shape, place);
  }

  #along(axis: number): Shape {
    return this.#shape.map((size, other) => (other === axis ? size : 1));
  }

  /** One table for all runs, or one number for each run. */
  #coefficients(runs: readonly Table[]): Value | null {
    const { scope, dtype } = this.#making;
    const [first] = runs as [Table];
    const same = runs.every(run => run.values.every((value, i) => Object.is(value, first.values[i])));
    const uniform = runs.every(run => run.values.every(value => value === run.values[0]));
    if (uniform) return this.#scalar(runs.map(run => run.values[0] as number));
    return same ? scope.constant(dtype, first.shape, first.values) : null;
  }

  #one(runs: readonly Table[], value: number): boolean {
    return runs.every(run => run.values.every(other => other === value));
  }

  #scalar(target: Sizes): Value | null {
    const { scope, dtype, dimensions, place } = this.#making;
    return scalarNumber(scope, dtype, target, dimensions, place);
  }

  #combine(op: 'Mul' | 'AddV2', left: Value, right: Value): Value {
    const { scope, dtype, place } = this.#making;
    const [a, b] = [left, right].map(({ node, index }) => (node.outputs[index] as OutputType).shape) as [Shape, Shape];
    const [long, short] = a.length >= b.length ? [a, b] : [b, a];
    const skip = long.length - short.length;
    const shape = long.map((size, axis) => {
      const other = axis < skip ? 1 : (short[axis - skip] as number | null);
      return size === 1 ? other : size;
    });
    return scope.operation(op, typeAttribute(dtype), [left, right], { dtype, shape }, place);
  }

  /** Whether the value has the whole shape without being broadcast. */
  #complete({ node, index }: Value): boolean {
    const { shape } = node.outputs[index] as OutputType;
    return shape.length === this.#shape.length && shape.every((size, axis) => size === this.#shape[axis]);
  }

  #broadcast(value: Value): Value {
    const { scope, place, dtype } = this.#making;
    const attributes = { ...typeAttribute(dtype), Tidx: { kind: 'type', value: INT32 } as const };
    return scope.operation('BroadcastTo', attributes, [value, scope.vector(this.#dims, place)], this.#type(), place);
  }

  #movingAxes(): number[] {
    const { tables } = this.#making;
    return [...this.#dims.keys()].filter(axis => isMoving(tables.map(table => table.shape[axis] as number)));
  }

  #type(): OutputType {
    return { dtype: this.#making.dtype, shape: this.#shape };
  }
}

function isZero({ values }: Table): boolean {
  return values.every(value => value === 0);
}

/** Whether each table begins as the smaller ones do: values that depend on the place alone, up to the length. */
export function isPrefix(tables: readonly Table[]): boolean {
  const sorted = [...tables].sort((left, right) => left.values.length - right.values.length);
  return sorted.every((table, position) => {
    const next = sorted[position + 1];
    return next === undefined || table.values.every((value, i) => value === next.values[i]);
  });
}
