/**
 * The simplest formula of dimensions that gives a number in every run. Formulas are tried by families, simple ones
 * first; in each, the dimensions in the order given, the nearest first.
 */
import {
  arithmetic,
  type Dimension,
  dimensionOf,
  type Expression,
  numeral,
  plus,
  type Sizes,
  times,
} from './expressions.js';

/** Beyond these many dimensions, products and sums of several are not tried. */
const MOST_COMBINED = 40;
const LARGEST_COEFFICIENT = 8;
const LARGEST_DIVISOR = 128;

type Family = (target: Sizes, dimensions: readonly Dimension[]) => Expression | null;

/** Null if nothing of the known families fits. `dimensions`: those that move, without two of equal sizes. */
export function fitInteger(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  const first = target[0] as number;
  if (target.every(value => value === first)) return numeral(first);
  for (const family of FAMILIES) {
    const found = family(target, dimensions);
    if (found !== null) return found;
  }
  return null;
}

/** Dimensions that move, each sizes once, the first of its sizes. */
export function distinct(dimensions: Iterable<Dimension>): Dimension[] {
  const found = new Map<string, Dimension>();
  for (const dimension of dimensions) {
    const key = dimension.sizes.join();
    if (!found.has(key) && isMoving(dimension.sizes)) found.set(key, dimension);
  }
  return [...found.values()];
}

export function isMoving(sizes: Sizes): boolean {
  return sizes.some(size => size !== sizes[0]);
}

const FAMILIES: readonly Family[] = [
  fitDimension,
  fitMultiple,
  fitShifted,
  fitProduct,
  fitAffine,
  fitSum,
  fitBounded,
  fitExtremes,
  fitQuotient,
  fitToMultiple,
  fitRemainder,
  fitThreeProduct,
  fitCombination,
];

function fitDimension(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  return first(dimensions, dimension => (equal(target, dimension.sizes) ? dimensionOf(dimension) : null));
}

/** a·d, or d/a where that is always whole. */
function fitMultiple(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  return first(dimensions, dimension => scaled(target, dimension.sizes, dimensionOf(dimension)));
}

function scaled(target: Sizes, sizes: Sizes, expression: Expression): Expression | null {
  const factor = ratio(target, sizes);
  if (factor === null) return null;
  if (Number.isInteger(factor)) return times(expression, factor);
  const divisor = ratio(sizes, target);
  if (divisor === null || !Number.isInteger(divisor)) return null;
  return arithmetic('FloorDiv', expression, numeral(divisor));
}

/** d + b. */
function fitShifted(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  return first(dimensions, dimension => {
    const shift = difference(target, dimension.sizes);
    return shift === null ? null : plus(dimensionOf(dimension), shift);
  });
}

function fitProduct(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  return firstPair(dimensions, (left, right) => {
    const product = left.sizes.map((size, run) => size * (right.sizes[run] as number));
    return scaled(target, product, arithmetic('Mul', dimensionOf(left), dimensionOf(right)));
  });
}

function fitThreeProduct(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  if (dimensions.length > MOST_COMBINED) return null;
  return first(dimensions, outer => {
    if (outer.sizes.includes(0)) return null;
    const rest = target.map((value, run) => value / (outer.sizes[run] as number));
    return firstPair(dimensions, (left, right) => {
      const product = left.sizes.map((size, run) => size * (right.sizes[run] as number));
      if (ratio(rest, product) === null) return null;
      const all = product.map((size, run) => size * (outer.sizes[run] as number));
      const pair = arithmetic('Mul', dimensionOf(left), dimensionOf(right));
      return scaled(target, all, arithmetic('Mul', pair, dimensionOf(outer)));
    });
  });
}

/** a·d + b. */
function fitAffine(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  return first(dimensions, dimension => {
    const slope = slopeOf(target, dimension.sizes);
    if (slope === null || !Number.isInteger(slope) || slope === 0) return null;
    const shift = difference(
      target,
      dimension.sizes.map(size => slope * size),
    );
    if (shift === null) return null;
    if (slope > 0) return plus(times(dimensionOf(dimension), slope), shift);
    return arithmetic('Sub', numeral(shift), times(dimensionOf(dimension), -slope));
  });
}

