/**
 * Network and quota file systems take every write and say only at close that there was no room. Whatever file it is:
 * the save rejects, what was there before is there, whole, and nothing new counts or stays.
 */
import '../crash/fault-engine.js';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { faulty } from '../native/fault-binding.js';
import { type Errno, type Fault, FaultLab } from './fault-file-system.js';
import { contents, errorOf, OPERATIONS, WRITTEN, type Written } from './operations.js';

const lab = new FaultLab();
const CODES: readonly [Errno, string][] = [
  ['ENOSPC', 'ERR_NO_SPACE'],
  ['EDQUOT', 'ERR_NO_SPACE'],
  ['EIO', 'ERR_IO'],
];

/** What must be as before: everything, or where a book could not be written after a commit, that book. */
function isBook(written: Written): boolean {
  return written === 'state' || written === 'ledger';
}

describe.for(CODES)('%s at close is %s', ([error, code]) => {
  for (const operation of OPERATIONS) {
    for (const written of operation.writes) {
      for (const lost of [false, true]) {
        test(`${operation.name}: ${written}, bytes ${lost ? 'lost' : 'kept'}`, async () => {
          const { seen, real } = lab.directory();
          const open = faulty.openDescriptors();
          await operation.prepare(seen);
          const before = contents(real);
          const name = WRITTEN[written];
          const faults: Fault[] = [{ on: 'close', name, error }];
          if (lost) faults.push({ on: 'write', name, drop: true });
          lab.fs.set(...faults);
          const caught = await errorOf(operation.run(seen));
          const hits = lab.fs.hits();
          lab.fs.set();
          expect(hits.some(hit => hit.startsWith('close '))).toBe(true);
          expect(caught).toMatchObject({ name: 'TensorBundleError', code });
          const after = contents(real);
          expect(Object.keys(after).filter(file => /intent|tmp/.test(file))).toEqual([]);
          if (operation.losesOld) expect(after).toEqual({});
          else if (isBook(written)) expect(after[books[written]!]).toBe(before[books[written]!]);
          else expect(after).toEqual(before);
          if (!operation.fresh && !operation.losesOld && !isBook(written)) await operation.check(real, 1);
          expect(faulty.openDescriptors()).toBe(open);
          // The directory is as good as ever.
          await operation.run(seen);
          await operation.check(real, 2);
        });
      }
    }
  }
});

const books: Partial<Record<Written, string>> = { state: 'checkpoint', ledger: 'checkpoint.tensorbundle' };

test('the error of a close that comes once is not lost: every file, one after the other', async () => {
  const [operation] = OPERATIONS.filter(({ name }) => name === 'an overwrite');
  const heard: string[] = [];
  const unheard: string[] = [];
  for (let skip = 0; ; skip++) {
    const { seen, real } = lab.directory();
    await operation!.prepare(seen);
    const before = contents(real);
    lab.fs.set({ on: 'close', error: 'EDQUOT', skip, count: 1 });
    const caught = await errorOf(operation!.run(seen));
    const hits = lab.fs.hits();
    lab.fs.set();
    if (hits.length === 0) {
      expect(caught).toBe(null);
      break;
    }
    if (caught === null) {
      unheard.push(hits[0]!);
      await operation!.check(real, 2);
    } else {
      heard.push(hits[0]!);
      expect(caught).toMatchObject({ code: 'ERR_NO_SPACE' });
      expect(contents(real)).toEqual(before);
    }
    expect(readdirSync(real).filter(name => name.includes('intent'))).toEqual([]);
  }
  const kinds = (all: string[]): string[] => all.map(hit => hit.replace(/^close m\.|-.*$/g, '')).sort();
  expect(kinds(heard)).toEqual(['data', 'data', 'data', 'index.intent']);
  // After the commit: a second descriptor of the index, whose first was closed and checked before.
  expect(kinds(unheard).length).toBeLessThanOrEqual(1);
});
