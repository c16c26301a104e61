/** The guide to functions does what it says: its blocks run in real Python and in Node, in the order of the page. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf } from './guide/page.js';
import { runBlocks } from './guide/run.js';
import { CHECKOUT } from './pack.js';

const blocks = blocksOf(readFileSync(join(CHECKOUT, 'docs', 'functions.md'), 'utf8'));

test('it has blocks in both languages', () => {
  expect(blocks.filter(({ language }) => language === 'python').length).toBeGreaterThan(5);
  expect(blocks.filter(({ language }) => language === 'js').length).toBeGreaterThan(5);
});

runBlocks(blocks);
