/** A model that Python trains by the functions that Node saved with it. */
import { expect, test } from 'vitest';
import { finetuned } from './finetuning.js';

const answers = finetuned(['with moving averages, dropout and a frozen layer']);

test('with moving averages, dropout and a frozen layer', () => {
  const { error, losses, ...found } = answers()['with moving averages, dropout and a frozen layer']!;
  expect(error).toBeUndefined();
  expect(losses[1]).toBeLessThan(losses[0] / 2);
  const trainable = ['norm/gamma:0', 'norm/beta:0', 'last/kernel:0', 'last/bias:0'];
  const averages = ['norm/moving_mean:0', 'norm/moving_variance:0'];
  expect(found.trainable.sort()).toEqual(trainable.sort());
  expect(found.variables.sort()).toEqual(['first/kernel:0', 'first/bias:0', ...trainable, ...averages].sort());
  expect(found.moved.sort()).toEqual([...trainable, ...averages].sort());
  // In TensorFlow.js, a layer with a seed drops the same elements at each call; a function must not.
  expect([found.random, found.repeatable]).toEqual([true, true]);
});
