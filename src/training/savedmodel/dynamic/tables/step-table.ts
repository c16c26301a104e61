import { eachIndex, type Table } from './table.js';

/** Up to three values that change at thresholds of i, i − j or i + j. */
export interface Steps {
  readonly axis: number;
  /** Of j; null if there is none. */
  readonly other: number | null;
  readonly sign: 1 | -1;
  readonly values: readonly number[];
  /** The first sum that has the second value, and the third. */
  readonly thresholds: readonly number[];
}

const MOST_VALUES = 3;

/** What all tables have in common, one for each; null if there is no such thing. */
export function stepsOf(tables: readonly Table[], moving: readonly number[]): Steps[] | null {
  const rank = tables[0]?.shape.length as number;
  const axes = [...Array(rank).keys()];
  for (const axis of moving) {
    const found = inAll(tables, axis, null, 1);
    if (found !== null) return found;
  }
  for (const axis of axes) {
    for (const other of axes) {
      if (axis === other || !(moving.includes(axis) || moving.includes(other))) continue;
      for (const sign of [-1, 1] as const) {
        if (sign > 0 && other < axis) continue;
        const found = inAll(tables, axis, other, sign);
        if (found !== null) return found;
      }
    }
  }
  return null;
}

function inAll(tables: readonly Table[], axis: number, other: number | null, sign: 1 | -1): Steps[] | null {
  const all: Steps[] = [];
  for (const table of tables) {
    const found = stepsIn(table, axis, other, sign);
    if (found === null || found.values.length !== (all[0] ?? found).values.length) return null;
    all.push(found);
  }
  return all;
}

function stepsIn({ shape, values }: Table, axis: number, other: number | null, sign: 1 | -1): Steps | null {
  const at = new Map<number, number>();
  const consistent = eachIndex(shape, (position, index) => {
    const sum = (index[axis] as number) + (other === null ? 0 : sign * (index[other] as number));
    const value = values[position] as number;
    if (!at.has(sum)) at.set(sum, value);
    return Object.is(at.get(sum), value);
  });
  if (!consistent) return null;
  const sums = [...at.keys()].sort((left, right) => left - right);
  const [first, ...others] = sums;
  if (first === undefined) return null;
  const found = [at.get(first) as number];
  const thresholds: number[] = [];
  for (const sum of others) {
    const value = at.get(sum) as number;
    if (Object.is(value, found.at(-1))) continue;
    found.push(value);
    thresholds.push(sum);
    if (found.length > MOST_VALUES) return null;
  }
  return found.length < 2 ? null : { axis, other, sign, values: found, thresholds };
}
