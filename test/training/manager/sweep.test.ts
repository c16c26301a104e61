/**
 * What a manager lets go: what cannot be removed fails no save and is tried again, and a sweep is one piece of work.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { removeCheckpoint, TensorBundleError } from '../../../src/index.js';
import { Directory } from '../../../src/storage/directory.js';
import { BackupAndRestore, Checkpoint, CheckpointManager, type ManagerOptions } from '../../../src/tfjs.js';
import { disk } from './full-disk.js';

vi.mock('../../../src/bundle/save-bundle.js', async original =>
  (await import('./full-disk.js')).onDisk(await original()),
);

let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-sweep-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => {
  vi.restoreAllMocks();
  disk.full = () => null;
});

function fresh(): string {
  const directory = join(scratch, String(++runs));
  mkdirSync(directory);
  return directory;
}

function manage(directory: string, options: Partial<ManagerOptions> = {}): CheckpointManager {
  const v = tf.tidy(() => tf.variable(tf.scalar(1)));
  return new CheckpointManager(new Checkpoint({ v }), directory, { maxToKeep: 1, ...options });
}

const left = (directory: string): string[] =>
  readdirSync(directory).filter(name => /^(ckpt|backup)-/.test(name) && !name.includes('.index.'));

/** A directory in the place of a file, which `unlink` refuses; gives what takes it away again. */
function block(file: string): () => void {
  renameSync(file, `${file}.away`);
  mkdirSync(join(file, 'x'), { recursive: true });
  return () => {
    rmSync(file, { recursive: true });
    renameSync(`${file}.away`, file);
  };
}

async function warningsOf(work: () => Promise<unknown>): Promise<Error[]> {
  const heard: (Error & { code?: string })[] = [];
  const listen = (warning: Error): void => void heard.push(warning);
  process.on('warning', listen);
  try {
    await work();
    await new Promise(resolve => setImmediate(resolve));
  } finally {
    process.off('warning', listen);
  }
  return heard.filter(({ code }) => code === 'TENSORBUNDLE_NOT_REMOVED');
}

it.each(['ckpt-1.index', 'ckpt-1.data-00000-of-00001'])(
  'what cannot be removed (%s) fails no save; the others go, and a later save tries again',
  async name => {
    const directory = fresh();
    const before = manage(directory, { maxToKeep: null });
    for (let i = 0; i < 3; i++) await before.save();
    const unblock = block(join(directory, name));
    const manager = manage(directory);
    const warnings = await warningsOf(async () => {
      expect(await manager.save({ checkpointNumber: 4 })).toBe(join(directory, 'ckpt-4'));
      await manager.save({ checkpointNumber: 5, background: true })!.durable;
    });
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining(join(directory, name))]);
    const of = (number: number): string[] => left(directory).filter(file => file.startsWith(`ckpt-${number}.`));
    expect([2, 3, 4].flatMap(of)).toEqual([]);
    expect(of(5)).toHaveLength(2);
    expect(of(1)).not.toEqual([]);
    // Also after a restart.
    unblock();
    await manage(directory).save({ checkpointNumber: 6 });
    expect(left(directory)).toEqual(['ckpt-6.data-00000-of-00001', 'ckpt-6.index']);
    expect(readFileSync(join(directory, 'checkpoint.tensorbundle'), 'utf8')).not.toContain('ckpt-1');
  },
);

it('what onLowSpace chose and cannot be removed stays in the books', async () => {
  const directory = fresh();
  const manager = manage(directory, { maxToKeep: null, onLowSpace: ({ removable }) => removable.slice(0, 1) });
  for (let i = 0; i < 3; i++) await manager.save();
  block(join(directory, 'ckpt-1.index'));
  const full = new TensorBundleError('ERR_NO_SPACE', 'the disk is full');
  disk.full = () => full;
  await expect(manager.save()).rejects.toBe(full);
  expect(manager.kept.map(({ number }) => number)).toEqual([1, 2, 3]);
});

it('onLowSpace is not offered the newest durable one: a power loss would leave nothing', async () => {
  const directory = fresh();
  const offered: (readonly string[])[] = [];
  const onLowSpace: ManagerOptions['onLowSpace'] = ({ removable }) => {
    offered.push(removable);
    return removable;
  };
  const manager = manage(directory, { maxToKeep: null, onLowSpace });
  for (const durable of [true, true, false, false]) await manager.save({ durable });
  disk.full = () => new TensorBundleError('ERR_NO_SPACE', 'full');
  await expect(manager.save({ durable: false })).rejects.toMatchObject({ code: 'ERR_NO_SPACE' });
  expect(offered).toEqual([[1, 3].map(number => join(directory, `ckpt-${number}`))]);
  expect(left(directory).filter(name => name.endsWith('.index'))).toEqual(['ckpt-2.index', 'ckpt-4.index']);
});

it('BackupAndRestore: an old backup that cannot be removed fails no `fit`', async () => {
  const directory = fresh();
  const model = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 1 })] });
  model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
  const train = async (epochs: number, afterResume: () => void): Promise<void> => {
    const backup = new BackupAndRestore({ backupDir: directory });
    const { initialEpoch } = await backup.resume(model);
    afterResume();
    const fit = { epochs, initialEpoch, shuffle: false, verbose: 0 as const };
    await model.fit(tf.ones([4, 2]), tf.ones([4, 1]), { ...fit, callbacks: [backup] });
  };
  await train(1, () => undefined);
  const warnings = await warningsOf(() => train(3, () => block(join(directory, 'backup-1.index'))));
  expect(warnings).toHaveLength(1);
  expect(left(directory).filter(name => /^backup-[23]\.index$/.test(name))).toEqual(['backup-3.index']);
});

it('is one opening, one lock and a bounded number of listings, whatever the number', async () => {
  const directory = fresh();
  const count = 40;
  const many = manage(directory, { maxToKeep: null });
  for (let i = 0; i < count; i++) await many.save({ durable: false });
  const manager = manage(directory);
  const calls = (['list', 'exclusively', 'sync'] as const).map(name => vi.spyOn(Directory.prototype, name));
  const opened = vi.spyOn(Directory, 'open');
  await manager.save({ checkpointNumber: count + 1 });
  expect(left(directory)).toHaveLength(2);
  for (const spy of [...calls, opened]) expect(spy.mock.calls.length).toBeLessThan(count / 2);
});

it('files of a checkpoint with a name as another one begins, or as another one ends, are never mixed up', async () => {
  const long = 'n'.repeat(220);
  const names = ['ckpt', 'ckpt-1', 'ckpt-1.index', 'ckpt-1.data-00000-of-00001', long, `${long}m`];
  for (const gone of names) {
    const directory = fresh();
    const checkpoint = new Checkpoint({ v: tf.tidy(() => tf.variable(tf.scalar(1))) });
    for (const name of names)
      for (const durable of [true, false]) await checkpoint.write(join(directory, name), { durable });
    await removeCheckpoint(join(directory, gone));
    const has = names.filter(name => existsSync(join(directory, `${name}.index`)));
    expect(has).toEqual(names.filter(name => name !== gone));
    expect(readdirSync(directory).filter(file => /\.data-\d{5}-of-\d{5}$/.test(file))).toHaveLength(
      3 * (names.length - 1),
    );
    expect(readdirSync(directory).filter(file => /\.unsynced-/.test(file))).toHaveLength(names.length - 1);
  }
});
