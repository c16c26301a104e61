/** Random pipelines here and in tf.data. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { Choices } from '../layers/random-numbers.js';
import { datasetOf, pipeline, plain } from './pipelines.js';

const PYTHON = fileURLToPath(new URL('../../.tools/venv/bin/python', import.meta.url));
const PROGRAM = fileURLToPath(new URL('pipelines.py', import.meta.url));

/** Fails where the elements differ; gives how many there were. */
export async function comparePipelines(count: number, seed: number): Promise<number> {
  const random = new Choices(seed);
  const pipelines = Array.from({ length: count }, () => pipeline(random));
  const theirs = JSON.parse(
    execFileSync(PYTHON, [PROGRAM], {
      input: JSON.stringify(pipelines),
      encoding: 'utf8',
      stdio: ['pipe', 'pipe', 'ignore'],
    }),
  ) as unknown[][];
  let elements = 0;
  for (const [i, one] of pipelines.entries()) {
    const ours = (await datasetOf(one).toArray()).map(plain);
    expect([one, ours]).toEqual([one, theirs[i]]);
    const { size } = datasetOf(one);
    if (size !== null) expect([one, size]).toEqual([one, ours.length]);
    elements += ours.length;
  }
  return elements;
}
