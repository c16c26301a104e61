/**
 * What cannot be judged stays, and is in nobody's way: odd files in the place of an intent, an index that cannot be
 * read.
 */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { removeOrphans } from '../../src/commit/leftovers.js';
import { latestCheckpoint, removeCheckpoint, updateCheckpointState, type WriterOptions } from '../../src/index.js';
import { withDirectory } from '../../src/storage/directory.js';
import { runChild } from '../crash/child.js';
import { filesOf, save, savedAt, tensorsOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { type Fault, faulty } from '../native/fault-binding.js';

async function sweep(prefix: string): Promise<void> {
  await withDirectory(dirname(prefix), opened => removeOrphans(opened, () => true));
}

const DIST = new URL('../../dist/index.js', import.meta.url).href;
const scratch = new Scratch('judging');
const fresh = (): string => join(scratch.directory(), 'model');
const NONCE = '0123456789abcdef';

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

/** Kills a save after its data files were written. */
async function killedSave(prefix: string, options: WriterOptions = {}): Promise<string[]> {
  const before = new Set(filesOf(prefix));
  const faults: Fault[] = [{ at: 1, syscall: 'rename', action: 'kill' }];
  expect((await runChild({ prefix, tensors: tensorsOf(99), options, faults })).killed).toBe(true);
  return filesOf(prefix).filter(name => !before.has(name));
}

describe('in the place of an intent', () => {
  const kinds: Record<string, (path: string) => void> = {
    'a directory': path => mkdirSync(path),
    'a directory with a file in it': path => {
      mkdirSync(path);
      writeFileSync(join(path, 'x'), '');
    },
    'a FIFO': path => execFileSync('mkfifo', [path]),
    'a link to nowhere': path => symlinkSync('nowhere', path),
    'a link out of the directory': path => symlinkSync('/etc/passwd', path),
  };
  test.each(Object.keys(kinds))('%s: saves, removals and clean-ups go on', async kind => {
    const prefix = fresh();
    const odd = `${prefix}.index.intent-00002-${NONCE}`;
    kinds[kind]!(odd);
    for (const options of [{}, {}, { durable: false }, { overwrite: 'in-place' as const }, { shards: 2 }]) {
      await save(prefix, 3, options);
      expect(await savedAt(prefix)).toBe(3);
    }
    await sweep(prefix);
    expect(await savedAt(prefix)).toBe(3);
    await removeCheckpoint(prefix);
    expect(filesOf(prefix).filter(name => name !== basename(odd))).toEqual([]);
    expect(existsSync('/etc/passwd')).toBe(true);
  });

  test('one that may not be opened: its data files stay, and nothing is blocked', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const left = await killedSave(prefix);
    // Root may open everything: the errno is put in its place.
    faulty.setFaults([
      { at: 1, syscall: 'open', path: '.intent-00002-', action: 'error', errno: 'EACCES', sticky: true },
    ]);
    await save(prefix, 2);
    await save(prefix, 3, { durable: false });
    await sweep(prefix);
    faulty.setFaults(null);
    expect(await savedAt(prefix)).toBe(3);
    for (const name of left) expect(filesOf(prefix)).toContain(name);
    await sweep(prefix);
    for (const name of left) expect(filesOf(prefix)).not.toContain(name);
    expect(await savedAt(prefix)).toBe(3);
  });

  test('what may not be removed does not block a save either', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    await killedSave(prefix);
    faulty.setFaults([{ at: 1, syscall: 'unlink', action: 'error', errno: 'EPERM', sticky: true }]);
    await save(prefix, 2);
    await save(prefix, 3);
    faulty.setFaults(null);
    expect(await savedAt(prefix)).toBe(3);
    await save(prefix, 4);
    expect(await savedAt(prefix)).toBe(4);
  });

  test('another user, for real', async ({ skip }) => {
    if (process.getuid?.() !== 0) skip('only root can act as another user');
    const prefix = fresh();
    await save(prefix, 1);
    chmodSync(scratch.path, 0o755);
    chmodSync(dirname(prefix), 0o777);
    const odd = `${prefix}.index.intent-00007-${NONCE}`;
    writeFileSync(odd, '');
    chmodSync(odd, 0);
    const program = `
      const { CheckpointWriter } = await import(${JSON.stringify(DIST)});
      process.setgroups([]); process.setgid(65534); process.setuid(65534);
      const writer = new CheckpointWriter(${JSON.stringify(prefix)});
      writer.add('a', { dtype: 'float32', shape: [1], data: Float32Array.of(5) });
      await writer.finish();`;
    execFileSync(process.execPath, ['--input-type=module', '-e', program], {
      env: { ...process.env, TENSORBUNDLE_BINDING: '' },
    });
    expect(existsSync(odd)).toBe(true);
  });
});

