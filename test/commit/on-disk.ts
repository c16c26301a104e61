/** What of a checkpoint lies on the disk, and saves by another process. */
import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { expect } from 'vitest';
import { parseShardName } from '../../src/commit/names.js';
import { CheckpointReader, type WriterOptions } from '../../src/index.js';
import { runChild } from '../crash/child.js';
import { tensorsOf } from '../crash/generation.js';

/** Data files by total. */
export function generations(prefix: string): Map<number, string[]> {
  const found = new Map<number, string[]>();
  for (const name of readdirSync(dirname(prefix))) {
    const shard = parseShardName(basename(prefix), name);
    if (shard) found.set(shard.total, [...(found.get(shard.total) ?? []), name]);
  }
  return found;
}

export async function committed(prefix: string): Promise<number> {
  await using reader = await CheckpointReader.open(prefix);
  return reader.numShards;
}

/** One save in a process of its own. */
export async function saveElsewhere(prefix: string, k: number, options: WriterOptions): Promise<void> {
  expect((await runChild({ prefix, tensors: tensorsOf(k), options })).code).toBeUndefined();
}
