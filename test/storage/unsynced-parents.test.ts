/**
 * The names of directories that a save has made are synced by the next durable save into them, if that save did not do
 * it: because it failed, or because it was not durable.
 */
import '../crash/fault-engine.js';
import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { save, savedAt } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { type Fault, faulty } from '../native/fault-binding.js';

const scratch = new Scratch('unsynced-parents');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

/** Directories that `run` syncs, below `root` and itself, each as often as it is synced. */
async function syncedBy(root: string, run: () => Promise<unknown>): Promise<string[]> {
  faulty.setFaults(null);
  await run();
  const paths = faulty.operations().filter(({ syscall, result }) => syscall === 'fsync' && result === 0);
  return paths.flatMap(({ path }) => (/\.(?:data|index)/.test(path!) ? [] : [path!.slice(root.length)])).sort();
}

async function failing(prefix: string, fault: Partial<Fault>): Promise<void> {
  faulty.setFaults([{ at: 1, action: 'error', sticky: true, ...fault }]);
  await expect(save(prefix, 1)).rejects.toMatchObject({ name: 'TensorBundleError' });
  faulty.setFaults(null);
}

const OWN = ['/a/b', '/a/b'];

test.each<[string, Partial<Fault>]>([
  ['no data file', { syscall: 'open', path: '.data-' }],
  ['no sync of the parents', { syscall: 'fsync', notPath: '/a/b' }],
  ['no rename', { syscall: 'rename' }],
])('after a failed save: %s', async (what, fault) => {
  const root = scratch.directory();
  const prefix = join(root, 'a', 'b', 'model');
  await failing(prefix, fault);
  // A rename comes after the sync of the parents.
  const missed = what === 'no rename' ? [] : ['', '/a'];
  expect(await syncedBy(root, () => save(prefix, 2))).toEqual([...missed, ...OWN].sort());
  expect(await savedAt(prefix)).toBe(2);
  expect(await syncedBy(root, () => save(prefix, 3))).toEqual(OWN);
});

test('after a save that was not durable, by another spelling of the path', async () => {
  const root = scratch.directory();
  await save(join(root, 'a', 'b', 'model'), 1, { durable: false });
  symlinkSync(join(root, 'a', 'b'), join(root, 'link'));
  const prefix = join(root, 'link', 'other');
  expect(await syncedBy(root, () => save(prefix, 1))).toEqual(['', '/a', '/link', '/link']);
  expect(await syncedBy(root, () => save(prefix, 2))).toEqual(['/link', '/link']);
});

test('a directory beside, below one that was made: what both need', async () => {
  const root = scratch.directory();
  await save(join(root, 'a', 'b', 'model'), 1, { durable: false });
  const saved = await syncedBy(root, () => save(join(root, 'a', 'c', 'model'), 1));
  expect(saved).toEqual(['', '/a', '/a/c', '/a/c']);
});

test('a directory could not be made in the end', async () => {
  const root = scratch.directory();
  const prefix = join(root, 'a', 'b', 'model');
  await failing(prefix, { syscall: 'mkdir', path: '/a/b' });
  expect(await syncedBy(root, () => save(prefix, 1))).toEqual(['', '/a', ...OWN]);
  const other = join(root, 'c', 'd', 'model');
  await failing(other, { syscall: 'open', path: '/c/d', errno: 'EIO', at: 2 });
  expect(await syncedBy(root, () => save(other, 1))).toEqual(['', '/c', '/c/d', '/c/d']);
});

test('a sync that fails leaves them to the next save, and nothing open', async () => {
  const root = scratch.directory();
  const prefix = join(root, 'a', 'model');
  await save(prefix, 1, { durable: false });
  faulty.setFaults([{ at: 1, syscall: 'fsync', notPath: '/a', action: 'error' }]);
  await expect(save(prefix, 2)).rejects.toMatchObject({ code: 'ERR_IO' });
  expect(faulty.openDescriptors()).toBe(0);
  expect(await syncedBy(root, () => save(prefix, 3))).toEqual(['', '/a', '/a']);
});

test('parents that are gone are left out', async () => {
  const root = scratch.directory();
  await save(join(root, 'a', 'b', 'model'), 1, { durable: false });
  renameSync(join(root, 'a', 'b'), join(root, 'b'));
  rmSync(join(root, 'a'), { recursive: true });
  expect(await syncedBy(root, () => save(join(root, 'b', 'model'), 2))).toEqual(['', '/b', '/b']);
  // Nothing is known of a directory that somebody else has made.
  mkdirSync(join(root, 'c'));
  expect(await syncedBy(root, () => save(join(root, 'c', 'model'), 2))).toEqual(['/c', '/c']);
});
