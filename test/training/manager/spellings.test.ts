/**
 * Other spellings of a manager's directory, links to it, and a process or a directory that moves: each is the same
 * place.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { manage, put, writeLedger, writeState } from './named-files.js';

let scratch: string;
let runs = 0;
const home = process.cwd();
beforeAll(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-outside-')));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => {
  process.chdir(home);
  vi.restoreAllMocks();
});

/** A root with a directory `run` for the manager. */
function fresh(): { root: string; run: string } {
  const root = join(scratch, String(++runs));
  mkdirSync(join(root, 'run'), { recursive: true });
  return { root, run: join(root, 'run') };
}

describe('other spellings of the directory', () => {
  const left = (run: string): string[] => readdirSync(run).filter(name => name.endsWith('.index'));

  it.each([
    ['its absolute path', ({ run }: { run: string }) => [run, `${run}/ckpt-1`]],
    ['a trailing slash', ({ run }: { run: string }) => [`${run}/`, `${run}/ckpt-1`]],
    ['up and down', ({ run }: { run: string }) => [run, '../run/ckpt-1']],
    [
      'a manager through a link',
      ({ root, run }: { root: string; run: string }) => [join(root, 'link'), `${run}/ckpt-1`],
    ],
    ['a file through a link', ({ root, run }: { root: string; run: string }) => [run, `${root}/link/ckpt-1`]],
    [
      'a relative manager',
      ({ root, run }: { root: string; run: string }) => {
        process.chdir(root);
        return ['run', `${run}/ckpt-1`];
      },
    ],
  ] as const)('%s: what is inside is swept', async (_, spell) => {
    const place = fresh();
    symlinkSync(place.run, join(place.root, 'link'));
    await put(join(place.run, 'ckpt-1'));
    const [directory, named] = spell(place) as [string, string];
    writeState(place.run, named);
    const manager = manage(directory);
    // Own paths have the spelling that the manager was given, where the text alone tells; through a link they stay as
    // they are.
    const isSameText = resolve(directory, named).startsWith(`${resolve(directory)}/`);
    expect(manager.latestCheckpoint).toBe(isSameText ? join(directory, 'ckpt-1') : named);
    await manager.save({ checkpointNumber: 2 });
    expect(left(place.run)).toEqual(['ckpt-2.index']);
  });

  it('two spellings of one checkpoint: it stays while one of them does', async () => {
    const { run } = fresh();
    symlinkSync('.', join(run, 'here'));
    await put(join(run, 'ckpt-1'));
    writeState(run, 'here/ckpt-1');
    const manager = manage(run);
    await manager.save({ checkpointNumber: 1 });
    expect(left(run)).toEqual(['ckpt-1.index']);
    writeState(run, 'here/ckpt-1', 'ckpt-1');
    const pinning = manage(run, { maxToKeep: 2 });
    await pinning.pin(join(run, 'ckpt-1'));
    await pinning.save({ checkpointNumber: 2 });
    await pinning.save({ checkpointNumber: 3 });
    expect(left(run)).toEqual(['ckpt-1.index', 'ckpt-2.index', 'ckpt-3.index']);
  });

  it.each(['run', './run/', `${'../'.repeat(12)}ROOT/run`, 'link'])(
    'a manager of %s: an absolute state file, and the same numbers again, count once',
    async given => {
      const { root, run } = fresh();
      symlinkSync('run', join(root, 'link'));
      process.chdir(root);
      for (const number of [1, 2, 3]) await put(join(run, `ckpt-${number}`));
      const directory = given.replace('/ROOT', root);
      const way = given === 'link' ? join(root, 'link') : run;
      writeState(run, `${way}/ckpt-1`, `${way}/ckpt-2`, `${way}/ckpt-3`);
      writeLedger(run, [{ path: `${way}/ckpt-1`, pinned: true }]);
      const manager = manage(directory, { maxToKeep: 3 });
      await manager.save({ checkpointNumber: 3 });
      expect(left(run)).toEqual([1, 2, 3].map(number => `ckpt-${number}.index`));
      expect(manager.checkpoints.map(path => basename(path))).toEqual(['ckpt-1', 'ckpt-2', 'ckpt-3']);
      expect(
        readFileSync(join(run, 'checkpoint'), 'utf8').match(/^all_model_checkpoint_paths.*ckpt-3"/gm),
      ).toHaveLength(1);
      await manager.save({ checkpointNumber: 4 });
      expect(manager.checkpoints).toHaveLength(3);
      await manager.unpin(join(run, 'ckpt-1'));
      await manager.save({ checkpointNumber: 5 });
      expect(left(run)).toEqual([3, 4, 5].map(number => `ckpt-${number}.index`));
    },
  );

  it('a pin takes any spelling of what is kept, and says what there is otherwise', async () => {
    const { root, run } = fresh();
    symlinkSync('run', join(root, 'link'));
    process.chdir(root);
    const manager = manage('./run/');
    await manager.save();
    const isPinned = (): boolean => manager.kept[0]!.pinned;
    for (const path of [
      manager.latestCheckpoint!,
      './run/ckpt-1',
      'run//ckpt-1',
      'run/../run/ckpt-1',
      join(run, 'ckpt-1'),
      'link/ckpt-1',
      pathToFileURL(join(run, 'ckpt-1')),
      pathToFileURL(join(run, 'ckpt-1')).href,
      'run/ckpt-1.index',
      join(run, 'ckpt-1.data-00000-of-00001'),
    ]) {
      await manager.pin(path);
      expect(isPinned()).toBe(true);
      await manager.unpin(path);
      expect(isPinned()).toBe(false);
    }
    for (const path of ['ckpt-1', 'run/ckpt-1/', 'run/ckpt-2', 'elsewhere/ckpt-1', 'run/ckpt-1.x'])
      await expect(manager.pin(path)).rejects.toMatchObject({
        code: 'ERR_NOT_FOUND',
        message: expect.stringContaining('it keeps run/ckpt-1'),
      });
  });

  it('a link that is switched under a living manager: what another directory had stays', async () => {
    const { root } = fresh();
    const [first, second, link] = ['A', 'B', 'cur'].map(name => join(root, name)) as [string, string, string];
    mkdirSync(first);
    for (const number of [1, 2, 3, 9]) await put(join(second, `ckpt-${number}`));
    symlinkSync('A', link);
    const manager = manage(link, { maxToKeep: 2 });
    await manager.save();
    await manager.save();
    rmSync(link);
    symlinkSync('B', link);
    for (const number of [10, 11, 12]) await manager.save({ checkpointNumber: number });
    expect(left(first)).toEqual(['ckpt-1.index', 'ckpt-2.index']);
    expect(left(second)).toEqual([1, 11, 12, 2, 3, 9].map(number => `ckpt-${number}.index`));
  });

  it('one that was removed and made again goes on as before', async () => {
    const { root, run } = fresh();
    const manager = manage(run, { maxToKeep: 2 });
    await manager.save();
    renameSync(run, join(root, 'away'));
    for (const number of [2, 3, 4, 5]) await manager.save({ checkpointNumber: number });
    expect(left(run)).toEqual(['ckpt-4.index', 'ckpt-5.index']);
    expect(left(join(root, 'away'))).toEqual(['ckpt-1.index']);
  });

  it('files that are links: the link goes, and never what it points to', async () => {
    const { root, run } = fresh();
    await put(join(root, 'store', 'ckpt-1'));
    for (const name of readdirSync(join(root, 'store'))) symlinkSync(join(root, 'store', name), join(run, name));
    writeState(run, 'ckpt-1');
    await manage(run).save({ checkpointNumber: 2 });
    expect(left(run)).toEqual(['ckpt-2.index']);
    expect(readdirSync(join(root, 'store'))).toHaveLength(2);
    expect(statSync(join(root, 'store', 'ckpt-1.index')).size).toBeGreaterThan(0);
  });

  it('a process that changes its directory: a relative manager stays where it was made', async () => {
    const { root, run } = fresh();
    await put(join(root, 'elsewhere', 'run', 'ckpt-1'));
    process.chdir(root);
    const manager = manage('run');
    await manager.save();
    process.chdir('elsewhere');
    const background = manager.save({ background: true })!;
    expect((await background.durable).prefix).toBe('run/ckpt-2');
    await manager.save();
    expect(await manager.restoreOrInitialize()).toBe('run/ckpt-3');
    expect(left(run)).toEqual(['ckpt-3.index']);
    expect(readdirSync(join(root, 'elsewhere', 'run')).sort()).toEqual(['ckpt-1.data-00000-of-00001', 'ckpt-1.index']);
  });

  it('a directory that was moved, whose file still says the old path', async () => {
    const { root, run } = fresh();
    await put(join(run, 'ckpt-1'));
    writeState(run, `${run}/ckpt-1`);
    renameSync(run, join(root, 'moved'));
    await put(join(run, 'ckpt-1'));
    await manage(join(root, 'moved')).save({ checkpointNumber: 2 });
    expect(left(run)).toEqual(['ckpt-1.index']);
    expect(left(join(root, 'moved'))).toEqual(['ckpt-1.index', 'ckpt-2.index']);
  });
});
