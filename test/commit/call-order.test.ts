/**
 * Of saves to one place that nobody waits for, the last that was called stays; those to other places do not wait for
 * each other.
 */
import '../crash/fault-engine.js';
import { readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { native } from '../../src/binding.js';
import {
  CheckpointReader,
  CheckpointWriter,
  checkpointExists,
  copyCheckpoint,
  latestCheckpoint,
  latestValidCheckpoint,
  loadVariable,
  readCheckpointState,
  updateCheckpointState,
  verifyCheckpoint,
  type WriterOptions,
} from '../../src/index.js';
import { Checkpoint, CheckpointManager } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('call-order');
// A manager looks at its directory while its constructor has long thrown.
afterEach(() => vi.waitFor(() => expect(faulty.openDescriptors()).toBe(0)));

/** A save that hands its data over when it is told to. */
function held(prefix: string | URL, value: number, options: WriterOptions = {}) {
  let release = (): void => undefined;
  const gate = new Promise<void>(resolve => {
    release = resolve;
  });
  const writer = new CheckpointWriter(prefix, { durable: false, ...options });
  const data = async () => {
    await gate;
    return Float32Array.of(value);
  };
  writer.add('v', { dtype: 'float32', shape: [1], data });
  return { saved: writer.finish(), release: () => release() };
}
const storedIn = async (prefix: string): Promise<number> => (await loadVariable(prefix, 'v')).data[0] as number;

describe('the older of two saves ends later', () => {
  const spellings: [string, (directory: string) => [string | URL, string | URL]][] = [
    ['one spelling', directory => [join(directory, 'a'), join(directory, 'a')]],
    ['relative and absolute', directory => [relative(process.cwd(), join(directory, 'a')), join(directory, 'a')]],
    ['a file: URL', directory => [pathToFileURL(join(directory, 'a')), join(directory, 'a')]],
    ['a link', directory => [join(directory, 'link', 'a'), join(directory, 'a')]],
  ];
  test.each(spellings)('%s', async (_, spell) => {
    const directory = scratch.directory();
    symlinkSync('.', join(directory, 'link'));
    const [one, other] = spell(directory);
    const older = held(one, 1);
    const newer = held(other, 2);
    newer.release();
    await newer.saved;
    older.release();
    await older.saved;
    const prefix = join(directory, 'a');
    expect(await storedIn(prefix)).toBe(2);
    expect((await verifyCheckpoint(prefix)).ok).toBe(true);
    // Nothing of the other is left, whichever of them chose its number of data files first.
    await using reader = await CheckpointReader.open(prefix);
    const total = String(reader.numShards).padStart(5, '0');
    const rest = readdirSync(directory).filter(
      name => !/^(link|a\.index)$/.test(name) && !name.endsWith(`-of-${total}`),
    );
    expect(rest).toEqual([]);
  });

  test.each(['atomic', 'in-place'] as const)('%s, ten of them, released in any order', async overwrite => {
    const prefix = join(scratch.directory(), 'a');
    const saves = Array.from({ length: 10 }, (_, i) => held(prefix, i, i % 3 === 0 ? { overwrite } : {}));
    for (const i of [3, 9, 1, 7, 5, 0, 8, 2, 6, 4]) {
      saves[i]!.release();
      if (i % 2 === 1 && overwrite === 'atomic') await saves[i]!.saved;
    }
    await Promise.all(saves.map(({ saved }) => saved));
    expect(await storedIn(prefix)).toBe(9);
  });

  describe('an older durable one, and the newer is not', () => {
    async function overtaken(prefix: string, whileLater?: () => void): Promise<unknown> {
      const older = held(prefix, 1, { durable: true });
      const newer = held(prefix, 2);
      newer.release();
      await newer.saved;
      whileLater?.();
      older.release();
      return older.saved.then(
        () => null,
        error => error,
      );
    }
    afterEach(() => faulty.setFaults(null));

    test.each([false, true])('the newer is synced for it; a durable one before: %s', async before => {
      const prefix = join(scratch.directory(), 'a');
      if (before) {
        const first = held(prefix, 0, { durable: true });
        first.release();
        await first.saved;
      }
      // What the newer wrote is synced before the directory is, and only then is the marker that says it is not
      // removed.
      expect(await overtaken(prefix, () => faulty.setFaults([]))).toBeNull();
      const operations = faulty.operations().map(({ syscall, path = '' }) => `${syscall} ${basename(path)}`);
      const names = readdirSync(dirname(prefix));
      expect(names.filter(name => name.includes('unsynced'))).toEqual([]);
      expect(operations).toContain('fsync a.index');
      expect(operations.filter(line => /^fsync a\.data/.test(line)).length).toBeGreaterThan(0);
      faulty.setFaults(null);
      expect(await storedIn(prefix)).toBe(2);
      // From here on it counts as durable: a save without syncs keeps it.
      const next = held(prefix, 3);
      next.release();
      await next.saved;
      expect(readdirSync(dirname(prefix)).filter(name => name.includes('unsynced'))).toHaveLength(1);
    });

    test('one that cannot be synced', async () => {
      const prefix = join(scratch.directory(), 'a');
      const fault = {
        at: 1,
        path: 'a.index',
        syscall: 'fsync',
        notPath: 'intent',
        action: 'error',
        errno: 'EIO',
        sticky: true,
      } as const;
      const error = await overtaken(prefix, () => faulty.setFaults([fault]));
      expect(error).toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
      faulty.setFaults(null);
      expect(await storedIn(prefix)).toBe(2);
    });
  });

  test('it looks after the newer has given up the lock, and before anybody heard of that', async () => {
    const prefix = join(scratch.directory(), 'a');
    const older = held(prefix, 1);
    const newer = held(prefix, 2);
    const real = native.steps.bind(native);
    let heard = (): void => undefined;
    const late = new Promise<void>(resolve => {
      heard = resolve;
    });
    let tell = (): void => undefined;
    const committed = new Promise<void>(resolve => {
      tell = resolve;
    });
    let isFirst = true;
    const spy = vi.spyOn(native, 'steps').mockImplementation(async list => {
      const isCommit = isFirst && list.some(([call]) => call === 'rename') && list.some(([call]) => call === 'unlock');
      if (!isCommit) return real(list);
      isFirst = false;
      const result = await real(list);
      tell();
      await late;
      return result;
    });
    try {
      newer.release();
      await committed;
      older.release();
      await older.saved;
      heard();
      await newer.saved;
    } finally {
      spy.mockRestore();
    }
    expect(await storedIn(prefix)).toBe(2);
  });

  test('a newer one whose rename fails does not count', async () => {
    const prefix = join(scratch.directory(), 'a');
    const older = held(prefix, 1);
    const newer = held(prefix, 2);
    faulty.setFaults([{ at: 1, syscall: 'rename', action: 'error', errno: 'EIO' }]);
    newer.release();
    await expect(newer.saved).rejects.toMatchObject({ code: 'ERR_IO' });
    faulty.setFaults(null);
    older.release();
    await older.saved;
    expect(await storedIn(prefix)).toBe(1);
  });

  test('a newer one whose rename reports an error, but happened, counts', async () => {
    const prefix = join(scratch.directory(), 'a');
    const older = held(prefix, 1);
    const newer = held(prefix, 2);
    const real = native.steps.bind(native);
    // As on a network file system whose server renamed the file, and whose answer was lost.
    const spy = vi.spyOn(native, 'steps').mockImplementation(async list => {
      const at = list.findIndex(([call]) => call === 'rename');
      if (at >= 0) await real(list.slice(0, at + 1));
      return real(list);
    });
    try {
      newer.release();
      await expect(newer.saved).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
    } finally {
      spy.mockRestore();
    }
    older.release();
    await older.saved;
    expect(await storedIn(prefix)).toBe(2);
  });

  test('a newer one that could not be synced counts, and an older durable one does not claim that it was', async () => {
    const prefix = join(scratch.directory(), 'a');
    const older = held(prefix, 1, { durable: true });
    const newer = held(prefix, 2, { durable: true });
    try {
      // The directory is synced before the rename and after it.
      faulty.setFaults([{ at: 2, syscall: 'fsync', notPath: 'a.', action: 'error', errno: 'EIO' }]);
      newer.release();
      await expect(newer.saved).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
      expect(await storedIn(prefix)).toBe(2);
    } finally {
      faulty.setFaults(null);
    }
    older.release();
    await expect(older.saved).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
    expect(await storedIn(prefix)).toBe(2);
  });

  test('a newer one that fails does not count', async () => {
    const prefix = join(scratch.directory(), 'a');
    const older = held(prefix, 1);
    const controller = new AbortController();
    const newer = held(prefix, 2, { signal: controller.signal });
    controller.abort();
    newer.release();
    await expect(newer.saved).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    older.release();
    await older.saved;
    expect(await storedIn(prefix)).toBe(1);
  });

  test('a copy that was called later', async () => {
    const directory = scratch.directory();
    const source = held(join(directory, 'source'), 7);
    source.release();
    await source.saved;
    const older = held(join(directory, 'a'), 1);
    await copyCheckpoint(join(directory, 'source'), join(directory, 'a'), { durable: false });
    older.release();
    await older.saved;
    expect(await storedIn(join(directory, 'a'))).toBe(7);
  });

  test('another prefix does not wait', async () => {
    const directory = scratch.directory();
    const older = held(join(directory, 'a'), 1);
    const other = held(join(directory, 'b'), 2);
    other.release();
    await other.saved;
    older.release();
    await older.saved;
    expect([await storedIn(join(directory, 'a')), await storedIn(join(directory, 'b'))]).toEqual([1, 2]);
  });
});

test('a prefix that is called as the state file is another place', async () => {
  const directory = scratch.directory();
  const older = held(join(directory, 'checkpoint'), 1);
  await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'other'), durable: false });
  older.release();
  await older.saved;
  expect(await storedIn(join(directory, 'checkpoint'))).toBe(1);
});

