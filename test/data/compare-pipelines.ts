/** Random pipelines here and in tf.data. */
import { expect } from 'vitest';
import { Choices } from '../layers/random-numbers.js';
import { runPython } from '../oracle/python.js';
import { datasetOf, pipeline, plain } from './pipelines.js';

/** Fails where the elements differ; gives how many there were. */
export async function comparePipelines(count: number, seed: number): Promise<number> {
  const random = new Choices(seed);
  const pipelines = Array.from({ length: count }, () => pipeline(random));
  const theirs = JSON.parse(
    await runPython('test/data/pipelines.py', [], { input: JSON.stringify(pipelines) }),
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
