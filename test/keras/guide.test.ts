/** The guide to every kind of file does what it says: its blocks run in real Python and in Node, in its order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf } from '../package/guide/page.js';
import { runBlocks } from '../package/guide/run.js';
import { CHECKOUT } from '../package/pack.js';

const blocks = blocksOf(readFileSync(join(CHECKOUT, 'docs', 'from-python-to-node.md'), 'utf8'));

test('it has blocks in both languages', () => {
  expect(blocks.filter(({ language }) => language === 'python').length).toBeGreaterThan(10);
  expect(blocks.filter(({ language }) => language === 'js').length).toBeGreaterThan(6);
});

runBlocks(blocks);