/** d + e + b, d − e + b. */
function fitSum(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  return firstPair(dimensions, (left, right) => {
    const shift = difference(target, sum(left.sizes, 1, right.sizes, 1));
    if (shift !== null) return plus(arithmetic('AddV2', dimensionOf(left), dimensionOf(right)), shift);
    const less = difference(target, sum(left.sizes, 1, right.sizes, -1));
    if (less !== null) return plus(arithmetic('Sub', dimensionOf(left), dimensionOf(right)), less);
    const more = difference(target, sum(left.sizes, -1, right.sizes, 1));
    return more === null ? null : plus(arithmetic('Sub', dimensionOf(right), dimensionOf(left)), more);
  });
}

/** max(d + b, c), min(d + b, c), max(b − d, c). In two runs the bound must not cut, and in one it must. */
function fitBounded(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  const least = Math.min(...target);
  const most = Math.max(...target);
  return first(dimensions, dimension => {
    const rising = dimension.sizes.map((size, run) => (target[run] as number) - size);
    const falling = dimension.sizes.map((size, run) => (target[run] as number) + size);
    for (const [op, bound] of [['Maximum', least] as const, ['Minimum', most] as const]) {
      const free = target.flatMap((value, run) => (value === bound ? [] : [run]));
      if (free.length === 0 || free.length === target.length) continue;
      const isEnough = (line: (size: number) => number) =>
        target.filter((value, run) => value === line(dimension.sizes[run] as number)).length >= 2;
      const shift = common(free.map(run => rising[run] as number));
      if (shift !== null && isEnough(size => size + shift)) {
        const found = arithmetic(op, plus(dimensionOf(dimension), shift), numeral(bound));
        if (agrees(target, run => bounded(op, (dimension.sizes[run] as number) + shift, bound))) return found;
      }
      const start = common(free.map(run => falling[run] as number));
      if (start === null || !isEnough(size => start - size)) continue;
      const down = arithmetic('Sub', numeral(start), dimensionOf(dimension));
      if (agrees(target, run => bounded(op, start - (dimension.sizes[run] as number), bound))) {
        return arithmetic(op, down, numeral(bound));
      }
    }
    return null;
  });
}

function bounded(op: 'Maximum' | 'Minimum', value: number, bound: number): number {
  return op === 'Maximum' ? Math.max(value, bound) : Math.min(value, bound);
}

/** max(d, e), min(d, e), |d − e|. */
function fitExtremes(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  return firstPair(dimensions, (left, right) => {
    const [a, b] = [left.sizes, right.sizes];
    const [one, other] = [dimensionOf(left), dimensionOf(right)];
    const most = (run: number) => Math.max(a[run] as number, b[run] as number);
    const least = (run: number) => Math.min(a[run] as number, b[run] as number);
    if (agrees(target, most)) return arithmetic('Maximum', one, other);
    if (agrees(target, least)) return arithmetic('Minimum', one, other);
    if (!agrees(target, run => most(run) - least(run))) return null;
    return arithmetic('Sub', arithmetic('Maximum', one, other), arithmetic('Minimum', one, other));
  });
}

/** floor((a·d + b)/s): with a = 1 first; rounding down, up or to the nearest before any other b. */
function fitQuotient(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  for (const [least, most] of [[1, 1] as const, [2, LARGEST_COEFFICIENT] as const]) {
    for (const isUsual of [true, false]) {
      for (let factor = least; factor <= most; factor++) {
        for (let divisor = 2; divisor <= LARGEST_DIVISOR; divisor++) {
          if (factor > 1 && divisor % factor === 0) continue;
          const found = first(dimensions, dimension => {
            const shift = roundingShift(target, dimension.sizes, factor, divisor, isUsual);
            if (shift === null) return null;
            return arithmetic('FloorDiv', plus(times(dimensionOf(dimension), factor), shift), numeral(divisor));
          });
          if (found !== null) return found;
        }
      }
    }
  }
  return null;
}

/** The b of floor((a·d + b)/s), if there is one. */
function roundingShift(target: Sizes, sizes: Sizes, factor: number, divisor: number, isUsual: boolean): number | null {
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  for (const [run, value] of target.entries()) {
    const low = value * divisor - factor * (sizes[run] as number);
    least = Math.max(least, low);
    most = Math.min(most, low + divisor - 1);
    if (least > most) return null;
  }
  const usual = [0, divisor - 1, Math.floor(divisor / 2)].find(shift => shift >= least && shift <= most);
  if (usual !== undefined) return usual;
  if (isUsual) return null;
  return least > 0 ? least : most;
}

