/**
 * CRC32C over 256 KiB that stay in the second-level cache, as in the engine: each kernel that this processor can run,
 * and the fastest one beside published implementations that were built outside of this project.
 */
import { node, peer } from '../harness/program.mjs';
import { amount, figure } from '../harness/rows.mjs';

const fastest = ({ kernels }) => Math.max(...Object.values(kernels));

export const crc = {
  name: 'crc',
  what: 'CRC32C kernels in the second-level cache, one thread',
  how: 'best of four attempts in each process',
  folder: 'crc',
  quick: true,
  seconds: 40,
  turn: 2.2,
  quickTurn: 2.1,
  contestants: () => ({
    ours: node('subjects/crc.mjs', {}),
    published: peer('crc', { run: 'crc', bytes: 256 * 1024, seconds: 0.3 }),
  }),
  rows: [
    figure(
      'our fastest kernel / the best published',
      'ours',
      ['published'],
      'x',
      turn => fastest(turn.ours) / fastest(turn.published),
      { better: 'more', goal: 0.9 },
    ),
    amount('our fastest kernel', 'ours', 'GB/s', fastest, { better: 'more' }),
    amount('the best published', 'published', 'GB/s', fastest, { better: 'more' }),
  ],
};
