/** Names that are taken, planted or strange: no write leaves the directory, and every legal name works. */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { nonce } from '../../src/commit/names.js';
import { CheckpointReader, latestCheckpoint, removeCheckpoint, updateCheckpointState } from '../../src/index.js';
import { filesOf, onlyGeneration, save, savedAt } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('names');
const fresh = (): string => join(scratch.directory(), 'model');

afterEach(() => expect(faulty.openDescriptors()).toBe(0));

describe('planted', () => {
  const plants: [string, (at: string, target: string) => void][] = [
    ['a symbolic link', (at, target) => symlinkSync(target, at)],
    ['a dangling symbolic link', at => symlinkSync(join(scratch.path, 'nowhere'), at)],
    ['a hard link', (at, target) => linkSync(target, at)],
    ['a FIFO', at => void execFileSync('mkfifo', [at])],
  ];
  for (const [what, plant] of plants) {
    test(`${what} under a shard's name`, async () => {
      const prefix = fresh();
      const target = join(scratch.directory(), 'precious');
      writeFileSync(target, 'precious');
      plant(`${prefix}.data-00000-of-00001`, target);
      plant(`${prefix}.data-00001-of-00002`, target);
      await save(prefix, 1);
      await save(prefix, 2);
      expect(await savedAt(prefix)).toBe(2);
      expect(readFileSync(target, 'utf8')).toBe('precious');
      expect(existsSync(join(scratch.path, 'nowhere'))).toBe(false);
    });

    test(`${what} under the index's name`, async () => {
      const prefix = fresh();
      const target = join(scratch.directory(), 'precious');
      writeFileSync(target, 'precious');
      plant(`${prefix}.index`, target);
      await save(prefix, 1);
      expect(await savedAt(prefix)).toBe(1);
      expect(lstatSync(`${prefix}.index`).isFile()).toBe(true);
      expect(readFileSync(target, 'utf8')).toBe('precious');
      expect(existsSync(join(scratch.path, 'nowhere'))).toBe(false);
    });

    test(`${what} under the name of a dead save`, async () => {
      const prefix = fresh();
      const target = join(scratch.directory(), 'precious');
      writeFileSync(target, 'precious');
      plant(`${prefix}.index.intent-00001-0123456789abcdef`, target);
      await save(prefix, 1);
      expect(await savedAt(prefix)).toBe(1);
      await save(prefix, 2);
      expect(await savedAt(prefix)).toBe(2);
      expect(readFileSync(target, 'utf8')).toBe('precious');
    });
  }

  test('a directory under the index name: a typed error, nothing left', async () => {
    const prefix = fresh();
    mkdirSync(`${prefix}.index`);
    await expect(save(prefix, 1)).rejects.toMatchObject({
      name: 'TensorBundleError',
      path: expect.stringContaining(prefix),
    });
    expect(readdirSync(dirname(prefix))).toEqual(['model.index']);
  });
});

describe('strange', () => {
  test.each([
    'with space',
    'ünïcödé-模型',
    'run[1]',
    'a*b?c',
    '{x,y}',
    'quo\'te"s',
    'new\nline',
    'dollar$HOME',
    '-dash',
    '...dots',
    '%41',
  ])('%j as a directory and as a name', async name => {
    const directory = join(scratch.directory(), name);
    const prefix = join(directory, name);
    await save(prefix, 1, { shards: 2 });
    await save(prefix, 2, { shards: 2 });
    expect(await savedAt(prefix)).toBe(2);
    onlyGeneration(prefix);
    await updateCheckpointState(directory, { modelCheckpointPath: prefix });
    expect(await latestCheckpoint(directory)).toBe(prefix);
    await removeCheckpoint(prefix);
    expect(filesOf(prefix)).toEqual([]);
  });

  test('missing parents are made, and synced up to the first that existed', async () => {
    const root = scratch.directory();
    const prefix = join(root, 'a', 'b', 'c', 'model');
    faulty.setFaults([]);
    await save(prefix, 1);
    const synced = faulty
      .operations()
      .filter(({ syscall }) => syscall === 'fsync')
      .map(({ path }) => path);
    for (const path of [root, join(root, 'a'), join(root, 'a', 'b'), join(root, 'a', 'b', 'c')])
      expect(synced).toContain(path);
    expect(await savedAt(prefix)).toBe(1);
  });

  test('a prefix that names no file, a parent that is a file', async () => {
    for (const prefix of ['', '.', '..', '/', `${scratch.path}/..`, `${scratch.path}/a\0b`]) {
      await expect(save(prefix, 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    }
    const file = join(scratch.directory(), 'file');
    writeFileSync(file, '');
    await expect(save(join(file, 'model'), 1)).rejects.toMatchObject({ name: 'TensorBundleError' });
    await expect(CheckpointReader.open(join(file, 'model'))).rejects.toMatchObject({ name: 'TensorBundleError' });
  });

  test('a removal takes every generation, and an absent checkpoint is no error', async () => {
    const prefix = fresh();
    await removeCheckpoint(prefix);
    await save(prefix, 1, { shards: 2 });
    await save(prefix, 2, { shards: 3, keepPrevious: true });
    writeFileSync(`${prefix}.other`, '');
    await removeCheckpoint(prefix);
    expect(filesOf(prefix)).toEqual(['model.other']);
    await removeCheckpoint(prefix);
    await removeCheckpoint(join(scratch.path, 'absent', 'model'));
  });
});

describe('random digits of names', () => {
  test('come from the addon, and no name comes twice', () => {
    const names = Array.from({ length: 1000 }, nonce);
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(names).size).toBe(1000);
  });

  test('come from Node where the system gives none', () => {
    const refused = vi.spyOn(native, 'fillRandom').mockReturnValue(false);
    expect(new Set(Array.from({ length: 100 }, nonce)).size).toBe(100);
    expect(refused).toHaveBeenCalledTimes(100);
    refused.mockRestore();
  });
});
