/** Buffers that are taken away while a save runs: it is saved, or told; never a crash, and nothing stays pinned. */
import { expect, test } from 'vitest';
import { attempts, waysOfThisNode } from './taken-buffers.js';

test.each(waysOfThisNode.map((way, i) => [way, 1 + (i % 2)] as const))('%s, %i data files', async (way, shards) => {
  const { outcomes, ...end } = await attempts(way, shards, 16 * 2 ** 20, [0, -1, -3, 60]);
  expect(end).toEqual({ status: 0, signal: null, stderr: '' });
  expect(outcomes).toHaveLength(4);
  for (const outcome of outcomes) expect(['saved', 'ERR_SHAPE']).toContain(outcome);
});
