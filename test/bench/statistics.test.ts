/** Median and interval of the benchmark, and when a case has enough turns. */
import { expect, test } from 'vitest';
import { enough } from '../../bench/harness/measure.mjs';
import { evaluate, speed } from '../../bench/harness/rows.mjs';
import { interval, spread, uncertainty } from '../../bench/harness/statistics.mjs';

test('median and quartiles', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, q1: 1.75, q3: 3.25, max: 4 });
  expect(spread([7])).toMatchObject({ median: 7, min: 7, max: 7 });
});

// From the binomial distribution: with 9 values the second and the eighth enclose the median with 96.09 %.
test.each([
  [6, 1, 6, 0.96875],
  [9, 2, 8, 0.9609375],
  [15, 4, 12, 0.96484375],
  [41, 14, 28, 0.9725],
])('the interval of %i values goes from the %i. to the %i.', (count, low, high, confidence) => {
  const values = Array.from({ length: count }, (_, i) => count - i);
  const found = interval(values);
  expect(found).toMatchObject({ low, high });
  expect(found.confidence).toBeCloseTo(confidence, 3);
});

test('with too few values the interval is all of them, and says how sure that is', () => {
  expect(interval([3, 1, 2])).toEqual({ low: 1, high: 3, confidence: 0.75 });
  expect(interval([3])).toEqual({ low: 3, high: 3, confidence: 0 });
  expect(uncertainty([1, 1, 1])).toBe(Number.POSITIVE_INFINITY);
});

test('the interval holds the true median as often as it says', () => {
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  let inside = 0;
  for (let run = 0; run < 2000; run++) {
    const { low, high } = interval(Array.from({ length: 9 }, () => random() ** 2));
    if (low <= 0.25 && high >= 0.25) inside++;
  }
  expect(inside / 2000).toBeGreaterThan(0.945);
});

const benchmark = { rows: [speed('ours / other', 'ours', 'other')], seconds: 60 };
const turnsOf = (ratios: readonly number[]) =>
  ratios.map(ratio => ({ ours: { seconds: 1 }, other: { seconds: ratio } }));
const budget = { most: 120, share: 90 };
const ended = (ratios: readonly number[], more: object = {}, next = 1) =>
  enough({ benchmark: { ...benchmark, ...more }, turns: turnsOf(ratios), pairs: 9, kind: 'disk', budget, next });

test('a case ends when its ratios are sure, at the largest number of turns, or when its time is over', () => {
  const sure = Array(9).fill(2);
  const unsure = [1, 2, 3, 4, 5, 6, 7, 8, 9];
  expect(ended(sure.slice(1))).toBeUndefined();
  expect(ended(sure.slice(1), {}, 120)).toBeUndefined();
  expect(ended(sure.slice(1), {}, 121)).toBe('plan');
  expect(ended([], {}, 121)).toBeUndefined();
  expect(ended(sure)).toBe('sure');
  expect(ended(unsure)).toBeUndefined();
  expect(ended(unsure, {}, 60)).toBeUndefined();
  expect(ended(unsure, {}, 61)).toBe('time');
  expect(ended(unsure, { seconds: 100 }, 90)).toBeUndefined();
  expect(ended(unsure, { seconds: 100 }, 91)).toBe('time');
  expect(ended(Array.from({ length: 41 }, (_, i) => i + 1))).toBe('turns');
  expect(ended([1, 5, 9], { turns: 3 })).toBe('fixed');
});

test('only figures of one turn are compared, so a drift of the machine cancels', () => {
  const turns = [1, 2, 4, 8].map(slow => ({ ours: { seconds: slow }, other: { seconds: 3 * slow } }));
  expect(evaluate(benchmark, turns, 'disk')).toMatchObject([{ median: 3, min: 3, max: 3, pairs: 4 }]);
});