test('odd files in the place of an update of the state file', async () => {
  const directory = scratch.directory();
  mkdirSync(join(directory, `checkpoint.tmp-${NONCE}`));
  execFileSync('mkfifo', [join(directory, `checkpoint.tmp-${NONCE.replace('0', '1')}`)]);
  await save(join(directory, 'model'), 1);
  await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'model') });
  expect(await latestCheckpoint(directory)).toBe(join(directory, 'model'));
});

describe('an index that cannot be read', () => {
  /**
   * A committed checkpoint of total 1 beside a dead intent of total 1: killed in place, then restored from a backup.
   */
  async function committedBesideDeadIntent(): Promise<string> {
    const prefix = fresh();
    await save(prefix, 1);
    const backup = scratch.directory();
    for (const name of filesOf(prefix)) copyFileSync(join(dirname(prefix), name), join(backup, name));
    await killedSave(prefix, { overwrite: 'in-place' });
    expect(filesOf(prefix).some(name => name.includes('.intent-00001-'))).toBe(true);
    for (const name of readdirSync(backup)) copyFileSync(join(backup, name), join(dirname(prefix), name));
    expect(await savedAt(prefix)).toBe(1);
    return prefix;
  }

  test('a clean-up leaves the live data', async () => {
    const prefix = await committedBesideDeadIntent();
    await sweep(prefix);
    expect(await savedAt(prefix)).toBe(1);
    expect(filesOf(prefix).some(name => name.includes('.intent-'))).toBe(false);
  });

  test.each(['pread', 'open', 'stat'])('an error of %s: nothing is removed', async syscall => {
    const prefix = await committedBesideDeadIntent();
    const before = filesOf(prefix);
    faulty.setFaults([{ at: 1, syscall, path: 'model.index', action: 'error', errno: 'EIO', sticky: true }]);
    await sweep(prefix).catch(() => undefined);
    faulty.setFaults(null);
    expect(filesOf(prefix)).toEqual(before);
    expect(await savedAt(prefix)).toBe(1);
  });

  test('every single bit of the header changed, and an index cut short: the live data stays', async () => {
    const prefix = await committedBesideDeadIntent();
    const index = readFileSync(`${prefix}.index`);
    const data = filesOf(prefix).filter(name => name.includes('.data-'));
    for (let bit = 0; bit < 16 * 8; bit++) {
      const damaged = Buffer.from(index);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      writeFileSync(`${prefix}.index`, damaged);
      await sweep(prefix);
      for (const name of data) expect(filesOf(prefix), `bit ${bit}`).toContain(name);
    }
    for (const length of [0, 1, 30, index.length - 1]) {
      writeFileSync(`${prefix}.index`, index.subarray(0, length));
      await sweep(prefix);
      for (const name of data) expect(filesOf(prefix), `${length} bytes`).toContain(name);
    }
    writeFileSync(`${prefix}.index`, index);
    expect(await savedAt(prefix)).toBe(1);
  });

  test('a failed save over it leaves the live data too', async () => {
    const prefix = await committedBesideDeadIntent();
    faulty.setFaults([
      { at: 1, syscall: 'pread', path: 'model.index', action: 'error', errno: 'EIO', sticky: true },
      { at: 1, syscall: 'pwrite', action: 'error', errno: 'ENOSPC' },
    ]);
    await expect(save(prefix, 5)).rejects.toMatchObject({ code: 'ERR_NO_SPACE' });
    faulty.setFaults(null);
    expect(await savedAt(prefix)).toBe(1);
  });

  test('a save without syncs over it keeps everything; a durable one replaces it', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const data = filesOf(prefix).filter(name => name.includes('.data-'));
    const damaged = readFileSync(`${prefix}.index`);
    damaged[2]! ^= 0xff;
    writeFileSync(`${prefix}.index`, damaged);
    await save(prefix, 2, { durable: false });
    for (const name of data) expect(filesOf(prefix)).toContain(name);
    await save(prefix, 3);
    expect(await savedAt(prefix)).toBe(3);
    for (const name of data) expect(filesOf(prefix)).not.toContain(name);
  });
});

