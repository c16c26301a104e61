/**
 * The guide "from Python to Node and back" does what it says: both columns run, block by block in the order of the
 * page, the left one in real Python and the right one in Node, and print what the page says they print.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layers } from '@tensorflow/tfjs-layers';
import { expect, test } from 'vitest';
import { knownClasses } from '../../src/layers/registry.js';
import { type Block, blocksOf } from './guide/page.js';
import { runBlocks } from './guide/run.js';
import { CHECKOUT } from './pack.js';

const PAGE = readFileSync(join(CHECKOUT, 'docs', 'python-and-node.md'), 'utf8');
const blocks = blocksOf(PAGE);

/** The table of layers: names of functions in Node, of classes in Python. */
const named = [...PAGE.matchAll(/^\| `(\w+)` +\| `(\w+)` +\|/gm)].map(match => ({ node: match[1]!, keras: match[2]! }));
const MISSING_IN_KERAS: Block = {
  language: 'python',
  code:
    `names = "${named.map(({ keras }) => keras).join(' ')}".split()\n` +
    'print([name for name in names if not hasattr(layers, name)])\n',
  line: 0,
  prints: '[]',
};
/** Not in the table: it is about layers in models, and Keras does not export the cell of a ConvLSTM2D. */
const NOT_IN_TABLE = ['Sequential', 'Functional', 'Model', 'ConvLSTM2DCell'];

test('every fence of the page is a block that is run, or its output', () => {
  const fences = PAGE.match(/^\s*(```|~~~)/gm)!;
  const outputs = PAGE.match(/^```text$/gm) ?? [];
  expect(blocks).toHaveLength(fences.length / 2 - outputs.length);
  expect(blocks.filter(({ language }) => language === 'python').length).toBeGreaterThan(10);
  expect(blocks.filter(({ language }) => language === 'js').length).toBeGreaterThan(10);
  // The rule itself: what it must find.
  expect(() => blocksOf('```ts\nlet a;\n```\n')).toThrow("'ts' is no code");
  expect(() => blocksOf('```js\nlet a;\n')).toThrow('has no end');
  expect(blocksOf('```js\nlog(1);\n// → 1\n```\n')).toMatchObject([{ language: 'js', line: 2, prints: '1' }]);
});

test('no line of the two columns is too long for a column', () => {
  const cells = [...PAGE.matchAll(/<td[^>]*>(.*?)<\/td>/gs)].flatMap(match => match[1]!.split('\n'));
  expect(cells.filter(line => line.length > 64)).toEqual([]);
});

test('every link within the page has its heading', () => {
  const anchors = [...PAGE.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );
  const links = [...PAGE.matchAll(/\]\(#([^)]*)\)/g)].map(match => match[1]!);
  expect(links.length).toBeGreaterThan(10);
  expect(links.filter(link => !anchors.includes(link))).toEqual([]);
});

test('the table of layers has every class with weights or layers, by names that exist', () => {
  expect(named.map(({ keras }) => keras).sort()).toEqual(knownClasses().filter(name => !NOT_IN_TABLE.includes(name)));
  expect(named.filter(({ node }) => typeof Reflect.get(layers, node) !== 'function')).toEqual([]);
});

runBlocks(blocks, { block: MISSING_IN_KERAS, shows: 'the table of layers has names that Keras has' });
