/**
 * Training that was killed and resumed in a new process gives, bit for bit, what training gives that was not: weights,
 * slots, steps, rates and the state of the random generator, all of which lie in the checkpoint that both write at the
 * end.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CheckpointReader } from '../../src/index.js';

const OPTIMIZERS = [
  'sgd',
  'momentum',
  'nesterov',
  'adagrad',
  'adadelta',
  'adam',
  'adamax',
  'rmsprop',
  'rmsprop with momentum',
  'rmsprop centered',
  'exact SGD',
  'exact Adam',
  'exact AdamW',
  'exact Adadelta',
  'exact RMSprop',
  'exact Nadam',
];
const PROGRAM = fileURLToPath(new URL('resume-program.mjs', import.meta.url));
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-resume-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function run(optimizer: string, part: string): { signal: string | null; status: number | null; stderr: string } {
  return spawnSync(process.execPath, [PROGRAM, optimizer, directory, part], { encoding: 'utf8' });
}

it.each(OPTIMIZERS)('%s', async optimizer => {
  const whole = run(optimizer, 'whole');
  expect(whole.status, whole.stderr).toBe(0);
  const first = run(optimizer, 'first');
  expect(first.signal, first.stderr).toBe('SIGKILL');
  const second = run(optimizer, 'second');
  expect(second.status, second.stderr).toBe(0);
  const end = (part: string, ending: string): Buffer => readFileSync(join(directory, `${optimizer} ${part}${ending}`));
  for (const ending of ['.index', '.data-00000-of-00001']) {
    expect(end('second', ending).equals(end('whole', ending)), ending).toBe(true);
  }
  // It was a training: numbers, and not those it began with.
  await using reader = await CheckpointReader.open(join(directory, `${optimizer} whole`));
  const kernel = (await reader.read('model/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE'))
    .data as Float32Array;
  expect(kernel.every(value => Number.isFinite(value) && value !== Math.fround(0.1))).toBe(true);
});
