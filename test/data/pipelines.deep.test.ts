/** As dataset.test.ts, with more pipelines. */
import { expect, it } from 'vitest';
import { comparePipelines } from './compare-pipelines.js';

it('the elements of tf.data, of 300 pipelines', async () => {
  expect(await comparePipelines(300, 61)).toBeGreaterThan(1000);
});