test('the state file names what was named last, however many updates are on their way', async () => {
  const directory = scratch.directory();
  const updates = Array.from({ length: 20 }, (_, i) =>
    updateCheckpointState(directory, { modelCheckpointPath: join(directory, `c-${i}`), durable: i % 2 === 0 }),
  );
  await Promise.all(updates);
  expect(basename((await readCheckpointState(directory))!.modelCheckpointPath)).toBe('c-19');
});

test('what is known of a stored state file is of the file that was written, not of what has replaced it', async () => {
  const directory = scratch.directory();
  faulty.setFaults([]);
  await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'a') });
  const looks = faulty.operations().map(({ syscall, path = '' }) => `${syscall} ${basename(path).replace(/-.*/, '')}`);
  faulty.setFaults(null);
  const renamed = looks.findIndex(line => line.startsWith('rename'));
  expect(looks.slice(0, renamed)).toContain('stat checkpoint.tmp');
  expect(looks.slice(renamed).filter(line => line.startsWith('stat'))).toEqual([]);
});

describe('what cannot be read is not absent', () => {
  async function prepared(): Promise<string> {
    const directory = scratch.directory();
    const one = held(join(directory, 'ckpt-7'), 7);
    one.release();
    await one.saved;
    await updateCheckpointState(directory, { modelCheckpointPath: join(directory, 'ckpt-7'), durable: false });
    return directory;
  }
  afterEach(() => faulty.setFaults(null));

  test.each([
    ['EACCES', 'checkpoint', 'ERR_PERMISSION'],
    ['EIO', 'checkpoint', 'ERR_IO'],
    ['EACCES', 'ckpt-7.index', 'ERR_PERMISSION'],
  ])('%s of %s', async (errno, path, code) => {
    const directory = await prepared();
    expect(await latestCheckpoint(directory)).toBe(join(directory, 'ckpt-7'));
    faulty.setFaults([{ at: 1, path, action: 'error', errno, sticky: true }]);
    await expect(latestCheckpoint(directory)).rejects.toMatchObject({ code });
    await expect(latestValidCheckpoint(directory)).rejects.toMatchObject({ code });
    await expect(checkpointExists(directory)).rejects.toMatchObject({ code });
    if (path === 'checkpoint') {
      const checkpoint = new Checkpoint({ none: {} });
      expect(() => new CheckpointManager(checkpoint, directory, { maxToKeep: 1 })).toThrow(
        expect.objectContaining({ code }),
      );
    }
  });

  test.each([
    ['', /names no checkpoint/],
    ['\n', /names no checkpoint/],
    ['model_checkpoint_path: ""\n', /names no checkpoint/],
    ['model_checkpoint_path: "gone-3"\n', /gone-3, which is not there/],
    ['model_checkpoint_path: "gs://bucket/x-3"\n', /x-3, which is not there/],
    ['garbage', /the state file is ignored/],
  ])('a state file of %j is null with a warning', async (text, message) => {
    const directory = await prepared();
    writeFileSync(join(directory, 'checkpoint'), text);
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    try {
      expect(await latestCheckpoint(directory)).toBeNull();
      expect(warned.mock.calls).toEqual([
        [expect.stringMatching(message), expect.objectContaining({ code: 'TENSORBUNDLE_STATE_IGNORED' })],
      ]);
    } finally {
      warned.mockRestore();
    }
  });

  test('absence is null: no directory, no file, a directory that is a file', async () => {
    const directory = await prepared();
    expect(await latestCheckpoint(join(directory, 'none'))).toBeNull();
    expect(await latestCheckpoint(join(directory, 'ckpt-7.index'))).toBeNull();
    expect(await latestCheckpoint(directory, 'other')).toBeNull();
  });
});
