import { describe, expect, it } from 'vitest';
import { BestSoFar } from '../../../src/training/callbacks/best-so-far.js';

describe('the best value while saves run', () => {
  it('is that of the last save that has not failed', () => {
    const best = new BestSoFar(null);
    const [first, second] = [best.hope(0.9), best.hope(0.5)];
    expect(best.value).toBe(0.5);
    first.ended(true);
    expect(best.value).toBe(0.5);
    second.ended(false);
    expect(best.value).toBe(0.9);
  });

  it('is the one before them if several saves fail, in whatever order', () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
    ]) {
      const best = new BestSoFar(1);
      const hopes = [0.9, 0.5, 0.1].map(value => best.hope(value));
      for (const at of order) hopes[at]!.ended(false);
      expect(best.value).toBe(1);
    }
  });
});
