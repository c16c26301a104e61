/**
 * What a function does far from the sizes at which its formulas were found: it is right there, or it is refused. Each
 * of these was once saved with other results.
 */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { evaluateGraph } from '../../../src/training/savedmodel/dynamic/evaluate.js';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';

const SIZES = [
  1, 2, 3, 5, 7, 9, 12, 16, 17, 20, 25, 31, 32, 33, 34, 40, 47, 50, 64, 65, 79, 96, 97, 100, 101, 127, 128, 129, 130,
  131, 134, 139, 150, 192, 193, 200, 257, 300, 511, 600,
];

/** The sizes at which the graph of a function that computes with the number `formula(n)` has another result. */
function wrongSizes(formula: (n: number) => number): number[] {
  const sum = (x: tf.Tensor): tf.Tensor => x.sum().mul(0).add(formula(x.shape[0]!));
  const { graph } = trace(sum as (x: tf.Tensor) => tf.Tensor, [{ name: 'x', dtype: 'float32', shape: [null] }]);
  return tf.tidy(() =>
    SIZES.filter(n => {
      const [result] = evaluateGraph(graph, [tf.ones([n])]) as [tf.Tensor];
      return Math.abs(result.dataSync()[0]! - formula(n)) > 1e-5 * Math.abs(formula(n));
    }),
  );
}

const step = (k: number) => (n: number) => Math.ceil(n / k) * k;
const RIGHT: Readonly<Record<string, (n: number) => number>> = {
  ...Object.fromEntries([32, 40, 48, 56].map(k => [`the next multiple of ${k}`, step(k)])),
  ...Object.fromEntries([28, 96].map(k => [`ceil(n / ${k})`, (n: number) => Math.ceil(n / k)])),
  ...Object.fromEntries([25, 127].map(k => [`floor(n / ${k})`, (n: number) => Math.floor(n / k)])),
  ...Object.fromEntries([32, 100].map(k => [`n % ${k}`, (n: number) => n % k])),
  ...Object.fromEntries([100, 512].map(k => [`min(n, ${k})`, (n: number) => Math.min(n, k)])),
  ...Object.fromEntries([50, 128].map(k => [`max(n, ${k})`, (n: number) => Math.max(n, k)])),
  'n − 20, not below 1': n => Math.max(1, n - 20),
  '3n + 7': n => 3 * n + 7,
  'n²': n => n * n,
};

it.each(Object.entries(RIGHT))('%s: right', (_, formula) => {
  expect(wrongSizes(formula)).toEqual([]);
});

const REFUSED: Readonly<Record<string, (n: number) => number>> = {
  'another number above 100': n => (n > 100 ? 2 : 1),
  'another number above 200': n => (n > 200 ? 2 : 1),
  'a rounded part': n => Math.round(n * 0.37),
};

it.each(Object.entries(REFUSED))('%s: refused', (_, formula) => {
  expect(() => wrongSizes(formula)).toThrow(/^the function cannot be traced with null dimensions: /);
});
