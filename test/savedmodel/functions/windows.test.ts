/** TensorFlow writes a line to the terminal for each operation that it refuses, so those are not executed. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, test } from 'vitest';
import { checkWindow } from '../../../src/training/savedmodel/traced/windows.js';

function attributes(given: Readonly<Record<string, unknown>>) {
  return Object.entries(given).map(([name, value]) => ({ name, type: 0, value }));
}

test.each([
  ['Conv2D', { padding: 'VALID', dilations: [1, 1, 1, 1] }, [2, 9, 3, 1], [3, 3, 1, 4]],
  ['Conv2D', { padding: 'VALID', dilations: [1, 2, 2, 1] }, [2, 9, 5, 1], [3, 3, 1, 4]],
  ['MaxPool', { padding: 'VALID', ksize: [1, 3, 3, 1] }, [2, 3, 9, 1], []],
])('%s with %s: the last size that fits', (op, given, fits, filter) => {
  const check = (shape: readonly number[]) => checkWindow(op, attributes(given), () => [shape, filter]);
  expect(() => check(fits)).not.toThrow();
  for (const axis of [1, 2]) {
    const small = fits.map((size, i) => (i === axis ? 1 : size));
    expect(() => check(small)).toThrow(RangeError);
    expect(() => checkWindow(op, attributes({ ...given, padding: 'SAME' }), () => [small, filter])).not.toThrow();
  }
});

test('TensorFlow refuses what is refused here', () => {
  expect(() => tf.conv2d(tf.ones<tf.Rank.R4>([1, 1, 9, 1]), tf.ones([3, 3, 1, 1]), 1, 'valid').dataSync()).toThrow();
});
