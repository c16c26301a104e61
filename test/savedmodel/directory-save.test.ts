/** A directory saved as a whole: what is replaced, what is refused, and in which order. */
import '../crash/fault-engine.js';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { locate } from '../../src/bundle/locate.js';
import { openBundle } from '../../src/bundle/open-bundle.js';
import { nextCall } from '../../src/commit/call-order.js';
import { savedAt } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { type Fault, faulty } from '../native/fault-binding.js';
import { modelAt, saveModelAt, stateOf } from './saved-files.js';

const scratch = new Scratch('directories');
afterEach(() => faulty.setFaults(null));
afterAll(() => expect(faulty.openDescriptors()).toBe(0));

const place = (): { parent: string; path: string } => {
  const parent = scratch.directory();
  return { parent, path: join(parent, 'm') };
};

const CANNOT: Fault = { at: 1, syscall: 'renameat2', action: 'error', errno: 'EINVAL', sticky: true };

describe('a save', () => {
  it('replaces what is there, and nothing else is left', async () => {
    const { parent, path } = place();
    for (const [k, shards] of [1, 3, 2, 1].entries()) {
      await saveModelAt(path, k, { shards, durable: k !== 2 });
      expect(await modelAt(path)).toBe(k);
      expect(readdirSync(parent)).toEqual(['m']);
      expect(readdirSync(path).sort()).toEqual([
        'assets',
        'fingerprint.pb',
        'keras_metadata.pb',
        'saved_model.pb',
        'variables',
      ]);
    }
    await saveModelAt(path, 9, { files: ['saved_model.pb'] });
    expect(await modelAt(path, ['saved_model.pb'])).toBe(9);
  });

  it('makes missing parents, and takes an empty directory', async () => {
    const { parent } = place();
    const path = join(parent, 'a/b/m');
    await saveModelAt(path, 1);
    expect(await modelAt(path)).toBe(1);
    mkdirSync(join(parent, 'empty'), { mode: 0o750 });
    await saveModelAt(`${join(parent, 'empty')}/`, 2, { overwrite: 'error' });
    expect(await modelAt(join(parent, 'empty'))).toBe(2);
    expect(statSync(join(parent, 'empty')).mode & 0o777).toBe(0o750);
  });

  it('keeps permissions', async () => {
    const { path } = place();
    await saveModelAt(path, 1, { files: ['saved_model.pb'] });
    const modes: [string, number][] = [
      ['saved_model.pb', 0o600],
      ['variables/variables.index', 0o640],
      ['variables/variables.data-00000-of-00002', 0o604],
      ['variables', 0o711],
      ['assets', 0o500],
      ['.', 0o555],
    ];
    for (const [name, mode] of modes) chmodSync(join(path, name), mode);
    await saveModelAt(path, 2, { onWritten: ({ path: staged }) => expect(statSync(staged).mode & 0o777).toBe(0o755) });
    for (const [name, mode] of modes) expect([name, statSync(join(path, name)).mode & 0o777]).toEqual([name, mode]);
    // New ones, as the first beside them.
    expect(statSync(join(path, 'keras_metadata.pb')).mode & 0o777).toBe(0o600);
    chmodSync(path, 0o700);
    await saveModelAt(path, 3, {
      shards: 3,
      onWritten: ({ path: staged }) => expect(statSync(staged).mode & 0o777).toBe(0o700),
    });
    expect(statSync(join(path, 'variables/variables.data-00002-of-00003')).mode & 0o777).toBe(0o604);
    expect(readdirSync(join(path, '..'))).toEqual(['m']);
  });

  it('syncs everything before the exchange, and the names after it', async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    faulty.setFaults([]);
    let hidden = '';
    await saveModelAt(path, 2, {
      onWritten: staged => {
        hidden = staged.path;
      },
    });
    const done = faulty.operations();
    const commit = done.findLastIndex(({ syscall }) => syscall === 'renameat2');
    expect(done[commit]!.path).toBe(path);
    const synced = done.slice(0, commit).filter(({ syscall }) => /^f(data)?sync$/.test(syscall));
    const files = ['saved_model.pb', 'keras_metadata.pb', 'fingerprint.pb', 'variables/variables.data-00000-of-00002'];
    const directories = ['variables', 'assets'].map(name => join(hidden, name));
    const wanted = [...files.map(name => join(hidden, name)), ...directories, hidden];
    expect(synced.map(one => one.path)).toEqual(expect.arrayContaining(wanted));
    // Nothing is made in it after its last sync.
    const last = done.findLastIndex(one => one.syscall === 'fsync' && one.path === hidden);
    const made = done.slice(last).filter(({ syscall }) => /^(mkdir|pwrite|rename)$/.test(syscall));
    expect(made).toEqual([]);
    const after = done.slice(commit + 1);
    expect(after.find(({ syscall }) => syscall !== 'close')).toMatchObject({ syscall: 'fsync', path: parent });
    expect(after.findIndex(one => /^(unlink|rmdir)$/.test(one.syscall))).toBeGreaterThan(0);
    faulty.setFaults([]);
    await saveModelAt(path, 3, { durable: false });
    expect(
      faulty.operations().filter(({ syscall }) => syscall.includes('sync') && syscall !== 'sync_file_range'),
    ).toEqual([]);
  });

  it("overwrite: 'error'", async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1, { overwrite: 'error' });
    const before = stateOf(parent);
    await expect(saveModelAt(path, 2, { overwrite: 'error' })).rejects.toMatchObject({ code: 'ERR_EXISTS', path });
    expect(stateOf(parent)).toEqual(before);
  });
});

