/** The lint beside biome: what it finds and what it leaves alone, and that the checkout has none of it. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { textFiles } from '../tools/lint/files.mjs';
import { longLines } from '../tools/lint/lines.mjs';
import { isProse, tics } from '../tools/lint/words.mjs';

const files = textFiles(fileURLToPath(new URL('..', import.meta.url)));

const CHECKS = {
  lines: files.flatMap(longLines),
  words: files.filter(({ file }) => isProse(file)).flatMap(tics),
} as const;

test.each(['lines', 'words'] as const)('%s: nothing is found', name => {
  expect(CHECKS[name].map(({ file, line, message }) => `${file}:${line}: ${message}`)).toEqual([]);
});

test('every kind of file is read, and nothing that is generated', () => {
  const names = files.map(({ file }) => file);
  const written = [
    'README.md',
    'docs/training.md',
    'src/index.ts',
    'native/node/addon.cc',
    'test/lint.test.ts',
    '.ci/run',
  ];
  expect(names).toEqual(expect.arrayContaining(['tools/lint.mjs', 'bench/run.mjs', 'package.json', ...written]));
  expect(names.filter(name => /node_modules|_pb\.ts$|test\/fixtures|package-lock|^dist|^build/.test(name))).toEqual([]);
});

test('long lines: columns, not bytes; an address alone cannot be broken', () => {
  const lines = (text: string): number[] => longLines({ file: 'x.ts', text }).map(({ line }) => line);
  expect(lines(`short\n${'x'.repeat(121)}\n${'x'.repeat(120)}`)).toEqual([2]);
  expect(lines(`${'ä'.repeat(120)}\n${'🙂'.repeat(120)}\n${'🙂'.repeat(121)}`)).toEqual([3]);
  const address = `https://example.org/${'x'.repeat(120)}`;
  for (const start of ['', '// ', ' * ', '- ', '1. ', '[1]: ', 'url: ']) expect(lines(start + address)).toEqual([]);
  expect(lines(`see ${address}`)).toEqual([1]);
  expect(lines(`// ${address} and more`)).toEqual([1]);
});

test.each([
  ['A tensor is no variable.', 'is no'],
  ["// It's right: there is no file, and it is no longer there; this is no larger than that.", null],
  ['// such a name is\n// no path', 'is no'],
  [' * such a name is\n *   no path', 'is no'],
  ['A number is nothing to track.', 'is nothing to'],
  ['There is nothing to track.', null],
  ['/** Copied, whoever owns it. */', 'whoever'],
  ['/** For the caller, who disposes of it. */', ', who'],
  ['Freed, unless who began it aborts.', 'unless who'],
  ['// It is not defined who owns it; people who want it.', null],
  ['Overwritten in place: who maps the file sees it.', ': who'],
  ['One mapping a shard.', 'One mapping a shard'],
  ['one virtual environment a TensorFlow version', 'one virtual environment a TensorFlow version'],
  ['At most one a node.', 'one a node'],
  ['Without one a checkpoint has none. One of a file, one pass over a tensor, one per tensor.', null],
  ["Layers of the user's own classes.", "of the user's"],
  ['Exit codes: 0 all is well.', 'all is well'],
  ['This works as well.', null],
  ['an argument that is none', 'that is none'],
  ['so many bytes as its entry says', 'so many bytes as'],
])('words: %j', (text, found) => {
  const messages = tics({ file: 'x.md', text }).map(({ message }) => message);
  expect(messages).toEqual(found === null ? [] : [expect.stringContaining(`'${found}': write '`)]);
});
