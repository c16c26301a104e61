/** What must not be replaced by a directory that is saved as a whole: it is refused, and nothing is touched. */
import '../crash/fault-engine.js';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { nextCall } from '../../src/commit/call-order.js';
import { saveDirectory } from '../../src/commit/directories/directory-save.js';
import { isSavedModelFile } from '../../src/training/savedmodel/stored/own-files.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { modelAt, saveModelAt, stateOf } from './saved-files.js';

const scratch = new Scratch('refused');
afterEach(() => faulty.setFaults(null));
afterAll(() => expect(faulty.openDescriptors()).toBe(0));

const place = (): { parent: string; path: string } => {
  const parent = scratch.directory();
  return { parent, path: join(parent, 'm') };
};

/** Why a small file system cannot be mounted here; null if it is mounted. */
function mounted(at: string, options = 'size=2m'): string | null {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tensorbundle-test', at], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return `mounting is not permitted here: ${(error as Error).message.split('\n')[0]}`;
  }
}

describe('what is in the way', () => {
  const outside = scratch.directory('outside');
  writeFileSync(join(outside, 'variables.index'), 'kept');
  const ways: [string, (path: string) => string][] = [
    ['a file', path => touched(join(path, 'notes.txt'))],
    ['a hidden file', path => touched(join(path, '.gitkeep'))],
    ['a directory', path => made(join(path, 'run-1'))],
    ['a file in variables', path => touched(join(path, 'variables/checkpoint'))],
    ['a data file of another checkpoint', path => touched(join(path, 'variables/other.data-00000-of-00001'))],
    ['a directory with the name of a data file', path => made(join(path, 'variables/variables.data-00003-of-00009'))],
    ['an asset', path => touched(join(path, 'assets/vocabulary.txt'))],
    ['a directory called saved_model.pb', path => made(join(path, 'keras_metadata.pb'))],
    ['a file called assets', path => touched(join(path, 'assets'))],
    ['a link to a file', path => linked(join(outside, 'variables.index'), join(path, 'variables/variables.index'))],
    ['a link to a directory', path => linked(outside, join(path, 'variables'))],
    ['a dangling link', path => linked(join(outside, 'none'), join(path, 'fingerprint.pb'))],
    ['a FIFO', path => fifo(join(path, 'saved_model.pb'))],
  ];

  it.each(ways)('%s', async (_, put) => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    const entry = put(path);
    const before = [...stateOf(parent), ...stateOf(outside)];
    await expect(saveModelAt(path, 2)).rejects.toMatchObject({
      code: 'ERR_EXISTS',
      path: entry,
      message: expect.stringContaining(entry),
    });
    expect([...stateOf(parent), ...stateOf(outside)]).toEqual(before);
  });

  it('a file, a link or a FIFO under the name of the directory', async () => {
    for (const put of [touched, fifo, (path: string) => linked(outside, path), (path: string) => linked('no', path)]) {
      const { parent, path } = place();
      put(path);
      const before = stateOf(parent);
      await expect(saveModelAt(path, 2)).rejects.toMatchObject({ code: 'ERR_EXISTS', path });
      expect(stateOf(parent)).toEqual(before);
    }
  });

  it('this process works in it', async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    const before = stateOf(parent);
    const here = process.cwd();
    try {
      for (const below of ['.', 'variables', 'assets']) {
        process.chdir(join(path, below));
        for (const spelled of [path, below === '.' ? '.' : '..']) {
          const wanted = { code: 'ERR_EXISTS', message: expect.stringContaining('working directory') };
          await expect(saveModelAt(spelled, 2)).rejects.toMatchObject(wanted);
        }
      }
    } finally {
      process.chdir(here);
    }
    expect(stateOf(parent)).toEqual(before);
  });

  it('a mount point, also in it', async ({ skip }) => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    for (const at of [path, join(path, 'assets')]) {
      const reason = mounted(at);
      if (reason !== null) skip(reason);
      try {
        await expect(saveModelAt(path, 2)).rejects.toMatchObject({ code: 'ERR_EXISTS', path: at });
      } finally {
        execFileSync('umount', [at]);
      }
    }
    expect(await modelAt(path)).toBe(1);
    expect(readdirSync(parent)).toEqual(['m']);
  });

  it.each(['EBUSY', 'EXDEV'])('the system refuses with %s', async errno => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    const before = stateOf(parent);
    faulty.setFaults([{ at: 2, syscall: 'renameat2', action: 'error', errno }]);
    await expect(saveModelAt(path, 2)).rejects.toMatchObject({ code: 'ERR_EXISTS', path });
    faulty.setFaults(null);
    expect(stateOf(parent)).toEqual(before);
  });

  it('what came while the save was running', async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    const entry = join(path, 'notes.txt');
    await expect(saveModelAt(path, 2, { onWritten: () => writeFileSync(entry, '') })).rejects.toMatchObject({
      code: 'ERR_EXISTS',
      path: entry,
    });
    rmSync(entry);
    expect(await modelAt(path)).toBe(1);
    expect(readdirSync(parent)).toEqual(['m']);
    const fresh = join(parent, 'fresh');
    await expect(saveModelAt(fresh, 2, { onWritten: () => writeFileSync(fresh, '') })).rejects.toMatchObject({
      code: 'ERR_EXISTS',
    });
    expect(readdirSync(parent).sort()).toEqual(['fresh', 'm']);
  });
});

describe('no room for both', () => {
  it.for([false, true])(
    'a full disk: the old model stays, and nothing is left (in place: %s)',
    async (isInPlace, { skip }) => {
      const { parent, path } = place();
      const reason = mounted(parent);
      if (reason !== null) skip(reason);
      const saveFiles = (byte: number): Promise<void> =>
        saveDirectory(path, { durable: true, call: nextCall() }, isSavedModelFile, async staged => {
          await staged.writeFile('keras_metadata.pb', Buffer.alloc(600_000, byte));
          await staged.writeFile('saved_model.pb', Buffer.alloc(600_000, byte));
        });
      try {
        await saveFiles(1);
        // In place, the directory itself has had other files for a while.
        const files = (): string[] => stateOf(parent).filter(line => !line.startsWith('m '));
        const before = files();
        if (isInPlace) {
          faulty.setFaults([{ at: 1, syscall: 'renameat2', action: 'error', errno: 'EINVAL', sticky: true }]);
        }
        await expect(saveFiles(2)).rejects.toMatchObject({ code: 'ERR_NO_SPACE' });
        expect(files()).toEqual(before);
      } finally {
        execFileSync('umount', [parent]);
      }
    },
  );
});

function touched(path: string): string {
  if (existsSync(path)) rmSync(path, { recursive: true });
  writeFileSync(path, 'x');
  return path;
}

function made(path: string): string {
  if (existsSync(path)) rmSync(path);
  mkdirSync(path);
  return path;
}

function linked(to: string, path: string): string {
  if (existsSync(path)) rmSync(path, { recursive: true });
  symlinkSync(to, path);
  return path;
}

function fifo(path: string): string {
  if (existsSync(path)) rmSync(path);
  execFileSync('mkfifo', [path]);
  return path;
}
