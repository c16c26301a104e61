/**
 * The README's examples on the plain TensorFlow.js that they name, and its links. On tfjs-node: tfjs-node.deep.test.ts.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHECKOUT } from './pack.js';
import { examples, expectExamplesTwice, README } from './readme.js';

let folder: string;

/** Inside the checkout, where `tensorbundle` names the package itself and tfjs is installed. */
beforeAll(() => {
  const parent = join(CHECKOUT, '.tools');
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, 'readme-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('README has examples of everything: writing, reading, weights, models, functions, training, …', () => {
  expect(examples.map(({ language }) => language)).toEqual([...Array.from({ length: 9 }, () => 'js'), 'sh']);
});

test('its links work where there is no repository: whole addresses, each of a file that is in the package', () => {
  const { files } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { files: string[] };
  const inLine = [...README.matchAll(/\]\(([^)\s#][^)\s]*)\)/g)].map(match => match[1]!);
  const labels = new Map([...README.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, label, url]) => [label!, url!]));
  const used = [...README.matchAll(/\]\[([^\]]+)\]/g)].map(match => match[1]!);
  expect(new Set(used)).toEqual(new Set(labels.keys()));
  const targets = [...inLine, ...labels.values()];
  expect(targets.length).toBeGreaterThan(5);
  for (const target of targets) {
    const [, path] = /^https:\/\/unpkg\.com\/tensorbundle\/(.+)$/.exec(target) ?? [];
    expect(path, target).toBeDefined();
    expect(existsSync(join(CHECKOUT, path!)), target).toBe(true);
    expect(
      files.some(
        one =>
          one === path || path!.startsWith(`${one}/`) || (one.includes('*') && join(one, '..') === join(path!, '..')),
      ),
      target,
    ).toBe(true);
  }
});

test('the examples run on plain tfjs, and run again in the same folder', () => {
  const command = join(CHECKOUT, 'dist', 'cli', 'main.js');
  expectExamplesTwice({ folder, flavour: '@tensorflow/tfjs', node: process.execPath, command });
});
