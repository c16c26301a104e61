/**
 * A save whose locks were lost (an NFS server gives them up after its lease) and that others took for dead: its files were removed, and
 * another save has the same names now. Whatever becomes of the first, the other's checkpoint stays. (Real: tools/nfs-lab.mjs.)
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CheckpointWriter } from '../../src/index.js';
import { onlyGeneration, save, savedAt } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { errorOf } from './operations.js';

const scratch = new Scratch('lost-lock');

test.for(['fails', 'goes on'] as const)('the save that was taken for dead %s', async end => {
  const directory = scratch.directory();
  const prefix = join(directory, 'm');
  // Totals take turns: 1, 2, 3, and now 1 again, a single data file.
  for (let i = 0; i < 3; i++) await save(prefix, 1);
  let go = (): void => undefined;
  const gate = new Promise<void>(done => {
    go = done;
  });
  let begin = (): void => undefined;
  const begun = new Promise<void>(done => {
    begin = done;
  });
  const writer = new CheckpointWriter(prefix);
  for (let i = 0; i < 5; i++) {
    const data = async (): Promise<Int32Array> => {
      begin();
      await gate;
      if (end === 'fails') throw new Error('no more data');
      return new Int32Array([9]);
    };
    writer.add(`t${i}`, { dtype: 'int32', shape: [1], data });
  }
  const finished = errorOf(writer.finish());
  await begun;
  const names = readdirSync(directory).filter(name => /intent|-of-00001$/.test(name));
  expect(names).toHaveLength(2);
  for (const name of names) rmSync(join(directory, name));
  await save(prefix, 2);
  // The very names that the first one had.
  expect(onlyGeneration(prefix)).toBe(1);
  go();
  expect(await finished).not.toBe(null);
  expect(await savedAt(prefix, true)).toBe(2);
  onlyGeneration(prefix);
});
