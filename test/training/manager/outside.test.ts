/**
 * What a manager removes: only what lies directly in its directory under a name of its own, whatever the state file and
 * the ledger say. TensorFlow's manager removes all that its file names; where ours does not, ours is right.
 */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TensorBundleError } from '../../../src/index.js';
import { BackupAndRestore, keepLatest } from '../../../src/tfjs.js';
import { disk } from './full-disk.js';
import { manage, put, writeLedger, writeState } from './named-files.js';

vi.mock('../../../src/bundle/save-bundle.js', async original =>
  (await import('./full-disk.js')).onDisk(await original()),
);

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

/** Every file below, with its bytes; what the manager itself writes in `run` is left out. */
function snapshot(root: string, without: RegExp): Record<string, string> {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    name => lstatSync(join(root, name)).isFile() && !without.test(name),
  );
  return Object.fromEntries(files.sort().map(name => [name, readFileSync(join(root, name)).toString('base64')]));
}
const MADE = /^run\/(checkpoint(\.tensorbundle)?|ckpt-\d+\..*)$/;

/** Made beside the run: each of these would be removed by who takes a path at its word. */
const VICTIMS = [
  'victim/model',
  'victim/ckpt-1',
  'run/best',
  'run/ckpt-1/x',
  'run/sub/ckpt-7',
  'run2/ckpt-1',
  'ckpt-1',
];
/** What a file may say. Those of the directory itself are not names that the manager makes. */
const HOSTILE = [
  '../victim/model',
  '../victim/ckpt-1',
  '../ckpt-1',
  '../run2/ckpt-1',
  'sub/ckpt-7',
  'out/ckpt-1',
  'sub/../../ckpt-1',
  'ckpt-1/../../ckpt-1',
  'ckpt-1/x',
  'best',
  'best.index',
  './best',
  '../run/best',
  '',
  '.',
  '..',
  '/',
  'ckpt-',
  'ckpt-01',
  'ckpt-00',
  'ckpt-+1',
  'ckpt--1',
  'ckpt-1e3',
  'ckpt-0x1',
  'ckpt-1 ',
  ' ckpt-1',
  'ckpt-1\n',
  'ckpt-1.index',
  'ckpt-1.data-00000-of-00001',
  'CKPT-1',
  'ckpt-١',
  'ckpt-１',
  'сkpt-1',
  'ckpt-*',
  'ckpt-?',
  'ckpt-9223372036854775808',
  `ckpt-${'9'.repeat(100)}`,
  'xckpt-1',
  'ckpt-1x',
];
const nameable = (path: string): boolean =>
  path !== '' && !/(^|\/)\.{0,2}$/.test(path) && !path.includes('..') && Buffer.byteLength(basename(path)) < 200;

