/** What cannot be traced with null dimensions says which operation, where, and which dimension it depends on. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it, vi } from 'vitest';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';

const X = [{ name: 'x', dtype: 'float32', shape: [null, null, 3] }];

function messageOf(fn: (x: tf.Tensor) => unknown, signature = X): string {
  try {
    trace(fn as never, signature);
  } catch (error) {
    expect(error).toMatchObject({ name: 'TensorBundleError', code: 'ERR_NOT_SUPPORTED' });
    return (error as Error).message;
  }
  throw new Error('it was traced');
}

it('a number without a formula', () => {
  const message = messageOf(x => x.reshape([-1, 3]).slice([0, 0], [hash(x.shape[1]!), 3]));
  expect(message).toContain('a constant that Slice takes changes with the sizes: JavaScript computes its number');
  expect(message).toContain('not-dynamic.test.ts');
  expect(message).toContain("It depends on dimension 1 of 'x'");
});

function hash(n: number): number {
  return 1 + ((n * n * 31 + n * 17) % 5);
}

it('a table that grows', () => {
  const message = messageOf(x => x.add(tf.tensor2d(Array.from({ length: x.shape[1]! }, (_, i) => [Math.sin(i * i)]))));
  expect(message).toContain('JavaScript makes it, longer for larger sizes');
  expect(message).toContain("It depends on dimension 1 of 'x'");
});

it('an attribute', () => {
  const message = messageOf(
    x => tf.avgPool(x as tf.Tensor4D, [Math.ceil(x.shape[1]! / 2), 1], 1, 'same'),
    [{ name: 'x', dtype: 'float32', shape: [null, null, null, 3] }],
  );
  expect(message).toContain("the attribute 'ksize' of AvgPool is [1,");
  expect(message).toContain('Give that dimension a fixed size in the signature');
  expect(message).toContain("It depends on dimension 1 of 'x'");
});

it('a function that is never the same', () => {
  let calls = 0;
  const count = (x: tf.Tensor) => x.mul(tf.scalar(Math.sqrt(++calls * calls * calls)));
  expect(messageOf(count)).toContain('the function does not do the same every time');
  expect(messageOf(count, [{ name: 'x', dtype: 'float32', shape: [2, 3, 3] }])).toContain(
    'does not do the same every time',
  );
});

it('a function that runs at no size', () => {
  const message = messageOf(x => {
    if (x.shape[0] !== x.shape[1]! + 1) throw new Error('no such size');
    return x;
  });
  expect(message).toContain(
    "the function ran at none of the sizes that were tried for dimension 0 of 'x' and dimension 1",
  );
  expect(message).toContain('it threw: no such size');
});

it('another rank', () => {
  const message = messageOf(x => (x.shape[1]! % 2 ? x.reshape([-1]) : x.reshape([-1, 1])));
  expect(message).toContain('its length is the rank of a tensor');
});

it('a warning if the function is another one at size 1', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  trace(x => (x!.shape[1] === 1 ? x!.mul(2) : x!.add(1)), X);
  expect(warned.mock.calls).toEqual([
    [
      expect.stringContaining("where dimension 1 of 'x' is 1"),
      { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_TRACED_OTHERWISE' },
    ],
  ]);
  warned.mockClear();
  // The same result by other operations.
  trace(x => (x!.shape[1] === 1 ? x!.add(0).add(1) : x!.add(1)), X);
  expect(warned).not.toHaveBeenCalled();
  warned.mockRestore();
});

it('only equal sizes: a warning', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  trace(
    x => {
      if (x!.shape[0] !== x!.shape[1]) throw new Error('must be square');
      return x!.transpose();
    },
    [{ name: 'x', dtype: 'float32', shape: [null, null] }],
  );
  expect(warned.mock.calls[0]![0]).toContain('only with equal sizes');
  warned.mockRestore();
});
