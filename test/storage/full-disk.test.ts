/**
 * A disk that is really full: a small tmpfs, where mounting is permitted; ENOSPC by fault injection is in test/crash.
 */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { native } from '../../src/binding.js';
import { CheckpointWriter } from '../../src/index.js';
import { filesOf, onlyGeneration, save, savedAt, tensorsOf, writerOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('full');
const disk = join(scratch.path, 'disk');
let mounted = false;
let reason = '';

beforeAll(() => {
  mkdirSync(disk);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tensorbundle-test', disk], { stdio: 'pipe' });
    mounted = true;
  } catch (error) {
    reason = `mounting a tmpfs is not permitted here: ${(error as Error).message.split('\n')[0]}`;
  }
});
afterAll(() => {
  if (mounted) execFileSync('umount', [disk]);
});

/** 1.2 MB: one fits the disk, two do not. */
const LARGE = 300_000;

test('an overwrite that does not fit is ERR_NO_SPACE before anything is touched', async ({ skip }) => {
  if (!mounted) skip(reason);
  const prefix = join(disk, 'model');
  await writerOf(prefix, tensorsOf(1, LARGE), {}).finish();
  const before = filesOf(prefix);
  await expect(writerOf(prefix, tensorsOf(2, LARGE), {}).finish()).rejects.toMatchObject({
    code: 'ERR_NO_SPACE',
    path: disk,
  });
  expect(filesOf(prefix)).toEqual(before);
  expect(await savedAt(prefix, true)).toBe(1);
  // What is smaller still fits, and makes room.
  await save(prefix, 3);
  onlyGeneration(prefix);
  await writerOf(prefix, tensorsOf(4, LARGE), {}).finish();
  expect(await savedAt(prefix, true)).toBe(4);
  for (const name of readdirSync(disk)) rmSync(join(disk, name));
});

test('a disk that fills while the shards are made: the old checkpoint stays, no file is left', async ({ skip }) => {
  if (!mounted) skip(reason);
  const prefix = join(disk, 'model');
  await save(prefix, 1);
  const before = filesOf(prefix);
  const filler = join(disk, 'filler');
  // More shards than are written at once: the last ones are made after the first value was pulled.
  const shards = native.threads() + 2;
  const writer = new CheckpointWriter(prefix, { shards });
  const values = new Float32Array(Math.floor(LARGE / shards)).fill(2);
  const fill = (): Float32Array => {
    // After the check of free space, so that only the reservation of a later shard can notice.
    expect(() => writeFileSync(filler, new Uint8Array(4_000_000))).toThrow('ENOSPC');
    return values;
  };
  for (let i = 0; i < shards; i++)
    writer.add(`t${i}`, { dtype: 'float32', shape: [values.length], data: () => (i === 0 ? fill() : values) });
  const error = await writer.finish().then(
    () => null,
    (caught: unknown) => caught,
  );
  rmSync(filler, { force: true });
  expect(error).toMatchObject({ name: 'TensorBundleError', code: 'ERR_NO_SPACE' });
  expect(filesOf(prefix)).toEqual(before);
  expect(await savedAt(prefix, true)).toBe(1);
  expect(faulty.openDescriptors()).toBe(0);
});
