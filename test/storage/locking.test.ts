/**
 * The lock of a directory is on the descriptor that its user has: whoever else has the same one is kept out all the
 * same.
 */
import '../crash/fault-engine.js';
import { afterEach, describe, expect, it } from 'vitest';
import { Directories, withDirectories } from '../../src/storage/directories.js';
import { Directory } from '../../src/storage/directory.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('locking');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

/** How many of them are inside `exclusively` at once, at the most. */
async function most(directories: readonly Directory[]): Promise<number> {
  let inside = 0;
  let most = 0;
  const work = async (directory: Directory): Promise<void> => {
    await directory.exclusively(5000, undefined, async () => {
      most = Math.max(most, ++inside);
      await new Promise(resolve => setTimeout(resolve, 2));
      inside--;
    });
  };
  await Promise.all(directories.map(work));
  return most;
}

describe.each([
  ['with locks', null],
  ['without locks', 'ENOLCK'],
])('a file system %s', (_, errno) => {
  it('one user at a time, of one open directory and of several', async () => {
    const path = scratch.directory();
    const [one, other] = [(await Directory.open(path))!, (await Directory.open(path))!];
    if (errno !== null) faulty.setFaults([{ at: 1, syscall: 'flock', action: 'error', errno, sticky: true }]);
    expect(await most([one, one, one.shared(), other, other])).toBe(1);
    // It is free afterwards, for either, also after a failure.
    await expect(one.exclusively(0, undefined, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await most([other])).toBe(1);
    expect(await most([one])).toBe(1);
    for (const directory of [one, one, other]) await directory.close();
  });

  it('whoever waits too long for it is told', async () => {
    const path = scratch.directory();
    const directory = (await Directory.open(path))!;
    if (errno !== null) faulty.setFaults([{ at: 1, syscall: 'flock', action: 'error', errno, sticky: true }]);
    await directory.exclusively(0, undefined, async () => {
      const again = directory.exclusively(5, undefined, async () => undefined);
      await expect(again).rejects.toMatchObject({ code: 'ERR_LOCKED', path });
    });
    await directory.exclusively(0, undefined, async () => undefined);
    await directory.close();
  });
});

it('a lock that cannot be let go of goes with the directory', async () => {
  const path = scratch.directory();
  const [one, other] = [(await Directory.open(path))!, (await Directory.open(path))!];
  faulty.setFaults([{ at: 2, syscall: 'flock', action: 'error', errno: 'EIO' }]);
  await one.exclusively(0, undefined, async () => undefined);
  await expect(other.exclusively(0, undefined, async () => undefined)).rejects.toMatchObject({ code: 'ERR_LOCKED' });
  await one.close();
  await other.exclusively(0, undefined, async () => undefined);
  await other.close();
});

it('directories that are looked into are opened once, and closed unless somebody goes on with them', async () => {
  const path = scratch.directory();
  faulty.setFaults([]);
  const kept = await withDirectories(async directories => {
    const found = await Promise.all([path, `${path}/`, `${path}/.`].map(one => directories.open(one)));
    expect(new Set(found).size).toBe(1);
    expect(await directories.open(`${path}/none`)).toBeNull();
    return found[0]!.shared();
  });
  expect(faulty.operations().filter(one => one.syscall === 'open' && one.path === path)).toHaveLength(1);
  expect(faulty.openDescriptors()).toBe(1);
  await kept.close();
  await expect(withDirectories(one => one.open('a\0b'))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  await new Directories().close();
});
