/**
 * Each CRC32C kernel that this processor can run, over 256 KiB that stay in the second-level cache, as in the engine.
 */
import { node } from '../harness/fresh-process.mjs';

const KERNELS = ['avx512', 'sse42', 'arm64', 'portable'];

export const crc = {
  name: 'crc',
  what: 'CRC32C kernels in the second-level cache (0: not on this processor)',
  turns: 3,
  contestants: () => ({ ours: node('subjects/crc.mjs', {}) }),
  rows: KERNELS.map(kernel => ({
    title: kernel,
    of: 'ours',
    value: ({ kernels }) => kernels[kernel] ?? 0,
    unit: 'GB/s',
  })),
};
