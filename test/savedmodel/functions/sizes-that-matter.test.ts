/**
 * Functions that do something else at some sizes: they are refused, or said to be different there, or right. Never is
 * another result saved in silence. What no check can find is a single size that is like no other (`n === 7`).
 */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import type { Runnable } from './compositions/composition.js';
import { Size } from './compositions/size.js';
import { verdictOnFunction } from './compositions/traced.js';

type Shape = (number | null)[];
type Case = readonly [shapes: readonly Shape[], fn: (...inputs: tf.Tensor[]) => tf.Tensor];

const ONE: readonly (readonly number[])[] = [1, 2, 3, 4, 5, 8, 12, 16, 17, 31, 32, 33, 40, 65, 129, 150].map(n => [n]);
const TWO: readonly (readonly number[])[] = [
  [1, 5],
  [5, 1],
  [2, 2],
  [4, 7],
  [7, 4],
  [16, 16],
  [40, 3],
  [3, 40],
  [100, 2],
];

const n = (x: tf.Tensor, axis = 0): number => x.shape[axis]!;

async function verdict([shapes, fn]: Case): Promise<{ kind: string; text: string }> {
  const w = tf.variable(tf.tensor1d([1, 2, 3]));
  let nulls = 0;
  const subject = {
    seed: 5,
    inputs: shapes.map((shape, i) => ({ name: `x${i}`, dtype: 'float32' as const, shape })),
    shapes: shapes.map(shape => shape.map(size => (size === null ? Size.dimension(nulls++) : Size.of(size)))),
    least: [],
  };
  const given = (...inputs: tf.Tensor[]) => fn(...inputs, w);
  try {
    return await verdictOnFunction(given as Runnable, subject, { w }, nulls === 1 ? ONE : TWO);
  } finally {
    w.dispose();
  }
}

const ROWS: Shape[] = [[null, 3]];
const rows = (fn: (x: tf.Tensor, w: tf.Variable) => tf.Tensor): Case => [ROWS, fn as Case[1]];

const RIGHT: Readonly<Record<string, Case>> = {
  'at most 4 rows': rows(x => x.slice([0, 0], [Math.min(n(x), 4), 3])),
  'at most 20 rows': rows(x => x.slice([0, 0], [Math.min(n(x), 20), 3])),
  'all but 20 rows': rows(x => x.slice([0, 0], [Math.max(1, n(x) - 20), 3])),
  'a limit as a number': rows(x => x.div(Math.max(n(x), 30)).mul(Math.min(n(x), 50))),
  'a multiple of 4': rows(x => x.pad([[0, (4 - (n(x) % 4)) % 4], [0, 0]])), // biome-ignore format: short
  'a multiple of 16': rows(x => x.pad([[0, (16 - (n(x) % 16)) % 16], [0, 0]])), // biome-ignore format: short
  'a remainder': rows(x => x.add(n(x) % 10)),
  'a part, rounded up': rows(x => x.slice([0, 0], [Math.ceil(n(x) * 0.7), 3])),
  'the larger and the smaller size': [
    [[null, null]],
    x => x.slice([0, 0], [Math.min(n(x), n(x, 1)), 1]).mul(Math.max(n(x), n(x, 1))),
  ],
  'n − 1, but never 0': rows(x => x.div(Math.max(1, n(x) - 1))),
  'two batches': [
    [
      [null, 3],
      [null, 3],
    ],
    (a, b) =>
      a
        .mean(0)
        .add(b.mul(n(b)).sum(0))
        .add(n(a)),
  ],
  'the second of two batches': [[[null], [null, 3]], (_, b) => tf.broadcastTo(tf.ones([3]), [n(b), 3])],
  'a variable assigned twice': rows((x, w) => {
    w.assign(w.add(x.mean(0)) as tf.Tensor1D);
    w.assign(w.mul(2) as tf.Tensor1D);
    return x.add(w);
  }),
};

const REFUSED: Readonly<Record<string, readonly [Case, RegExp]>> = {
  'more than 4 rows': [rows(x => (n(x) > 4 ? x.sum() : x.mean())), /it does 3 operations at one size and 2 at another/],
  'more than 16 rows': [rows(x => (n(x) > 16 ? x.sin() : x.cos())), /dimension 0 of 'x0' is 33/],
  'more than 100 rows': [rows(x => (n(x) > 100 ? x.sin() : x.cos())), /dimension 0 of 'x0' is 130/],
  'even sizes': [rows(x => (n(x) % 2 === 0 ? x.sin() : x.cos())), /Sin or Cos/],
  'a table that ends': [
    [[[null]], x => x.mul(tf.tensor1d(Array.from({ length: n(x) }, (_, i) => Math.min(i, 20))))],
    /dimension 0 of 'x0' is 33/,
  ],
  'an assignment at some sizes': [
    rows((x, w) => {
      if (n(x) > 16) w.assign(x.mean(0) as tf.Tensor1D);
      return x.add(w);
    }),
    /dimension 0 of 'x0' is 33/,
  ],
  'other names': [
    [[[null]], x => (n(x) > 16 ? { a: x } : { b: x }) as unknown as tf.Tensor],
    /returns other outputs, or in another order/,
  ],
};

const WARNED: Readonly<Record<string, readonly [Case, RegExp]>> = {
  'one row': [rows(x => (n(x) === 1 ? x.sin() : x.cos())), /where dimension 0 of 'x0' is 1/],
  'equal sizes': [[[[null, null]], x => (n(x) === n(x, 1) ? x.sin() : x.cos())], /are equal/],
};

it.each(Object.entries(RIGHT))('%s: right', async (_, given) => {
  expect(await verdict(given)).toMatchObject({ kind: 'right', text: '' });
});

it.each(Object.entries(REFUSED))('%s: refused', async (_, [given, text]) => {
  expect(await verdict(given)).toMatchObject({ kind: 'refused', text: expect.stringMatching(text) });
});

it.each(Object.entries(WARNED))('%s: a warning', async (_, [given, text]) => {
  expect(await verdict(given)).toMatchObject({ kind: 'warned', text: expect.stringMatching(text) });
});
