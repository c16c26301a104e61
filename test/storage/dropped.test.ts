/** What a program drops without closing it, or never asks about, does not stay in memory. */
import '../crash/fault-engine.js';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('dropped');
const quick = { durable: false } as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function collectUntil(isGone: () => boolean): Promise<boolean> {
  for (let round = 0; round < 30; round++) {
    // What a WeakRef has given stays for the rest of a turn of the event loop.
    await delay(5);
    collect();
    if (isGone()) return true;
  }
  return false;
}

describe('a reader that is not closed', () => {
  const SHARDS = { one: 1, several: 3, 'more than may be open at once': 70 };
  it.each(Object.entries(SHARDS))('%s data files', async (_, shards) => {
    const path = join(scratch.directory(), 'm');
    const writer = new CheckpointWriter(path, { ...quick, shards });
    for (let i = 0; i < shards; i++) writer.add(`t${i}`, { dtype: 'int8', shape: [1], data: Int8Array.of(i) });
    await writer.finish();
    const before = faulty.openDescriptors();
    const open = async (): Promise<void> => {
      const reader = await CheckpointReader.open(path);
      expect((await reader.read(`t${shards - 1}`)).data[0]).toBe(shards - 1);
    };
    for (let i = 0; i < 3; i++) await open();
    expect(await collectUntil(() => faulty.openDescriptors() === before)).toBe(true);
  });
});
