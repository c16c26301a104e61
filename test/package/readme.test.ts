/**
 * The README's examples, run in order in one folder, twice, as a reader would run them: on the plain TensorFlow.js that they name,
 * and on tfjs-node.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHECKOUT, run } from './pack.js';

interface Example {
  language: string;
  code: string;
}

const README = readFileSync(join(CHECKOUT, 'README.md'), 'utf8');
/** What installs is done by other tests (managers.deep.test.ts, tfjs-node.deep.test.ts). */
const examples: Example[] = [...README.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  .map(match => ({ language: match[1]!, code: match[2]! }))
  .filter(({ code }) => !/^npm install/m.test(code));

test('the README has examples of writing, reading, weights, training, callbacks, model.save and the command line', () => {
  expect(examples.map(({ language }) => language)).toEqual(['js', 'js', 'js', 'js', 'js', 'js', 'sh']);
});

test('its links work where there is no repository: whole addresses, each of a file that is in the package', () => {
  const { files } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { files: string[] };
  const targets = [...README.matchAll(/\]\(([^)\s]+)\)/g)].map(match => match[1]!);
  expect(targets.length).toBeGreaterThan(5);
  for (const target of targets) {
    const [, path] = /^https:\/\/unpkg\.com\/tensorbundle\/(.+)$/.exec(target) ?? [];
    expect(path, target).toBeDefined();
    expect(existsSync(join(CHECKOUT, path!)), target).toBe(true);
    expect(
      files.some(one => one === path || (one.includes('*') && join(one, '..') === join(path!, '..'))),
      target,
    ).toBe(true);
  }
});

describe.each(['@tensorflow/tfjs', '@tensorflow/tfjs-node'])('with %s', flavour => {
  let folder: string;

  /** Inside the checkout, where `tensorbundle` names the package itself and both are installed. */
  beforeAll(() => {
    const parent = join(CHECKOUT, '.tools');
    mkdirSync(parent, { recursive: true });
    folder = mkdtempSync(join(parent, 'readme-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function runExamples(): string[] {
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1', NO_COLOR: '1' };
    return examples.flatMap(({ language, code }, i) => {
      if (language === 'js') {
        expect(code).not.toContain('tfjs-node');
        writeFileSync(join(folder, `example-${i}.mjs`), code.replace("'@tensorflow/tfjs'", `'${flavour}'`));
        return [run(process.execPath, [`example-${i}.mjs`], { cwd: folder, env })];
      }
      return code
        .trim()
        .split('\n')
        .map(line => {
          const [npx, program, ...args] = line.split(' ');
          expect([npx, program]).toEqual(['npx', 'tensorbundle']);
          return run(process.execPath, [join(CHECKOUT, 'dist', 'cli', 'main.js'), ...args], { cwd: folder, env });
        });
    });
  }

  // Plain tfjs recommends tfjs-node when it starts.
  const last = (text: string): string => text.trim().split('\n').at(-1)!;

  test('the examples run, and run again in the same folder', () => {
    const printed = runExamples();
    expect(printed[0]).toMatch(/^\d+ bytes, 1 data file\n$/);
    expect(printed[1]).toContain('dense/kernel float32 [ 2, 2 ]');
    expect(printed[1]).toMatch(/\[ 1, 2, 3, 4 \]\n\[ 3, 4 \]\n$/);
    expect(last(printed[2]!)).toBe('8 variables');
    expect(printed[3]).toMatch(/(^|\n)null\nrun\/ckpt-1\n$/);
    expect(last(printed[4]!)).toBe('0 run/best');
    expect(last(printed[5]!)).toBe('5');
    expect(printed[6]).toContain('kernel');
    expect(printed.at(-1)).toContain('out/digits');

    const again = runExamples();
    expect(again[0]).toMatch(/^\d+ bytes, 1 data file\n$/);
    expect(again[1]).toBe(printed[1]);
    expect(last(again[2]!)).toBe('8 variables');
    expect(again[3]).toMatch(/(^|\n)run\/ckpt-1\nrun\/ckpt-2\n$/);
    // Trained to its end: it begins where it ended, and there is nothing left to do.
    expect(last(again[4]!)).toMatch(/^5 (run\/best|null)$/);
    expect(last(again[5]!)).toBe('5');
    expect(again.at(-1)).toContain('out/digits');
  });
});
