/**
 * Whole numbers computed from dimensions of tensors, and how they are found: a number that a function took from shapes
 * is known by its values in several runs, one for each.
 */
import type { Value } from '../graphs/graph.js';

/** One number for each run. */
export type Sizes = readonly number[];

/** A dimension of a value of the graph that is made; `level` counts the loops around that value. */
export interface Dimension {
  readonly value: Value;
  readonly axis: number;
  readonly level: number;
  readonly sizes: Sizes;
}

/** Names of TensorFlow's operations. FloorDiv rounds down, FloorMod has the sign of the divisor. */
export type Arithmetic = 'AddV2' | 'Sub' | 'Mul' | 'FloorDiv' | 'FloorMod' | 'Maximum' | 'Minimum';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'dimension'; readonly dimension: Dimension }
  | { readonly kind: 'arithmetic'; readonly op: Arithmetic; readonly left: Expression; readonly right: Expression };

export function numeral(value: number): Expression {
  return { kind: 'number', value };
}

export function dimensionOf(dimension: Dimension): Expression {
  return { kind: 'dimension', dimension };
}

/** Leaves out what changes nothing: times 1, plus 0. */
export function arithmetic(op: Arithmetic, left: Expression, right: Expression): Expression {
  if (right.kind === 'number') {
    const { value } = right;
    if (value === 0 && (op === 'AddV2' || op === 'Sub')) return left;
    if (value === 1 && (op === 'Mul' || op === 'FloorDiv')) return left;
    if (value < 0 && op === 'AddV2') return { kind: 'arithmetic', op: 'Sub', left, right: numeral(-value) };
  }
  return { kind: 'arithmetic', op, left, right };
}

export function plus(left: Expression, value: number): Expression {
  return arithmetic('AddV2', left, numeral(value));
}

export function times(left: Expression, value: number): Expression {
  return arithmetic('Mul', left, numeral(value));
}

/** The number of loops around the innermost value that it reads; 0 if it reads none. */
export function levelOf(expression: Expression): number {
  if (expression.kind === 'number') return 0;
  if (expression.kind === 'dimension') return expression.dimension.level;
  return Math.max(levelOf(expression.left), levelOf(expression.right));
}

/** Its number in the run. */
export function evaluate(expression: Expression, run: number): number {
  if (expression.kind === 'number') return expression.value;
  if (expression.kind === 'dimension') return expression.dimension.sizes[run] as number;
  return compute(expression.op, evaluate(expression.left, run), evaluate(expression.right, run));
}

function compute(op: Arithmetic, left: number, right: number): number {
  switch (op) {
    case 'AddV2':
      return left + right;
    case 'Sub':
      return left - right;
    case 'Mul':
      return left * right;
    case 'FloorDiv':
      return Math.floor(left / right);
    case 'FloorMod':
      return left - right * Math.floor(left / right);
    case 'Maximum':
      return Math.max(left, right);
    case 'Minimum':
      return Math.min(left, right);
  }
}

/** Whether division occurs: what several formulas may fit. */
export function divides(expression: Expression): boolean {
  if (expression.kind !== 'arithmetic') return false;
  const here = expression.op === 'FloorDiv' || expression.op === 'FloorMod';
  return here || divides(expression.left) || divides(expression.right);
}