describe('names in files', () => {
  async function prepared(): Promise<{ root: string; run: string }> {
    const { root, run } = fresh();
    for (const victim of VICTIMS) await put(join(root, victim));
    symlinkSync('../victim', join(run, 'out'));
    for (const path of HOSTILE) if (nameable(path)) await put(join(run, path));
    return { root, run };
  }

  it('of the state file: nothing outside goes, nor what is not its own', async () => {
    const { root, run } = await prepared();
    const absolute = HOSTILE.filter(path => path !== '').map(path => (path === '/' ? path : `${run}/${path}`));
    writeState(run, ...HOSTILE, ...absolute, join(root, 'victim/model'), '../victim/model');
    const before = snapshot(root, MADE);
    const manager = manage(run);
    expect(manager.checkpoints.length).toBeGreaterThan(HOSTILE.length);
    await manager.save({ checkpointNumber: 500 });
    await manager.save({ checkpointNumber: 501 });
    expect(snapshot(root, MADE)).toEqual(before);
    // They have left the books; its own goes as ever.
    expect(manager.kept.map(({ path }) => relative(run, path))).toEqual(['ckpt-501']);
    expect(existsSync(join(run, 'ckpt-500.index'))).toBe(false);
    expect(readFileSync(join(run, 'checkpoint'), 'utf8')).not.toContain('victim');
  }, 60_000);

  it('of the ledger', async () => {
    const { root, run } = await prepared();
    writeLedger(run, [
      ...HOSTILE.map(path => ({ path })),
      { path: join(root, 'victim/model') },
      { path: '../victim/ck\0pt-1' },
      { path: '../vic\0tim/ckpt-1' },
    ]);
    const before = snapshot(root, MADE);
    const manager = manage(run, { maxToKeep: 5, retention: [keepLatest(1)] });
    await manager.save({ checkpointNumber: 500 });
    expect(snapshot(root, MADE)).toEqual(before);
    expect(manager.kept.map(({ path }) => relative(run, path))).toEqual(['ckpt-500']);
  }, 60_000);

  it('are no pattern: a name with signs of a regular expression or a glob', async () => {
    const { run } = fresh();
    for (const name of ['a.*-1', 'axx-1', 'a.b-1', 'axb-1']) await put(join(run, name));
    writeState(run, 'axx-1', 'axb-1', 'a.*-1', 'a.b-1');
    await manage(run, { checkpointName: 'a.*' }).save();
    expect(readdirSync(run).filter(name => name.endsWith('.index'))).toEqual([
      'a.*-1.index',
      'a.b-1.index',
      'axb-1.index',
      'axx-1.index',
    ]);
    await manage(run, { checkpointName: 'a.*' }).save({ checkpointNumber: 2 });
    expect(readdirSync(run).filter(name => name.startsWith('a.*') && name.endsWith('.index'))).toEqual(['a.*-2.index']);
  });

  it("a name that ends like a data file's is never taken for the checkpoint of that file", async () => {
    const { run } = fresh();
    await put(join(run, 'x'));
    writeState(run, 'x.data-00000-of-12345', 'x.data-00000-of-12346');
    await manage(run, { checkpointName: 'x.data-00000-of' }).save();
    expect(existsSync(join(run, 'x.index'))).toBe(true);
    expect(existsSync(join(run, 'x.data-00000-of-00001'))).toBe(true);
  });

  it('the newest may lie outside: it is restored, as in TensorFlow, and never removed', async () => {
    const { root, run } = fresh();
    const archive = manage(join(root, 'archive'));
    const path = (await archive.save())!;
    writeState(run, '../archive/ckpt-1');
    const manager = manage(run);
    expect(await manager.restoreOrInitialize()).toBe(path);
    for (const durable of [true, false]) await manager.save({ durable });
    await manager.save();
    expect(readdirSync(join(root, 'archive')).sort()).toEqual([
      'checkpoint',
      'ckpt-1.data-00000-of-00001',
      'ckpt-1.index',
    ]);
    expect(readdirSync(run).filter(name => name.endsWith('.index'))).toEqual(['ckpt-4.index']);
  });

  it('a pin of a path outside holds, also over restarts', async () => {
    const { root, run } = fresh();
    await put(join(root, 'archive', 'good'));
    writeState(run, '../archive/good');
    const first = manage(run);
    const [path] = first.checkpoints;
    await first.pin(path!);
    for (let i = 0; i < 3; i++) {
      const manager = manage(run);
      expect(manager.kept.filter(({ pinned }) => pinned).map(one => one.path)).toEqual([join(root, 'archive', 'good')]);
      await manager.save({ checkpointNumber: i });
    }
    const last = manage(run);
    await last.unpin(path!);
    await last.save({ checkpointNumber: 9 });
    expect(manage(run).kept.map(({ path }) => path)).toEqual([join(run, 'ckpt-9')]);
    expect(existsSync(join(root, 'archive', 'good.index'))).toBe(true);
  });
});

describe('a full disk', () => {
  it('offers only what may go, and removes nothing else whatever is asked for', async () => {
    const { root, run } = fresh();
    for (const prefix of ['run/ckpt-1', 'run/ckpt-2', 'run/best', 'victim/ckpt-1']) await put(join(root, prefix));
    writeState(run, '../victim/ckpt-1', 'best', 'ckpt-1', 'ckpt-2');
    const before = snapshot(root, /^run\/(checkpoint|ckpt-[123]\.)/);
    const offered: (readonly string[])[] = [];
    const manager = manage(run, {
      maxToKeep: null,
      onLowSpace: ({ removable }) => {
        offered.push(removable);
        return [join(root, 'victim/ckpt-1'), join(run, 'best'), join(run, 'ckpt-2'), join(run, 'ckpt-1')];
      },
    });
    const full = new TensorBundleError('ERR_NO_SPACE', 'the disk is full');
    disk.full = () => (existsSync(join(run, 'ckpt-1.index')) ? full : null);
    await manager.save({ checkpointNumber: 3 });
    disk.full = () => null;
    expect(offered).toEqual([[join(run, 'ckpt-1')]]);
    expect(snapshot(root, /^run\/(checkpoint|ckpt-[123]\.)/)).toEqual(before);
    expect(existsSync(join(run, 'ckpt-2.index'))).toBe(true);
  });
});

