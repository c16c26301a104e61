/** Slices added one by one: the same answer as comparing each with all, in time that grows with their number. */
import { expect, test } from 'vitest';
import { SliceSet } from '../../src/bundle/slice-set.js';
import { intersect, type TensorSlice } from '../../src/format/slices.js';

/** Numbers that look random and are the same every time (a linear congruential generator). */
function sequence(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test('agrees with comparing all', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = sequence(seed);
    const rank = next(4);
    const set = new SliceSet();
    const added: TensorSlice[] = [];
    let overlapping = 0;
    for (let i = 0; i < 150; i++) {
      // Mostly small ones, some long, a few empty.
      const size = Array.from({ length: rank }, () => (next(12) === 0 ? next(150) : next(20) === 0 ? 0 : 1 + next(4)));
      const slice = { begin: size.map(() => next(100)), size };
      const expected = added.some(other => intersect(other, slice) !== null);
      const found = set.overlapped(slice);
      expect(found !== undefined).toBe(expected);
      if (found !== undefined) {
        expect(intersect(found, slice)).not.toBeNull();
        overlapping++;
      } else {
        set.add(slice);
        added.push(slice);
      }
    }
    if (rank > 0) expect(Math.min(overlapping, added.length)).toBeGreaterThan(0);
  }
});

test.each([
  ['rows', (i: number) => ({ begin: [i, 0], size: [1, 8] })],
  ['columns', (i: number) => ({ begin: [0, 3 * i], size: [8, 3] })],
  ['a grid', (i: number) => ({ begin: [5 * (i % 200), 7 * Math.floor(i / 200)], size: [5, 7] })],
  ['rows of which the first is huge', (i: number) => ({ begin: [i === 0 ? 0 : 1e6 + i], size: [i === 0 ? 1e6 : 1] })],
])('40,000 slices: %s', (_, sliceOf) => {
  const set = new SliceSet();
  const started = performance.now();
  for (let i = 0; i < 40_000; i++) {
    const slice = sliceOf(i);
    expect.soft(set.overlapped(slice) === undefined || i).toBe(true);
    set.add(slice);
  }
  expect(set.overlapped(sliceOf(33_333))).toEqual(sliceOf(33_333));
  // Comparing each with all takes 800 million comparisons: a minute.
  expect(performance.now() - started).toBeLessThan(10_000);
});
