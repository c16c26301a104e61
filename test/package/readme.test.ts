/** The README's examples, run in order in one folder, as a reader would run them. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHECKOUT, run } from './pack.js';

interface Example {
  language: string;
  code: string;
}

const examples: Example[] = [
  ...readFileSync(join(CHECKOUT, 'README.md'), 'utf8').matchAll(/^```(\w+)\n(.*?)^```$/gms),
].map(match => ({ language: match[1]!, code: match[2]! }));

let folder: string;

/** Inside the checkout, where `tensorbundle` names the package itself and tfjs-node is installed. */
beforeAll(() => {
  const parent = join(CHECKOUT, '.tools');
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, 'readme-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the README has examples of writing, reading, weights, training, callbacks, model.save and the command line', () => {
  expect(examples.map(({ language }) => language)).toEqual(['js', 'js', 'js', 'js', 'js', 'js', 'sh']);
});

test('the examples run', () => {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1', NO_COLOR: '1' };
  const printed: string[] = [];
  for (const [i, { language, code }] of examples.entries()) {
    if (language === 'js') {
      writeFileSync(join(folder, `example-${i}.mjs`), code);
      printed.push(run(process.execPath, [`example-${i}.mjs`], { cwd: folder, env }));
      continue;
    }
    for (const line of code.trim().split('\n')) {
      const [npx, program, ...args] = line.split(' ');
      expect([npx, program]).toEqual(['npx', 'tensorbundle']);
      printed.push(run(process.execPath, [join(CHECKOUT, 'dist', 'cli', 'main.js'), ...args], { cwd: folder, env }));
    }
  }
  expect(printed[0]).toMatch(/^\d+ bytes, 1 data file\n$/);
  expect(printed[1]).toContain('dense/kernel float32 [ 2, 2 ]');
  expect(printed[1]).toMatch(/\[ 1, 2, 3, 4 \]\n\[ 3, 4 \]\n$/);
  expect(printed[2]).toContain('8 variables');
  expect(printed[3]).toBe('null\nrun/ckpt-1\n');
  expect(printed[4]).toBe('0 run/best\n');
  expect(printed[5]).toBe('5\n');
  expect(printed[6]).toContain('kernel');
  expect(printed.at(-1)).toContain('out/digits');
});
