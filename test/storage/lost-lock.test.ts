/**
 * A save whose locks were lost (an NFS server gives them up after its lease) and that others took for dead: its files
 * were removed, and another save has the same names now. Whatever becomes of the first, the other's checkpoint stays.
 * (Real: tools/nfs-lab.mjs.)
 */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CheckpointWriter } from '../../src/index.js';
import { runChild } from '../crash/child.js';
import { onlyGeneration, save, savedAt, tensorsOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { errorOf } from './operations.js';

const scratch = new Scratch('lost-lock');

/**
 * A save of this process that was called later counts as having replaced the first, which then need not report
 * anything.
 */
const OTHERS = { 'another process': /^ERR_(IO|DURABILITY_UNCERTAIN)$/, 'this process': /^no error$/ };
test.for([
  ['fails', 'another process'],
  ['fails', 'this process'],
  ['goes on', 'another process'],
  ['goes on', 'this process'],
] as const)('the save that was taken for dead %s; the other is of %s', async ([end, other]) => {
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
  if (other === 'this process') await save(prefix, 2);
  else expect(await runChild({ prefix, tensors: tensorsOf(2) })).not.toHaveProperty('code');
  // The very names that the first one had.
  expect(onlyGeneration(prefix)).toBe(1);
  go();
  const error = await finished;
  if (end === 'fails') expect(error).toMatchObject({ message: 'no more data' });
  else expect((error as { code?: string } | null)?.code ?? 'no error').toMatch(OTHERS[other]);
  expect(await savedAt(prefix, true)).toBe(2);
  onlyGeneration(prefix);
});
