/**
 * File systems that lack something: no locks, no sync of directories, no modes, no free space, errors that appear at
 * close only. By faults of the table here; on a real FUSE file system in test/storage.
 */
import '../crash/fault-engine.js';
import { chmodSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import {
  latestCheckpoint,
  readCheckpointState,
  updateCheckpointState,
  verifyCheckpoint,
  type WriterOptions,
} from '../../src/index.js';
import { runChild } from '../crash/child.js';
import { filesOf, onlyGeneration, save, savedAt, tensorsOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { type Fault, faulty } from '../native/fault-binding.js';

const scratch = new Scratch('lacking');
const fresh = (): string => join(scratch.directory(), 'model');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

const always = (syscall: string, errno: string, path?: string): Fault => ({
  at: 1,
  syscall,
  action: 'error',
  errno,
  sticky: true,
  ...(path === undefined ? {} : { path }),
});

const OPTIONS: readonly WriterOptions[] = [
  {},
  { durable: false },
  { shards: 2, keepPrevious: true },
  { overwrite: 'in-place' },
  { shards: 3 },
];

/** Every kind of save, one after another, under the faults. */
async function savesUnder(faults: readonly Fault[]): Promise<void> {
  const prefix = fresh();
  faulty.setFaults(faults);
  for (const [i, options] of OPTIONS.entries()) {
    await save(prefix, i + 1, options);
    expect(await savedAt(prefix)).toBe(i + 1);
  }
  const deep = join(scratch.directory(), 'a', 'b', 'model');
  await save(deep, 9);
  expect(await savedAt(deep)).toBe(9);
  await updateCheckpointState(dirname(deep), { modelCheckpointPath: deep });
  await updateCheckpointState(dirname(deep), { modelCheckpointPath: deep });
  expect(await latestCheckpoint(dirname(deep))).toBe(deep);
}

describe('no locks', () => {
  test.each(['ENOSYS', 'ENOLCK', 'EOPNOTSUPP', 'EBADF', 'EINVAL'])('%s from every flock: saves go on', async errno => {
    await savesUnder([always('flock', errno)]);
  });

  test('one process saves again and again: one generation stays', async () => {
    const prefix = fresh();
    faulty.setFaults([always('flock', 'ENOSYS')]);
    for (let k = 1; k <= 6; k++) await save(prefix, k);
    onlyGeneration(prefix);
    for (let k = 7; k <= 12; k++) await save(prefix, k, { durable: false });
    expect(new Set(filesOf(prefix).flatMap(name => /-of-(\d+)$/.exec(name)?.[1] ?? [])).size).toBe(2);
    expect(await savedAt(prefix)).toBe(12);
  });

  test('callers of one process still exclude each other', async () => {
    const prefix = fresh();
    faulty.setFaults([always('flock', 'ENOLCK')]);
    for (let round = 0; round < 10; round++) {
      await Promise.all([1, 2, 3, 4].map(lane => save(prefix, 10 * round + lane)));
      expect((await verifyCheckpoint(prefix)).problems).toEqual([]);
    }
    await save(prefix, 99);
    expect(await savedAt(prefix)).toBe(99);
  });

  test('only what this process has committed is removed: not what is old, nor what looks dead', async () => {
    const prefix = fresh();
    expect((await runChild({ prefix, tensors: tensorsOf(1) })).code).toBeUndefined();
    const faults: Fault[] = [{ at: 1, syscall: 'rename', action: 'kill' }];
    expect((await runChild({ prefix, tensors: tensorsOf(2), faults })).killed).toBe(true);
    const old = `${prefix}.data-00000-of-00007`;
    writeFileSync(old, 'linked by somebody at work');
    utimesSync(old, 1, 1);
    const foreign = filesOf(prefix).filter(name => name !== 'model.index');
    faulty.setFaults([always('flock', 'ENOSYS')]);
    for (let k = 3; k <= 6; k++) {
      await save(prefix, k, { durable: k % 2 === 0 });
      for (const name of foreign) expect(filesOf(prefix)).toContain(name);
      expect(await savedAt(prefix)).toBe(k);
    }
    // Where locks work again, everything of that goes.
    faulty.setFaults(null);
    await save(prefix, 7);
    await save(prefix, 8);
    onlyGeneration(prefix);
  });

  test('a file of ours that somebody else has made anew is not ours', async () => {
    const prefix = fresh();
    faulty.setFaults([always('flock', 'ENOSYS')]);
    await save(prefix, 1);
    const first = filesOf(prefix).find(name => name.includes('.data-'))!;
    // The same name, another file.
    const bytes = readFileSync(join(dirname(prefix), first));
    faulty.setFaults(null);
    writeFileSync(join(dirname(prefix), 'new'), bytes);
    renameSync(join(dirname(prefix), 'new'), join(dirname(prefix), first));
    utimesSync(join(dirname(prefix), first), 1, 1);
    faulty.setFaults([always('flock', 'ENOSYS')]);
    await save(prefix, 2);
    expect(filesOf(prefix)).toContain(first);
  });

  test.each(['EIO', 'EACCES', 'ENOMEM'])('%s is an error as ever', async errno => {
    const prefix = fresh();
    await save(prefix, 1);
    faulty.setFaults([always('flock', errno)]);
    await expect(save(prefix, 2)).rejects.toMatchObject({ name: 'TensorBundleError' });
    faulty.setFaults(null);
    expect(await savedAt(prefix)).toBe(1);
    onlyGeneration(prefix);
  });
});

describe('no sync of directories', () => {
  test.each(['EINVAL', 'EBADF', 'EOPNOTSUPP', 'ENOSYS'])('%s: saves go on', async errno => {
    // Only the files' names have a dot in them.
    await savesUnder([{ ...always('fsync', errno), notPath: '.' }]);
  });

  test('EIO is an error: uncertain after the commit, and the old files stay', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const before = filesOf(prefix);
    faulty.setFaults([{ at: 3, syscall: 'fsync', action: 'error', errno: 'EIO' }]);
    await expect(save(prefix, 2)).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
    for (const name of before) expect(filesOf(prefix)).toContain(name);
  });

  test.each(['EINVAL', 'ENOSYS', 'EIO'])('a file that cannot be synced is an error: %s', async errno => {
    const prefix = fresh();
    await save(prefix, 1);
    for (const fault of [always('fsync', errno, '.intent-'), always('fdatasync', errno)]) {
      faulty.setFaults([fault]);
      await expect(save(prefix, 2)).rejects.toMatchObject({ code: 'ERR_IO' });
      faulty.setFaults(null);
      expect(await savedAt(prefix)).toBe(1);
      onlyGeneration(prefix);
    }
  });
});

describe('no modes', () => {
  test.each(['EPERM', 'ENOSYS', 'EOPNOTSUPP'])('%s: saves go on, and nobody gets more than before', async errno => {
    await savesUnder([always('fchmod', errno)]);
    const prefix = fresh();
    await save(prefix, 1);
    for (const name of filesOf(prefix)) chmodSync(join(dirname(prefix), name), 0o600);
    faulty.setFaults([always('fchmod', errno)]);
    await save(prefix, 2);
    for (const name of filesOf(prefix)) expect(statSync(join(dirname(prefix), name)).mode & 0o077).toBe(0);
  });

  test.each(['EIO', 'EROFS'])('%s is an error', async errno => {
    const prefix = fresh();
    await save(prefix, 1);
    faulty.setFaults([always('fchmod', errno)]);
    await expect(save(prefix, 2)).rejects.toMatchObject({ name: 'TensorBundleError' });
    faulty.setFaults(null);
    onlyGeneration(prefix);
    expect(await savedAt(prefix)).toBe(1);
  });
});

test.each(['ENOSYS', 'EPERM', 'EOVERFLOW'])(
  'free space that cannot be asked for (%s) is no reason to refuse',
  async errno => {
    await savesUnder([always('statvfs', errno)]);
  },
);

describe('errors that appear at close', () => {
  const CODES = { ENOSPC: 'ERR_NO_SPACE', EDQUOT: 'ERR_NO_SPACE', EIO: 'ERR_IO' } as const;
  const errnos = Object.keys(CODES) as (keyof typeof CODES)[];

  describe.each([{}, { durable: false }, { shards: 3 }])('a save %j', options => {
    test.each(errnos)('of the index: %s', async errno => {
      const prefix = fresh();
      await save(prefix, 1);
      faulty.setFaults([{ at: 1, syscall: 'close', path: '.intent-', action: 'error', errno }]);
      await expect(save(prefix, 2, options)).rejects.toMatchObject({ code: CODES[errno] });
      faulty.setFaults(null);
      expect(await savedAt(prefix)).toBe(1);
      onlyGeneration(prefix);
    });

    test.each(errnos)('of a data file: %s', async errno => {
      const prefix = fresh();
      await save(prefix, 1);
      faulty.setFaults([{ at: 1, syscall: 'close', path: '.data-', action: 'error', errno }]);
      await expect(save(prefix, 2, options)).rejects.toMatchObject({ code: CODES[errno], path: expect.any(String) });
      faulty.setFaults(null);
      expect(await savedAt(prefix)).toBe(1);
      onlyGeneration(prefix);
    });
  });

  test.each(errnos)('of the state file: %s, and the old one stays', async errno => {
    const directory = scratch.directory();
    for (const durable of [true, false]) {
      await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'one') });
      faulty.setFaults([{ at: 1, syscall: 'close', path: '.tmp-', action: 'error', errno }]);
      const update = { modelCheckpointPath: join(directory, 'two'), durable };
      await expect(updateCheckpointState(directory, update)).rejects.toMatchObject({ code: CODES[errno] });
      faulty.setFaults(null);
      expect((await readCheckpointState(directory))?.modelCheckpointPath).toBe(join(directory, 'one'));
      expect(readdirSync(directory)).toEqual(['checkpoint']);
    }
  });

  test('the lock of the index holds from before the first byte until after the rename', async () => {
    const prefix = fresh();
    faulty.setFaults([]);
    await save(prefix, 1);
    const calls = faulty.operations().filter(({ path }) => path?.includes('.intent-') || path?.endsWith('model.index'));
    const order = calls.map(({ syscall }) => syscall);
    const [lock, write, rename] = ['flock', 'pwrite', 'rename'].map(syscall => order.indexOf(syscall));
    expect(lock).toBeLessThan(write!);
    expect(order.slice(write, rename).filter(syscall => syscall === 'close')).toHaveLength(1);
    expect(order.slice(write, rename)).toContain('dup');
    expect(order.slice(rename).filter(syscall => syscall === 'close').length).toBeGreaterThan(0);
  });
});
