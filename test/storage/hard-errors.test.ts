/**
 * Calls that fail for good or once, on a real mount, in every operation that writes: a typed error, the old state or
 * the new one, whole, nothing half left over, and the same operation works once the disk is sound.
 */
import '../crash/fault-engine.js';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { onlyGeneration, save, savedAt } from '../crash/generation.js';
import { faulty } from '../native/fault-binding.js';
import { type Errno, type Fault, FaultLab } from './fault-file-system.js';
import { contents, errorOf, OPERATIONS, type Operation } from './operations.js';

const lab = new FaultLab();

const CODES: Partial<Record<Errno, string>> = {
  EIO: 'ERR_IO',
  EMFILE: 'ERR_IO',
  ESTALE: 'ERR_IO',
  ENOSPC: 'ERR_NO_SPACE',
  EDQUOT: 'ERR_NO_SPACE',
  EACCES: 'ERR_PERMISSION',
  EROFS: 'ERR_PERMISSION',
};

const FAULTS: readonly Fault[] = [
  ...(['ENOSPC', 'EDQUOT', 'EMFILE', 'EACCES', 'EROFS', 'EIO'] as const).map(error => ({ on: 'create', error })),
  ...(['ENOSPC', 'EDQUOT', 'EIO'] as const).map(error => ({ on: 'write', error })),
  ...(['EIO', 'ENOSPC', 'EDQUOT'] as const).flatMap(error => [
    { on: 'fsync', error },
    { on: 'fdatasync', error },
  ]),
  { on: 'fallocate', error: 'ENOSPC' },
  { on: 'rename', error: 'EIO' },
  { on: 'rename', error: 'EACCES' },
  { on: 'readdir', error: 'EIO' },
  { on: 'opendir', error: 'EMFILE' },
];

/** Which state the directory is in, and nothing in between: 0 is nothing at all. */
async function stateOf(operation: Operation, real: string): Promise<number> {
  if (readdirSync(real).length === 0) return 0;
  for (const k of [1, 2]) {
    const error = await errorOf((operation.content ?? operation.check)(real, k));
    if (error === null) return k;
  }
  throw new Error(`neither the old state nor the new one: ${readdirSync(real).join(' ')}`);
}

describe.for(FAULTS.map(fault => ({ what: `${fault.on} says ${fault.error}`, fault })))('$what', ({ fault }) => {
  test.for(OPERATIONS)('$name', async operation => {
    const { seen, real } = lab.directory();
    const open = faulty.openDescriptors();
    await operation.prepare(seen);
    // `count` leaves the first calls alone, so that the fault also meets the later ones.
    for (let skip = 0; skip < 4; skip++) {
      lab.fs.set({ ...fault, skip });
      const caught = await errorOf(operation.run(seen));
      const hits = lab.fs.hits();
      lab.fs.set();
      const state = await stateOf(operation, real);
      if (caught === null) {
        expect(state).toBe(2);
        break;
      }
      expect(hits.length).toBeGreaterThan(0);
      expect(caught).toMatchObject({ name: 'TensorBundleError' });
      const { code } = caught as { code: string };
      expect([CODES[fault.error!], 'ERR_DURABILITY_UNCERTAIN', 'ERR_EXISTS']).toContain(code);
      if (code === 'ERR_EXISTS') break;
      expect(operation.fresh || operation.losesOld ? [0, 1, 2] : [1, 2]).toContain(state);
      expect(Object.keys(contents(real)).filter(name => /\.intent-|\.tmp-/.test(name))).toEqual([]);
      expect(faulty.openDescriptors()).toBe(open);
      if (state === 2) break;
    }
  });
});

describe('a rename that is done and says EIO', () => {
  test.for(OPERATIONS)('$name', async operation => {
    const { seen, real } = lab.directory();
    await operation.prepare(seen);
    lab.fs.set({ on: 'rename', error: 'EIO', after: true });
    const caught = await errorOf(operation.run(seen));
    lab.fs.set();
    expect(caught).toMatchObject({ name: 'TensorBundleError' });
    // What is found is whole, and nothing that it needs was taken away.
    expect(await stateOf(operation, real)).toBe(2);
  });
});

describe('what cannot be removed', () => {
  test.for(['EIO', 'EACCES', 'EBUSY', 'EPERM'] as const)('%s: saves go on, and clean up when they can', async error => {
    const { seen, real } = lab.directory();
    const prefix = join(seen, 'm');
    await save(prefix, 1);
    lab.fs.set({ on: 'unlink', error });
    for (const k of [2, 3]) await save(prefix, k);
    expect(lab.fs.hits().length).toBeGreaterThan(0);
    expect(await savedAt(join(real, 'm'), true)).toBe(3);
    lab.fs.set();
    await save(prefix, 4);
    expect(await savedAt(join(real, 'm'), true)).toBe(4);
    onlyGeneration(join(real, 'm'));
  });
});
