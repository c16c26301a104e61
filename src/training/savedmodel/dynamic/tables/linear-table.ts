import { eachIndex, stridesOf, type Table } from './table.js';

/** value = start + Σ slope · index, the sum over the moving axes. */
export interface Linear {
  /** Over the other axes; size 1 along the moving ones. */
  readonly start: Table;
  /** For each moving axis, likewise; null if its size is 1, where no slope shows. */
  readonly slopes: readonly (Table | null)[];
}

/** What rounding to 32 bits leaves. */
const TOLERANCE = 4e-7;

/** Null if it is not linear along the moving axes. */
export function linearIn({ shape, values }: Table, moving: readonly number[]): Linear | null {
  if (values.length === 0 || !values.every(Number.isFinite)) return null;
  const strides = stridesOf(shape);
  const fixed = shape.map((size, axis) => (moving.includes(axis) ? 1 : size));
  const places: number[] = [];
  eachIndex(fixed, (_, index) => {
    places.push(index.reduce((sum, i, axis) => sum + i * (strides[axis] as number), 0));
    return true;
  });
  const start = places.map(place => values[place] as number);
  const slopes = moving.map(axis => {
    const steps = (shape[axis] as number) - 1;
    if (steps === 0) return null;
    // Over the whole length, which blurs the least.
    const step = strides[axis] as number;
    return places.map(place => nice(((values[place + steps * step] as number) - (values[place] as number)) / steps));
  });
  const fixedStrides = stridesOf(fixed);
  const fits = eachIndex(shape, (position, index) => {
    let place = 0;
    for (const [axis, i] of index.entries()) if (fixed[axis] !== 1) place += i * (fixedStrides[axis] as number);
    let value = start[place] as number;
    let size = Math.abs(value);
    for (const [k, axis] of moving.entries()) {
      const term = (slopes[k]?.[place] ?? 0) * (index[axis] as number);
      value += term;
      size = Math.max(size, Math.abs(term));
    }
    return Math.abs(value - (values[position] as number)) <= TOLERANCE * size;
  });
  if (!fits) return null;
  return {
    start: { shape: fixed, values: start },
    slopes: slopes.map(slope => (slope === null ? null : { shape: fixed, values: slope })),
  };
}

function nice(value: number): number {
  const whole = Math.round(value);
  return Math.abs(whole - value) <= TOLERANCE ? whole : value;
}