describe('several saves', () => {
  it('the last call wins, in whatever order they end', async () => {
    const { parent, path } = place();
    let release = (): void => undefined;
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    const first = saveModelAt(path, 1, { onWritten: () => held });
    const second = saveModelAt(path, 2, { durable: false });
    await second;
    expect(await modelAt(path)).toBe(2);
    faulty.setFaults([]);
    release();
    await first;
    expect(await modelAt(path)).toBe(2);
    // What the first one promised holds for the second.
    const synced = faulty.operations().filter(one => one.syscall === 'fsync' && one.path?.startsWith(path));
    expect(synced.map(one => one.path)).toEqual(expect.arrayContaining([path, join(path, 'saved_model.pb')]));
    expect(readdirSync(parent)).toEqual(['m']);
  });

  it('many at once, by two spellings', async () => {
    const { parent, path } = place();
    symlinkSync(parent, join(scratch.path, 'alias'));
    const alias = join(scratch.path, 'alias', 'm');
    await Promise.all(Array.from({ length: 8 }, (_, k) => saveModelAt(k % 2 ? alias : path, k)));
    expect(await modelAt(path)).toBe(7);
    expect(readdirSync(parent)).toEqual(['m']);
  });

  it('removes what dead saves left, and not what living ones are writing', async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    await saveModelAt(path, 2, {
      onWritten: async staged => {
        const dead = `.m.new-${'0123456789abcdef'}`;
        mkdirSync(join(parent, dead, 'variables'), { recursive: true });
        writeFileSync(join(parent, dead, 'variables/variables.data-00000-of-00001'), '');
        const others = ['.m.new-zz23456789abcdef', '.n.new-0123456789abcdef', '.m.saving-0'];
        for (const name of others) mkdirSync(join(parent, name));
        await saveModelAt(path, 3);
        expect(existsSync(staged.path)).toBe(true);
        expect(readdirSync(parent).filter(name => /^\.m\.saving-.{16}$/.test(name))).toHaveLength(1);
        expect(readdirSync(parent)).not.toContain(dead);
        for (const name of others) rmSync(join(parent, name), { recursive: true });
      },
    });
    expect(await modelAt(path)).toBe(3);
    expect(readdirSync(parent)).toEqual(['m']);
  });

  it('a save that was taken for dead does not commit', async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    const lost = saveModelAt(path, 2, {
      onWritten: () => {
        for (const name of readdirSync(parent)) if (name.startsWith('.m.saving-')) rmSync(join(parent, name));
      },
    });
    await expect(lost).rejects.toMatchObject({ code: 'ERR_IO' });
    expect(await modelAt(path)).toBe(1);
    expect(readdirSync(parent)).toEqual(['m']);
  });
});

