/**
 * The guide "from Python to Node and back" does what it says: both columns run, block by block in the order of the
 * page, the left one in real Python and the right one in Node, and print what the page says they print.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { layers } from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { knownClasses } from '../../src/layers/registry.js';
import { type Block, blocksOf, type Language, words } from './guide/page.js';
import { Program } from './guide/program.js';
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

let folder: string;
let programs: Readonly<Record<Language, Program>>;

/** Inside the checkout, where `tensorbundle` names the package itself and tfjs-node is installed. */
beforeAll(() => {
  const parent = join(CHECKOUT, '.tools');
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, 'guide-'));
  programs = {
    python: new Program('python', [...blocks, MISSING_IN_KERAS], folder),
    js: new Program('js', blocks, folder),
  };
});
afterAll(async () => {
  for (const program of Object.values(programs)) await program.end();
  rmSync(folder, { recursive: true, force: true });
});

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

describe('the blocks, in the order of the page', () => {
  // Each needs what the ones before it have made: after a failure the rest would only repeat it.
  let failed: Block | null = null;

  test.each(blocks.map(block => ({ ...block, title: block.code.trim().split('\n')[0] })))(
    'line $line ($language): $title',
    async block => {
      if (failed) throw new Error(`not run: the block in line ${failed.line} failed`);
      failed = block;
      expect(words(await programs[block.language].next())).toBe(block.prints);
      failed = null;
    },
  );

  test('the table of layers has names that Keras has', async () => {
    expect(failed).toBeNull();
    expect(words(await programs.python.next())).toBe(MISSING_IN_KERAS.prints);
  });
});
