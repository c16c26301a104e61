/** The README's examples, run in order in one folder, as a reader would run them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'vitest';
import { CHECKOUT, run } from './pack.js';

interface Example {
  language: string;
  code: string;
}

export const README = readFileSync(join(CHECKOUT, 'README.md'), 'utf8');

/** What installs is run by other tests (managers.deep.test.ts, tfjs-node.deep.test.ts). */
export const examples: readonly Example[] = [...README.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
  .map(match => ({ language: match[1]!, code: match[2]! }))
  .filter(({ code }) => !/^npm install/m.test(code));

export interface Reader {
  folder: string;
  /** The TensorFlow.js that is imported. */
  flavour: string;
  node: string;
  /** The script of the command `tensorbundle`. */
  command: string;
}

function has(folder: string, name: string): boolean {
  try {
    createRequire(join(folder, 'program.js')).resolve(name);
    return true;
  } catch {
    return false;
  }
}

/** What each example printed, and each line of the command line. */
export function runExamples({ folder, flavour, node, command }: Reader): string[] {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1', NO_COLOR: '1' };
  return examples.flatMap(({ language, code }, i) => {
    if (language === 'js') {
      const isForNode = code.includes('tfjs-node');
      // The reader of the others may have none.
      if (isForNode && !has(folder, '@tensorflow/tfjs-node')) return [''];
      writeFileSync(join(folder, `example-${i}.mjs`), code.replace("'@tensorflow/tfjs'", `'${flavour}'`));
      return [run(node, [`example-${i}.mjs`], { cwd: folder, env })];
    }
    return code
      .trim()
      .split('\n')
      .map(line => {
        const [npx, program, ...args] = line.split(' ');
        expect([npx, program]).toEqual(['npx', 'tensorbundle']);
        return run(node, [command, ...args], { cwd: folder, env });
      });
  });
}

// Plain tfjs recommends tfjs-node when it starts.
const last = (text: string, lines = 1): string => text.trim().split('\n').slice(-lines).join('\n');

/** In a new folder, then again in the same. */
export function expectExamplesTwice(reader: Reader): void {
  const printed = runExamples(reader);
  expect(printed[0]).toMatch(/^\d+ bytes; data files: 1\n$/);
  expect(printed[1]).toContain('dense/kernel float32 [ 2, 2 ]');
  expect(printed[1]).toMatch(/\[ 1, 2, 3, 4 \]\n\[ 3, 4 \]\n$/);
  expect(last(printed[2]!)).toBe('8 variables');
  expect(last(printed[3]!)).toBe('Adam');
  expect(last(printed[4]!)).toBe('[ 1, 3 ]');
  expect(['', '[ 3, 2 ]']).toContain(last(printed[5]!));
  expect(last(printed[6]!, 2)).toBe('null\nrun/ckpt-1');
  expect(last(printed[7]!)).toBe('0 fit/best');
  expect(last(printed[8]!)).toBe('5');
  expect(printed[9]).toContain('kernel');
  expect(printed.at(-2)).toContain('out/digits');
  expect(printed.at(-1)).toContain('Dense');

  const again = runExamples(reader);
  expect(again.slice(1, 2)).toEqual(printed.slice(1, 2));
  expect(last(again[2]!)).toBe('8 variables');
  expect(last(again[3]!)).toBe('Adam');
  expect(last(again[6]!, 2)).toBe('run/ckpt-1\nrun/ckpt-2');
  // Trained to its end before: it begins there, and there is nothing left to do.
  expect(last(again[7]!)).toMatch(/^5 /);
  expect(last(again[8]!)).toBe('5');
  expect(again.at(-2)).toContain('out/digits');
}
