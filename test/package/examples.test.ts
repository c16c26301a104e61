/** The example programs do what they say: each runs as a process of its own, in an empty folder. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPython } from '../oracle/python.js';
import { CHECKOUT } from './pack.js';

const EXAMPLES = join(CHECKOUT, 'docs', 'examples');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tensorbundle examples '));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
const fresh = (): string => {
  const path = join(folder, `example ${count++}`);
  mkdirSync(path);
  return path;
};
const run = async (name: string, cwd: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, [join(EXAMPLES, name)], { cwd, encoding: 'utf8' })).stdout.trim();
const saved = (directory: string): string[] =>
  readdirSync(directory)
    .filter(name => name.endsWith('.index'))
    .sort();

const examples: Record<string, (output: string, cwd: string) => void> = {
  'same-name.mjs': (output, cwd) => {
    expect(output.match(/Epoch \d+: saving model to training_1\/cp\.ckpt/g)).toHaveLength(10);
    expect(output).toMatch(/accuracy [01]\.\d\d, saved as training_1\/cp\.ckpt$/);
    expect(saved(join(cwd, 'training_1'))).toEqual(['cp.ckpt.index']);
  },
  'best-only.mjs': output => {
    const [, best, least] = /best val_loss ([\d.]+), least in the history ([\d.]+)/.exec(output)!;
    expect(best).toBe(least);
  },
  'epoch-names.mjs': (output, cwd) => {
    expect(output).toBe('training_2/cp-0020.ckpt: accuracy as trained');
    expect(saved(join(cwd, 'training_2'))).toEqual(
      ['0000', '0005', '0010', '0015', '0020'].map(epoch => `cp-${epoch}.ckpt.index`),
    );
  },
  'by-batches.mjs': (output, cwd) => {
    expect(output).toBe('end/10-10');
    expect(saved(join(cwd, 'end'))).toEqual(['10-10.index']);
  },
  'weights-or-model.mjs': output => expect(output).toBe('[ true, true ]\nERR_NOT_FOUND'),
  'new-instance.mjs': output => expect(output).toBe('untrained false\nrestored true'),
  'latest-checkpoint.mjs': output => expect(output).toBe('run/ckpt-4\nrun/ckpt-3'),
  'copied-weights.mjs': output => expect(output).toBe('true\n2 0'),
  'resumed-iterator.mjs': output => expect(output).toBe('seen 4, the same follows: true'),
};

test('every example is run here', () => {
  const programs = readdirSync(EXAMPLES).filter(name => name.endsWith('.mjs') && name !== 'network.mjs');
  expect(programs.sort()).toEqual([...Object.keys(examples), 'fine-tune.mjs'].sort());
});

test.each(Object.entries(examples))(
  '%s',
  async (name, check) => {
    const cwd = fresh();
    check(await run(name, cwd), cwd);
  },
  60_000,
);

test('fine-tune.mjs: killed twice, it ends as if it had not been; Python takes over', async () => {
  const [whole, killed] = [fresh(), fresh()];
  const uninterrupted = (await run('fine-tune.mjs', whole)).split('\n');
  expect(uninterrupted[0]).toBe('begins');
  for (const [batches, start] of [
    [17, 'begins'],
    [20, 'goes on in epoch 2'],
  ] as const) {
    const { signal, stdout } = spawnSync(process.execPath, [join(EXAMPLES, 'fine-tune.mjs'), String(batches)], {
      cwd: killed,
      encoding: 'utf8',
    });
    expect([signal, stdout.trim()]).toEqual(['SIGKILL', start]);
  }
  const resumed = (await run('fine-tune.mjs', killed)).split('\n');
  expect(resumed[0]).toMatch(/^goes on in epoch [34]$/);
  expect(resumed.slice(1)).toEqual(uninterrupted.slice(1));
  const stdout = await runPython(join(EXAMPLES, 'fine_tune.py'), [], { cwd: killed });
  const numbers = (line: string): number[] => line.split(' ').slice(1).map(Number);
  const theirs = numbers(stdout.trim().split('\n').at(-1)!);
  for (const [i, value] of numbers(resumed.at(-1)!).entries()) expect(theirs[i]).toBeCloseTo(value, 5);
}, 120_000);
