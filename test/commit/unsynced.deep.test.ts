/**
 * Random saves with and without syncs, killed ones among them, against what FORMAT.md promises of the generations that
 * stay.
 */
import './unsynced.test.js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { WriterOptions } from '../../src/index.js';
import { runChild } from '../crash/child.js';
import { filesOf, onlyGeneration, save, savedAt, tensorsOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { committed, generations, saveElsewhere } from './on-disk.js';

const scratch = new Scratch('unsynced-random');
const fresh = (): string => join(scratch.directory(), 'model');

test('random saves of any kind, here and elsewhere: what was acknowledged is there, and the last durable', async () => {
  for (let seed = 1; seed <= 25; seed++) {
    let state = seed * 7919;
    const random = (n: number): number => {
      state = (state * 48271) % 0x7fff_ffff;
      return state % n;
    };
    const prefix = fresh();
    let durable: string[] | null = null;
    for (let k = 1; k <= 14; k++) {
      const options: WriterOptions = {
        durable: random(4) === 0,
        shards: 1 + random(3),
        keepPrevious: random(4) === 0,
        ...(random(8) === 0 ? { overwrite: 'in-place' as const } : {}),
      };
      if (random(6) === 0) {
        const faults = [
          { at: 1 + random(3), syscall: ['rename', 'pwrite', 'unlink'][random(3)]!, action: 'kill' as const },
        ];
        const before = k === 1 ? null : await savedAt(prefix);
        const child = await runChild({
          prefix,
          tensors: tensorsOf(k),
          options: { ...options, overwrite: 'atomic' },
          faults,
        });
        if (child.killed) {
          const found = before === null && !existsSync(`${prefix}.index`) ? null : await savedAt(prefix);
          expect([before, k]).toContain(found);
          if (options.durable) durable = null;
          continue;
        }
      } else if (random(3) === 0) await saveElsewhere(prefix, k, options);
      else await save(prefix, k, options);
      expect(await savedAt(prefix)).toBe(k);
      const here = generations(prefix);
      const total = await committed(prefix);
      if (options.durable) durable = here.get(total)!;
      // In place the files of the same names go, as asked.
      else if (options.overwrite === 'in-place' && durable?.[0]?.endsWith(here.get(total)![0]!.slice(-5)))
        durable = null;
      for (const name of durable ?? []) expect(filesOf(prefix), `seed ${seed}, save ${k}`).toContain(name);
      expect(here.size, `seed ${seed}, save ${k}`).toBeLessThanOrEqual(3);
      expect(total).toBeLessThanOrEqual((options.shards as number) + 2);
    }
    await save(prefix, 99);
    onlyGeneration(prefix);
  }
});
