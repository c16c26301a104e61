/** What the options of a save promise: locks, aborts, modes, overwrite, keepPrevious, in-place, durable. */
import '../crash/fault-engine.js';
import {
  chmodSync,
  existsSync,
  linkSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { native } from '../../src/binding.js';
import { CheckpointWriter } from '../../src/index.js';
import { runChild } from '../crash/child.js';
import { filesOf, onlyGeneration, save, savedAt, tensorsOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('options');
const fresh = (): string => join(scratch.directory(), 'model');
const totalOf = (prefix: string): number => filesOf(prefix).length - 1;

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

describe('locks', () => {
  test('a directory that somebody holds: ERR_LOCKED after lockTimeoutMs', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const directory = await native.openDirectory(dirname(prefix));
    expect(await native.tryLock(directory)).toBe(true);
    const start = performance.now();
    await expect(save(prefix, 2, { lockTimeoutMs: 120 })).rejects.toMatchObject({
      code: 'ERR_LOCKED',
      path: dirname(prefix),
    });
    expect(performance.now() - start).toBeGreaterThanOrEqual(115);
    await native.close(directory);
    await save(prefix, 3, { lockTimeoutMs: 0 });
    expect(await savedAt(prefix)).toBe(3);
    onlyGeneration(prefix);
  });

  test('an abort ends the waiting', async () => {
    const prefix = fresh();
    const directory = await native.openDirectory(dirname(prefix));
    await native.tryLock(directory);
    const reason = new Error('enough');
    const abort = new AbortController();
    const saving = save(prefix, 1, { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 30);
    await expect(saving).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason });
    await native.close(directory);
    expect(readdirSync(dirname(prefix))).toEqual([]);
  });

  test('a save that goes on is not taken for dead', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    let go = (): void => undefined;
    const gate = new Promise<void>(resolve => {
      go = resolve;
    });
    const slow = new CheckpointWriter(prefix);
    slow.add('layer/bias', { dtype: 'int32', shape: [], data: () => gate.then(() => Int32Array.of(2)) });
    const finished = slow.finish();
    while (!filesOf(prefix).some(name => name.includes('.data-') && !name.endsWith('00001')))
      await new Promise(setImmediate);
    await save(prefix, 3);
    expect(filesOf(prefix).some(name => name.includes('.intent-'))).toBe(true);
    go();
    await finished;
    onlyGeneration(prefix);
  });
});

describe('overwrite', () => {
  test("'error' leaves what is there alone", async () => {
    const prefix = fresh();
    await save(prefix, 1, { overwrite: 'error' });
    const before = filesOf(prefix);
    await expect(save(prefix, 2, { overwrite: 'error' })).rejects.toMatchObject({
      code: 'ERR_EXISTS',
      path: `${prefix}.index`,
    });
    expect(filesOf(prefix)).toEqual(before);
    expect(await savedAt(prefix)).toBe(1);
  });

  test("'in-place' keeps the names and leaves linked copies as they were", async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const names = filesOf(prefix);
    const copy = join(scratch.directory(), 'linked');
    for (const name of names) linkSync(join(dirname(prefix), name), copy + name.slice('model'.length));
    const shard = statSync(`${prefix}.data-00000-of-00001`).ino;
    await save(prefix, 2, { overwrite: 'in-place' });
    expect(filesOf(prefix)).toEqual(names);
    expect(await savedAt(prefix)).toBe(2);
    expect(await savedAt(copy)).toBe(1);
    expect(statSync(`${prefix}.data-00000-of-00001`).ino).not.toBe(shard);
  });

  test('keepPrevious keeps exactly one generation', async () => {
    const prefix = fresh();
    for (let k = 1; k <= 4; k++) {
      const before = filesOf(prefix).filter(name => name.includes('.data-'));
      await save(prefix, k, { keepPrevious: true });
      const now = filesOf(prefix);
      if (k === 2) for (const name of before) expect(now).toContain(name);
      expect(new Set(now.filter(name => name.includes('.data-')).map(name => name.slice(-5))).size).toBe(
        Math.min(k, 2),
      );
    }
    await save(prefix, 5);
    onlyGeneration(prefix);
    expect(await savedAt(prefix)).toBe(5);
  });

  test('the same overwrite gives the same bytes', async () => {
    const contents = await Promise.all(
      [1, 2].map(async () => {
        const prefix = fresh();
        for (let k = 1; k <= 5; k++) await save(prefix, k, { shards: 2 });
        return filesOf(prefix).map(name => [name, readFileSync(join(dirname(prefix), name)).toString('hex')]);
      }),
    );
    expect(contents[0]).toEqual(contents[1]);
  });
});

