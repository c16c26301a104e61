/** The generator draws what TensorFlow's draws, and goes on where TensorFlow's was, and the reverse. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpoint, Generator } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

interface Answer {
  draws: number[][];
  state: string[];
  next: number[];
  path: string;
}

const SEEDS = ['0', '1', '1234', '-5', String(2n ** 40n + 3n), String(-(2n ** 62n)), String(2n ** 70n + 5n)];
let directory: string;
let answers: Record<string, Answer>;

async function python<T>(action: 'write' | 'read'): Promise<T> {
  await runPython('test/training/generator.py', [directory, action]);
  return JSON.parse(readFileSync(join(directory, `${action}.json`), 'utf8')) as T;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-generator-'));
  answers = await python('write');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const values = (tensor: { dataSync(): ArrayLike<number> }): number[] => Array.from(tensor.dataSync());
const stateOf = (generator: Generator): string[] => [...generator.state].map(String);

describe.each(SEEDS)('seed %s', seed => {
  it('draws the same numbers', () => {
    const { draws, state, next } = answers[seed]!;
    const generator = Generator.fromSeed(BigInt(seed));
    const drawn = [
      generator.uniform([7]),
      generator.normal([3, 3]),
      generator.uniform([5], -0.7, 3.3),
      generator.uniformInt([6], 10, 1010),
      generator.normal([1], 5, 0.5),
      generator.uniform([1000]),
      generator.normal([1001]),
    ].map(values);
    for (const [i, numbers] of drawn.entries()) {
      const isNormal = [1, 4, 6].includes(i);
      if (!isNormal) expect(numbers).toEqual(draws[i]);
      else for (const [j, number] of numbers.entries()) expect(Math.abs(number - draws[i]![j]!)).toBeLessThan(2e-6);
    }
    expect(stateOf(generator)).toEqual(state);
    expect(values(generator.uniform([4]))).toEqual(next);
  });

  it("goes on from Python's checkpoint", async () => {
    const { path, state, next } = answers[seed]!;
    const generator = Generator.fromSeed(77);
    (await new Checkpoint({ generator }).read(path)).assertConsumed();
    expect(stateOf(generator)).toEqual(state);
    expect(values(generator.uniform([4]))).toEqual(next);
  });
});

it('Python goes on', async () => {
  const generator = Generator.fromSeed(3);
  generator.normal([10]);
  generator.skip(5);
  await new Checkpoint({ generator }).write(join(directory, 'node'));
  const { state, next } = await python<Answer>('read');
  expect(state).toEqual(stateOf(generator));
  expect(values(generator.uniform([4]))).toEqual(next);
});

it('is reset, copied and refused', () => {
  const generator = Generator.fromSeed(1);
  const first = values(generator.uniform([3]));
  const copy = Generator.fromState(generator.state);
  expect(values(copy.uniform([3]))).toEqual(values(generator.uniform([3])));
  generator.reset(1);
  expect(values(generator.uniform([3]))).toEqual(first);
  const refused = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' });
  expect(() => Generator.fromSeed(1.5)).toThrow(refused);
  expect(() => Generator.fromState(new BigInt64Array(2))).toThrow(refused);
  expect(() => generator.uniformInt([1], 5, 5)).toThrow(refused);
  expect(() => generator.uniformInt([1], 0, 2 ** 32)).toThrow(refused);
  expect(() => generator.uniform([-1])).toThrow(refused);
});