/** The next multiple of s, or the one before. */
function fitToMultiple(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  const divisor = target.reduce(greatestDivisor);
  if (divisor < 2) return null;
  const count = fitQuotient(
    target.map(value => value / divisor),
    dimensions,
  );
  return count === null ? null : times(count, divisor);
}

/** (a·d + b) mod s with a = ±1: what is left over, what is missing to a multiple. */
function fitRemainder(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  const most = Math.max(...target);
  if (Math.min(...target) < 0 || most >= LARGEST_DIVISOR) return null;
  for (let divisor = Math.max(2, most + 1); divisor <= LARGEST_DIVISOR; divisor++) {
    const found = first(dimensions, dimension => {
      // With few runs any large divisor fits: the remainders must have come back to the start at least once.
      if (Math.max(...dimension.sizes) - Math.min(...dimension.sizes) < divisor) return null;
      for (const sign of [1, -1]) {
        const shift = modulo((target[0] as number) - sign * (dimension.sizes[0] as number), divisor);
        const fits = agrees(target, run => modulo(sign * (dimension.sizes[run] as number) + shift, divisor));
        if (!fits) continue;
        const whole = dimensionOf(dimension);
        const moved = sign === 1 ? plus(whole, shift) : arithmetic('Sub', numeral(shift), whole);
        return arithmetic('FloorMod', moved, numeral(divisor));
      }
      return null;
    });
    if (found !== null) return found;
  }
  return null;
}

/** a·d + b·e + c with small a and b. */
function fitCombination(target: Sizes, dimensions: readonly Dimension[]): Expression | null {
  if (target.length < 5) return null;
  return firstPair(dimensions, (left, right) => {
    for (let a = -LARGEST_COEFFICIENT; a <= LARGEST_COEFFICIENT; a++) {
      for (let b = -LARGEST_COEFFICIENT; b <= LARGEST_COEFFICIENT; b++) {
        if (a === 0 || b === 0) continue;
        const shift = difference(target, sum(left.sizes, a, right.sizes, b));
        if (shift === null) continue;
        const terms = arithmetic('AddV2', times(dimensionOf(left), a), times(dimensionOf(right), b));
        return plus(terms, shift);
      }
    }
    return null;
  });
}

function first(
  dimensions: readonly Dimension[],
  attempt: (dimension: Dimension) => Expression | null,
): Expression | null {
  for (const dimension of dimensions) {
    const found = attempt(dimension);
    if (found !== null) return found;
  }
  return null;
}

function firstPair(
  dimensions: readonly Dimension[],
  attempt: (left: Dimension, right: Dimension) => Expression | null,
): Expression | null {
  const few = dimensions.slice(0, MOST_COMBINED);
  for (const [position, right] of few.entries()) {
    for (const left of few.slice(0, position + 1)) {
      const found = attempt(left, right);
      if (found !== null) return found;
    }
  }
  return null;
}

function equal(left: Sizes, right: Sizes): boolean {
  return left.every((value, run) => value === right[run]);
}

function agrees(target: Sizes, formula: (run: number) => number): boolean {
  return target.every((value, run) => value === formula(run));
}

function common(values: Sizes): number | null {
  const value = values[0] as number;
  return values.every(other => other === value) ? value : null;
}

function difference(target: Sizes, sizes: Sizes): number | null {
  return common(target.map((value, run) => value - (sizes[run] as number)));
}

/** What `sizes` are multiplied by in every run. */
function ratio(target: Sizes, sizes: Sizes): number | null {
  const run = sizes.findIndex(size => size !== 0);
  if (run < 0) return null;
  const factor = (target[run] as number) / (sizes[run] as number);
  if (factor === 0) return null;
  const fits = target.every(
    (value, other) => Math.abs(value - factor * (sizes[other] as number)) < 1e-9 * (1 + Math.abs(value)),
  );
  return fits ? factor : null;
}

function slopeOf(target: Sizes, sizes: Sizes): number | null {
  const run = sizes.findIndex(size => size !== sizes[0]);
  if (run < 0) return null;
  return ((target[run] as number) - (target[0] as number)) / ((sizes[run] as number) - (sizes[0] as number));
}

function sum(left: Sizes, a: number, right: Sizes, b: number): Sizes {
  return left.map((size, run) => a * size + b * (right[run] as number));
}

function modulo(value: number, divisor: number): number {
  return value - divisor * Math.floor(value / divisor);
}

function greatestDivisor(left: number, right: number): number {
  return right === 0 ? Math.abs(left) : greatestDivisor(right, left % right);
}
