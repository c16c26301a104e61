/** The same as taken-buffers.test.ts: at least 540 attempts with larger arrays, at every moment of the save. */
import { expect, test } from 'vitest';
import { attempts, waysOfThisNode } from './taken-buffers.js';

const ATTEMPTS = 540;
const SHARDS = [1, 2];
const DELAYS = Array.from({ length: Math.ceil(ATTEMPTS / SHARDS.length / waysOfThisNode.length) }, (_, i) =>
  i % 2 === 0 ? -1 - i / 2 : 2 * i,
);

test.each(waysOfThisNode.flatMap(way => SHARDS.map(shards => [way, shards] as const)))(
  '%s in %i data files',
  async (way, shards) => {
    const { outcomes, ...end } = await attempts(way, shards, 32 * 2 ** 20, DELAYS);
    expect(end).toEqual({ status: 0, signal: null, stderr: '' });
    expect(outcomes).toHaveLength(DELAYS.length);
    for (const outcome of outcomes) expect(['saved', 'ERR_SHAPE']).toContain(outcome);
  },
  600_000,
);
