/** Fractions computed from dimensions, such as 1/(h·w) and √n: factor · f(whole number) + offset. */
import { arithmetic, type Dimension, dimensionOf, type Expression, evaluate, plus, type Sizes } from './expressions.js';
import { fitInteger } from './fit-integers.js';

/** Names of TensorFlow's operations; 'Identity' is none. */
type Curve = 'Identity' | 'Reciprocal' | 'Sqrt' | 'Rsqrt' | 'Log' | 'Square';

export interface Fraction {
  readonly base: Expression;
  readonly curve: Curve;
  readonly factor: number;
  readonly offset: number;
}

const CURVES: readonly (readonly [Curve, (x: number) => number])[] = [
  ['Identity', x => x],
  ['Reciprocal', x => 1 / x],
  ['Sqrt', Math.sqrt],
  ['Rsqrt', x => 1 / Math.sqrt(x)],
  ['Log', Math.log],
  ['Square', x => x * x],
];
const SHIFTS = [0, -1, 1, -2, 2];
const MORE_SHIFTS = [3, 4, -3, -4, 5, 6, 7, 8];
const MOST_COMBINED = 16;
/** What rounding to 32 bits leaves, several times. */
const TOLERANCE = 5e-7;

/** Null if nothing of the family fits. */
export function fitFraction(target: Sizes, dimensions: readonly Dimension[]): Fraction | null {
  if (!target.every(Number.isFinite)) return null;
  if (target.every(Number.isInteger)) {
    const base = fitInteger(target, dimensions);
    if (base !== null) return { base, curve: 'Identity', factor: 1, offset: 0 };
  }
  for (const withOffset of [false, true]) {
    for (const base of bases(dimensions)) {
      const sizes = target.map((_, run) => evaluate(base, run));
      for (const [curve, compute] of CURVES) {
        const line = lineThrough(target, sizes.map(compute), withOffset);
        if (line !== null) return { base, curve, ...line };
      }
    }
  }
  return null;
}

/** Simple ones first. */
function* bases(dimensions: readonly Dimension[]): Iterable<Expression> {
  for (const shift of SHIFTS) for (const dimension of dimensions) yield plus(dimensionOf(dimension), shift);
  const few = dimensions.slice(0, MOST_COMBINED).map(dimensionOf);
  const pairs: Expression[] = [];
  for (const [position, right] of few.entries()) {
    for (const left of few.slice(0, position + 1)) pairs.push(arithmetic('Mul', left, right));
  }
  for (const shift of SHIFTS) for (const pair of pairs) yield plus(pair, shift);
  for (const [position, right] of few.entries()) {
    for (const left of few.slice(0, position)) {
      yield arithmetic('AddV2', left, right);
      yield arithmetic('Sub', left, right);
      yield arithmetic('Sub', right, left);
    }
  }
  for (const shift of MORE_SHIFTS) for (const dimension of dimensions) yield plus(dimensionOf(dimension), shift);
  for (const pair of pairs) for (const third of few) yield arithmetic('Mul', pair, third);
}

function lineThrough(target: Sizes, points: Sizes, withOffset: boolean): { factor: number; offset: number } | null {
  if (!points.every(Number.isFinite)) return null;
  // Two numbers lie on a line with any other two.
  if (withOffset && new Set(points).size < 4) return null;
  const low = points.indexOf(Math.min(...points));
  const high = points.indexOf(Math.max(...points));
  const [x, y] = [points[low] as number, target[low] as number];
  const [u, v] = [points[high] as number, target[high] as number];
  if (u === x) return null;
  const factor = nice(withOffset ? (v - y) / (u - x) : v / u);
  const offset = withOffset ? nice(v - factor * u) : 0;
  const fits = points.every((point, run) => {
    const value = target[run] as number;
    const size = Math.max(Math.abs(value), Math.abs(factor * point), Math.abs(offset));
    return Math.abs(factor * point + offset - value) <= TOLERANCE * size;
  });
  return fits && factor !== 0 ? { factor, offset } : null;
}

/** The whole number or its inverse that rounding to 32 bits has blurred. */
function nice(value: number): number {
  for (const candidate of [Math.round(value), 1 / Math.round(1 / value), Math.round(value * 1000) / 1000]) {
    if (Number.isFinite(candidate) && Math.abs(candidate - value) <= TOLERANCE * Math.max(Math.abs(value), 1e-3)) {
      return candidate;
    }
  }
  return value;
}
