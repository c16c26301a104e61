/** The guide to functions does what it says: its blocks run in real Python and in Node, in the order of the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, test } from 'vitest';
import { func, saveModel, type TracedFunction } from '../../src/savedmodel.js';
import { blocksOf } from './guide/page.js';
import { runBlocks } from './guide/run.js';
import { CHECKOUT } from './pack.js';

const page = readFileSync(join(CHECKOUT, 'docs', 'functions.md'), 'utf8');
const blocks = blocksOf(page);

test('it has blocks in both languages', () => {
  expect(blocks.filter(({ language }) => language === 'python').length).toBeGreaterThan(5);
  expect(blocks.filter(({ language }) => language === 'js').length).toBeGreaterThan(5);
});

runBlocks(blocks);

describe('the table of what cannot become a graph', () => {
  const scalar = [{ shape: [], dtype: 'float32' }] as const;
  const vector = [{ shape: [null], dtype: 'float32' }] as const;
  const outside = tf.variable(tf.scalar(1), true, 'guide/outside');
  let calls = 0;
  let kept: tf.Tensor | undefined;
  /** In the order of the rows. Undefined: too large for a test; test/savedmodel/functions has it. */
  const REFUSED: readonly ((() => unknown) | undefined)[] = [
    () => func(x => (x.dataSync()[0]! > 0 ? x : x.neg()), scalar),
    () => func((async (x: tf.Tensor) => x) as never, scalar),
    () => func(x => x.add(Math.random()), scalar),
    () => func(x => x.add(Date.now() % 7), scalar),
    () => func(x => x.add(++calls), scalar),
    () => func(x => x.sum().div(tf.unique(x as tf.Tensor1D).values.size), vector),
    () => func(x => (x.shape[0]! % 2 === 0 ? x.sum() : x.max()), vector),
    () => func(x => tf.variable(x).square(), scalar),
    () =>
      func(x => {
        outside.dispose();
        return x.add(1);
      }, scalar),
    () =>
      func(x => {
        const last = kept;
        kept = tf.keep(x.add(1));
        return last ? last.add(x) : x.square();
      }, scalar),
    undefined,
    () => func((() => 5) as never, scalar),
    () => func(x => x.mul(outside), scalar),
    undefined,
  ];
  const rows = page
    .split('\n')
    .slice(page.split('\n').findIndex(line => line.startsWith('| the function')) + 2)
    .map(line => line.split('|').map(cell => cell.trim()))
    .slice(0, REFUSED.length);

  test.each(rows.map(([, what, says], i) => ({ what: what!, says: says!, make: REFUSED[i] })))(
    'a function that $what',
    async ({ says, make }) => {
      if (!make) return;
      await expect(
        saveModel({ refused: make() as TracedFunction }, join(CHECKOUT, '.tools', 'never-written')),
      ).rejects.toMatchObject({
        message: expect.stringMatching(new RegExp(`^function 'refused'.*${says}`, 's')),
      });
    },
  );
});