describe('BackupAndRestore', () => {
  const [xs, ys] = [tf.ones([4, 2]), tf.ones([4, 1])];
  async function train(backupDir: string, epochs: number, deleteCheckpoint = false): Promise<number> {
    const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
    model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
    const backup = new BackupAndRestore({ backupDir, deleteCheckpoint });
    const { initialEpoch } = await backup.resume(model);
    await model.fit(xs, ys, { epochs, initialEpoch, shuffle: false, verbose: 0, callbacks: [backup] });
    return initialEpoch;
  }

  it('a copied directory whose file names the original by its path leaves that alone', async () => {
    const { root } = fresh();
    const [original, copy] = [join(root, 'original'), join(root, 'copy')];
    await train(original, 1);
    cpSync(original, copy, { recursive: true });
    const text = readFileSync(join(copy, 'checkpoint'), 'utf8').replaceAll('"backup-', `"${original}/backup-`);
    writeFileSync(join(copy, 'checkpoint'), text);
    const before = snapshot(original, /^$/);
    expect(await train(copy, 2)).toBe(1);
    expect(await train(copy, 3, true)).toBe(2);
    expect(snapshot(original, /^$/)).toEqual(before);
    expect(existsSync(join(copy, 'checkpoint'))).toBe(false);
  }, 60_000);

  it.each([
    ['damaged', (file: string): void => writeFileSync(file, '{{')],
    ['gone', (file: string): void => rmSync(file)],
    ['empty', (file: string): void => writeFileSync(file, '')],
    ['without a latest', (file: string): void => writeFileSync(file, 'last_preserved_timestamp: 1.0\n')],
  ])(
    'a backup that was found without the state file (%s) goes as any other: no new training resumes a finished one',
    async (_, spoil) => {
      const { root } = fresh();
      const run = join(root, 'b');
      const backups = (): string[] => readdirSync(run).filter(name => name.endsWith('.index'));
      for (const epochs of [1, 2, 3]) {
        expect(await train(run, epochs)).toBe(epochs - 1);
        expect(backups()).toEqual([`backup-${epochs}.index`]);
        spoil(join(run, 'checkpoint'));
      }
      // One that nothing has restored goes too.
      cpSync(join(run, 'backup-3.index'), join(run, 'backup-1.index'));
      expect(await train(run, 4, true)).toBe(3);
      expect(readdirSync(run)).toEqual([]);
      expect(await train(run, 1, true)).toBe(0);
      writeFileSync(join(run, 'checkpoint'), '');
      expect(await train(run, 1, true)).toBe(0);
    },
    60_000,
  );

  it('a backup that is named and gone: the error says what to do', async () => {
    const { root } = fresh();
    const run = join(root, 'b');
    mkdirSync(run);
    writeState(run, 'backup-9');
    await expect(train(run, 1)).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
      message: expect.stringContaining('remove the directory to begin anew'),
    });
  });

  it('deleteCheckpoint removes its own backups and files, and nothing that these name', async () => {
    const { root } = fresh();
    const run = join(root, 'b');
    await train(run, 1);
    const [own] = readdirSync(run)
      .filter(name => name.endsWith('.index'))
      .map(name => name.slice(0, -6));
    for (const prefix of ['victim/backup-7', 'victim2/any', 'b/best']) await put(join(root, prefix));
    writeState(run, '../victim/backup-7', 'best', own!);
    writeLedger(run, [{ path: '../victim2/any' }]);
    const before = snapshot(root, /^b\/(checkpoint|backup-)/);
    expect(await train(run, 1, true)).toBe(1);
    expect(snapshot(root, /^b\/(checkpoint|backup-)/)).toEqual(before);
    expect(readdirSync(run).sort()).toEqual(['best.data-00000-of-00001', 'best.index']);
  }, 60_000);
});