describe('a save that was overtaken by one whose last sync failed', () => {
  it('does not promise what that one could not', async () => {
    const path = join(scratch.directory(), 'm');
    await saveModelAt(path, 1);
    await saveModelAt(path, 2, { onWritten: () => faulty.setFaults([]) });
    const syncs = faulty.operations().filter(({ syscall }) => syscall === 'fsync').length;
    let newer: Promise<void> | undefined;
    const older = saveModelAt(path, 3, {
      onWritten: async () => {
        const fault = { at: syncs, syscall: 'fsync', action: 'error' } as const;
        newer = saveModelAt(path, 4, { onWritten: () => faulty.setFaults([fault]) });
        await expect(newer).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
        faulty.setFaults(null);
      },
    });
    await expect(older).rejects.toMatchObject({ code: 'ERR_DURABILITY_UNCERTAIN' });
    expect(newer).toBeDefined();
    expect(await modelAt(path)).toBe(4);
  });
});

describe('readers', () => {
  it('find one save, whole, while others replace it', async () => {
    const { path } = place();
    await saveModelAt(path, 0);
    let isDone = false;
    const seen = new Set<number>();
    const read = async (): Promise<void> => {
      while (!isDone) seen.add(await savedAt(join(path, 'variables/variables')));
    };
    const write = async (): Promise<void> => {
      for (let k = 1; k <= 20; k++) await saveModelAt(path, k, { durable: false, shards: 1 + (k % 3) });
      isDone = true;
    };
    await Promise.all([read(), read(), write()].map(one => one.finally(() => (isDone = true))));
    expect(seen.size).toBeGreaterThan(3);
  });

  it('that have opened the old directory go on in the new one', async () => {
    const { path } = place();
    await saveModelAt(path, 1);
    const located = await locate(join(path, 'variables/variables'));
    await saveModelAt(path, 2);
    const { index, close } = await openBundle(located);
    expect(index.numShards).toBe(2);
    await close();
    // What is nowhere is not looked for again and again.
    const gone = await locate(join(path, 'variables/variables'));
    rmSync(path, { recursive: true });
    await expect(openBundle(gone)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  });
});

describe('a save that ends early', () => {
  it('aborted, or its files cannot be written: as if it had not been', async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    const before = stateOf(parent);
    const stop = new AbortController();
    const aborted = saveModelAt(path, 2, { signal: stop.signal, onWritten: () => stop.abort() });
    await expect(aborted).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    await expect(saveModelAt(path, 2, { signal: stop.signal })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
    const failing = saveModelAt(path, 2, { onWritten: () => Promise.reject(new Error('mine')) });
    await expect(failing).rejects.toThrow('mine');
    expect(stateOf(parent)).toEqual(before);
    await expect(saveModelAt('/', 2)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });

  it('the directory vanishes meanwhile', async () => {
    const { parent, path } = place();
    await saveModelAt(path, 1);
    await saveModelAt(path, 2, { onWritten: () => renameSync(path, join(parent, 'moved')) });
    expect(await modelAt(path)).toBe(2);
    expect(await modelAt(join(parent, 'moved'))).toBe(1);
  });
});

describe('where directories cannot be exchanged', () => {
  it.each(['EINVAL', 'ENOSYS', 'EOPNOTSUPP', 'EPERM'])('%s: the graph is replaced last', async errno => {
    const { parent, path } = place();
    faulty.setFaults([{ ...CANNOT, errno }]);
    await saveModelAt(path, 1);
    faulty.setFaults([{ ...CANNOT, errno }]);
    await saveModelAt(path, 2);
    const renamed = faulty.operations().filter(({ syscall }) => syscall === 'rename');
    expect(renamed.map(one => one.path)).toEqual(
      ['variables/variables.index', 'keras_metadata.pb', 'fingerprint.pb', 'saved_model.pb'].map(name =>
        join(path, name),
      ),
    );
    expect(await modelAt(path)).toBe(2);
    expect(readdirSync(join(path, 'variables'))).not.toContain('variables.data-00000-of-00002');
    // What the new one has not goes, too.
    await saveModelAt(path, 3, { files: ['saved_model.pb'] });
    expect(await modelAt(path, ['saved_model.pb'])).toBe(3);
    expect(readdirSync(parent)).toEqual(['m']);
  });

  it('the last call wins', async () => {
    const { path } = place();
    await saveModelAt(path, 0);
    faulty.setFaults([CANNOT]);
    await Promise.all([1, 2, 3, 4].map(k => saveModelAt(path, k)));
    expect(await modelAt(path)).toBe(4);
    const early = nextCall();
    await saveModelAt(path, 5);
    await saveModelAt(path, 6, { call: early });
    expect(await modelAt(path)).toBe(5);
  });
});
