/** Arrays that a load replaced are collected, as long as that is of use. */
import { memoryUsage } from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { ReplacedArrays } from '../../src/storage/replaced-arrays.js';

const MIB = 1024 * 1024;
const inUse = (): number => memoryUsage().arrayBuffers / MIB;

it('collects them while they become fewer, and then no more', async () => {
  const before = inUse();
  const arrays: Uint8Array[] = [];
  // V8 would find them by itself if it knew.
  native.adjustExternalMemory(-256 * MIB);
  try {
    for (let i = 0; i < 32; i++) arrays.push(new Uint8Array(8 * MIB));
    const replaced = new ReplacedArrays();
    const told = vi.spyOn(native, 'adjustExternalMemory');
    replaced.add(8 * MIB);
    expect(told).not.toHaveBeenCalled();
    arrays.length = 0;
    replaced.add(248 * MIB);
    expect(told).toHaveBeenCalledTimes(2);
    // V8 frees the memory of arrays on another thread. A collection that it had begun finds less.
    await vi.waitFor(
      () => {
        if (inUse() >= before + 64) replaced.add(64 * MIB);
        expect(inUse()).toBeLessThan(before + 64);
      },
      { timeout: 10_000, interval: 500 },
    );
    // Nothing becomes free from here on.
    const kept = Array.from({ length: 32 }, () => new Uint8Array(8 * MIB));
    for (let round = 0; round < 6; round++) {
      await delay(400);
      replaced.add(64 * MIB);
    }
    expect(kept).toHaveLength(32);
    expect(told.mock.calls.length).toBeLessThanOrEqual(6);
  } finally {
    vi.restoreAllMocks();
    native.adjustExternalMemory(256 * MIB);
  }
});

it('does not collect when the replaced values were no arrays', () => {
  const told = vi.spyOn(native, 'adjustExternalMemory');
  new ReplacedArrays().add(2 ** 50);
  expect(told).not.toHaveBeenCalled();
  told.mockRestore();
});
