/** A model with every layer that draws numbers, which Python trains by the functions that Node saved with it. */
import { expect, test } from 'vitest';
import { finetuned } from './finetuning.js';

const answers = finetuned(['with every layer that draws numbers']);

test('with every layer that draws numbers', () => {
  const { error, losses, trainable, moved, random, repeatable } = answers()['with every layer that draws numbers']!;
  expect(error).toBeUndefined();
  expect(losses[1]).toBeLessThan(losses[0] / 2);
  expect(moved.sort()).toEqual(trainable.sort());
  expect([random, repeatable]).toEqual([true, true]);
});