describe('modes', () => {
  test('those of the old files are kept, also against the umask', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    for (const name of filesOf(prefix)) chmodSync(join(dirname(prefix), name), 0o666);
    const umask = process.umask(0o077);
    try {
      await save(prefix, 2);
      for (const name of filesOf(prefix)) expect(statSync(join(dirname(prefix), name)).mode & 0o777).toBe(0o666);
      const other = fresh();
      await save(other, 1);
      for (const name of filesOf(other)) expect(statSync(join(dirname(other), name)).mode & 0o777).toBe(0o600);
    } finally {
      process.umask(umask);
    }
  });
});

describe('durable: false', () => {
  test('never removes a durable generation, and the next durable save removes all before it', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const durable = filesOf(prefix).filter(name => name.includes('.data-'));
    for (let k = 2; k <= 6; k++) {
      await save(prefix, k, { durable: false });
      for (const name of durable) expect(filesOf(prefix)).toContain(name);
      // The durable one, and one more: what this process wrote without syncing is replaced.
      expect(totalOf(prefix)).toBeLessThanOrEqual(6);
      expect(await savedAt(prefix)).toBe(k);
    }
    await save(prefix, 7);
    onlyGeneration(prefix);
  });

  test('keeps what another process wrote', async () => {
    const prefix = fresh();
    const child = await runChild({ prefix, tensors: tensorsOf(1), options: { durable: false } });
    expect(child.code).toBeUndefined();
    const theirs = filesOf(prefix).filter(name => name.includes('.data-'));
    await save(prefix, 2, { durable: false });
    for (const name of theirs) expect(filesOf(prefix)).toContain(name);
  });

  test('syncs nothing', async () => {
    const prefix = fresh();
    faulty.setFaults([]);
    await save(prefix, 1, { durable: false });
    expect(faulty.operations().filter(({ syscall }) => /sync/.test(syscall))).toEqual([]);
  });
});

describe('files that Python left', () => {
  test('those older than the index go; younger ones, of a writer at work, stay', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const index = statSync(`${prefix}.index`).mtimeMs / 1000;
    const older = `${prefix}.data-00000-of-00007`;
    const younger = `${prefix}.data-00000-of-00009`;
    writeFileSync(older, 'x');
    utimesSync(older, index - 10, index - 10);
    writeFileSync(younger, 'y');
    utimesSync(younger, index + 10, index + 10);
    await save(prefix, 2);
    expect(existsSync(older)).toBe(false);
    expect(existsSync(younger)).toBe(true);
    expect(await savedAt(prefix)).toBe(2);
  });

  test('nothing else is ever removed', async () => {
    const prefix = fresh();
    await save(prefix, 1);
    const others = [
      'modelX.data-00000-of-00001',
      'model.data-0-of-1',
      'model.data-00000-of-00001.bak',
      'model.indexer',
      'model.data-00002-of-00002',
      'model.index.intent-00001-xyz',
    ];
    for (const name of others) {
      writeFileSync(join(dirname(prefix), name), 'keep');
      utimesSync(join(dirname(prefix), name), 1, 1);
    }
    await save(prefix, 2);
    await save(prefix, 3);
    for (const name of others) expect(readFileSync(join(dirname(prefix), name), 'utf8')).toBe('keep');
  });

  test('a checkpoint that was moved into place is overwritten as any other', async () => {
    const prefix = fresh();
    await save(prefix, 1, { shards: 2 });
    const moved = fresh();
    for (const name of filesOf(prefix)) renameSync(join(dirname(prefix), name), join(dirname(moved), name));
    await save(moved, 2, { shards: 2 });
    expect(await savedAt(moved)).toBe(2);
    onlyGeneration(moved);
  });
});