test('data that is linked elsewhere and older than everything is judged by intents, not by age alone', async () => {
  const prefix = fresh();
  await save(prefix, 1);
  const name = `${prefix}.data-00000-of-00002`;
  copyFileSync(`${prefix}.data-00000-of-00001`, name);
  utimesSync(name, 1, 1);
  // A save that is alive and has taken over an old file for total 2: as incremental saves will.
  const { native } = await import('../../src/binding.js');
  const directory = await native.openDirectory(dirname(prefix));
  const intent = await native.open(directory, `model.index.intent-00002-${NONCE}`, 'create');
  expect(await native.tryLock(intent!)).toBe(true);
  await save(prefix, 2);
  await save(prefix, 3, { durable: false });
  expect(existsSync(name)).toBe(true);
  await native.close(intent!);
  await native.close(directory);
  await save(prefix, 4);
  // Gone, or taken by the new generation.
  expect(existsSync(name) && statSync(name).mtimeMs < 2000).toBe(false);
  expect(await savedAt(prefix)).toBe(4);
});

describe('in place, errors before anything is unlinked leave the old checkpoint', () => {
  const inPlace: WriterOptions = { overwrite: 'in-place' };

  test.each(['statvfs', 'open', 'flock'])('%s fails', async syscall => {
    const prefix = fresh();
    await save(prefix, 1);
    const path = syscall === 'statvfs' ? '' : '.intent-';
    faulty.setFaults([{ at: 1, syscall, path, action: 'error', errno: 'EIO', sticky: true }]);
    await expect(save(prefix, 2, inPlace)).rejects.toMatchObject({ code: 'ERR_IO' });
    faulty.setFaults(null);
    expect(await savedAt(prefix)).toBe(1);
  });

  test('a directory under the name of a data file', async () => {
    const prefix = fresh();
    await save(prefix, 1, { shards: 2 });
    const before = filesOf(prefix);
    mkdirSync(`${prefix}.data-00002-of-00003`);
    await expect(save(prefix, 2, { ...inPlace, shards: 3 })).rejects.toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT' });
    expect(await savedAt(prefix)).toBe(1);
    for (const name of before) expect(filesOf(prefix)).toContain(name);
  });

  test('a directory under the name of a marker is no marker', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    mkdirSync(`${prefix}.index.unsynced-00001-over-00002`);
    await expect(save(prefix, 2, inPlace)).rejects.toMatchObject({ name: 'TensorBundleError' });
    expect(await savedAt(prefix)).toBe(1);
    await save(prefix, 3);
    expect(await savedAt(prefix)).toBe(3);
  });
});

test('names that no file can have are refused before anything is written', async () => {
  const directory = scratch.directory();
  await expect(save(join(directory, 'n'.repeat(236)), 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  await expect(save(join(directory, 'lone\ud800'), 1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  expect(readdirSync(directory)).toEqual([]);
});
