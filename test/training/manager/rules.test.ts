/**
 * What the manager does beyond TensorFlow's: retention, fallback, orphans, full disks. Failure stories by their
 * numbers.
 */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { TensorBundleError } from '../../../src/index.js';
import {
  BackupAndRestore,
  keepBest,
  keepEveryHours,
  keepEverySteps,
  keepLatest,
  type ManagerOptions,
} from '../../../src/tfjs.js';
import { disk } from './full-disk.js';
import { codeOf, save, start, value } from './managed.js';

vi.mock('../../../src/bundle/save-bundle.js', async original =>
  (await import('./full-disk.js')).onDisk(await original()),
);

let scratch: string;
let runs = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-rules-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => vi.useRealTimers());

const fresh = (): string => join(scratch, String(++runs));

const on = (directory: string): number[] =>
  readdirSync(directory)
    .flatMap(name => /-(\d+)\.index$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);

describe('retention', () => {
  it('keeps the best by a metric, also over a restart (story 12)', async () => {
    const directory = fresh();
    const retention = [keepBest({ metric: 'loss', mode: 'min', count: 2 })];
    const losses = [5, 1, 4, 2, 3, 6];
    const first = start(directory, { retention });
    for (const loss of losses.slice(0, 4)) await save(first, loss, { loss });
    expect(on(directory)).toEqual([2, 3, 4]);
    const second = start(directory, { retention });
    expect(await second.manager.restoreOrInitialize()).toBe(join(directory, 'ckpt-4'));
    for (const loss of losses.slice(4)) await save(second, loss, { loss });
    expect(on(directory)).toEqual([2, 4, 5, 6]);
    await save(second, 0.5, { loss: 0.5 });
    expect(on(directory)).toEqual([2, 6, 7]);
    expect(second.manager.kept.map(({ number }) => number)).toEqual([2, 6, 7]);
    expect(second.manager.checkpoints.map(path => basename(path))).toEqual(['ckpt-6', 'ckpt-7']);
  });

  it('a metric that is NaN or missing is not the best', async () => {
    const directory = fresh();
    const training = start(directory, { maxToKeep: 1, retention: [keepBest({ metric: 'a', mode: 'max' })] });
    for (const metrics of [{ a: Number.NaN }, {}, { a: 1 }, { b: 9 }]) await save(training, 0, metrics);
    expect(on(directory)).toEqual([3, 4]);
  });

  it('policies compose, with hours and steps', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const directory = fresh();
    let step = 0;
    const training = start(directory, {
      maxToKeep: 1,
      stepCounter: () => step,
      retention: [keepEveryHours(1), keepEverySteps(250), keepLatest(2)],
    });
    for (let i = 0; i < 8; i++) {
      vi.setSystemTime(1_700_000_000_000 + i * 20 * 60_000);
      await save(training, step);
      step += 100;
    }
    // Hours: 1, 4, 7. Steps: 0, 300, 600 are 1, 4, 7. The latest two: 7, 8.
    expect(on(directory)).toEqual([1, 4, 7, 8]);
  });

  it('what is pinned stays until it is not, also over a restart', async () => {
    const directory = fresh();
    const training = start(directory, { maxToKeep: 1 });
    await training.manager.pin(await save(training, 1));
    await save(training, 2);
    const again = start(directory, { maxToKeep: 1 });
    await again.manager.restoreOrInitialize();
    await save(again, 3);
    expect(on(directory)).toEqual([1, 3]);
    await again.manager.unpin(join(directory, 'ckpt-1'));
    await save(again, 4);
    expect(on(directory)).toEqual([4]);
    expect(await codeOf(() => again.manager.pin('nothing'))).toBe('ERR_NOT_FOUND');
  });

  it('goes by numbers, not by letters, at 9999 to 10000, at a limit of 1, over a restart (story 11)', async () => {
    const directory = fresh();
    for (const number of [9998, 9999, 10_000, 10_001]) {
      const training = start(directory, { maxToKeep: 1 });
      await training.manager.restoreOrInitialize();
      await training.manager.save({ checkpointNumber: number });
      expect(on(directory)).toEqual([number]);
    }
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses to keep %s', async count => {
    expect(await codeOf(() => start(fresh(), { maxToKeep: count }))).toBe('ERR_INVALID_ARGUMENT');
    expect(await codeOf(() => keepLatest(count))).toBe('ERR_INVALID_ARGUMENT');
    expect(await codeOf(() => keepBest({ metric: 'a', mode: 'min', count }))).toBe('ERR_INVALID_ARGUMENT');
  });
});

describe('files', () => {
  it('orphans of dead saves go at the first save, and nothing else', async () => {
    const directory = fresh();
    const training = start(directory);
    await save(training, 1);
    const orphans = ['ckpt-7.index.intent-00001-0123456789abcdef', 'ckpt-7.data-00000-of-00001'];
    const others = ['other-7.index.intent-00001-0123456789abcdef', 'other-7.data-00000-of-00001', 'notes.txt'];
    for (const name of [...orphans, ...others]) writeFileSync(join(directory, name), '');
    await save(start(directory), 2);
    for (const name of orphans) expect(existsSync(join(directory, name)), name).toBe(false);
    for (const name of others) expect(existsSync(join(directory, name)), name).toBe(true);
  });

  it('saves that were not waited for are made in the order of the calls', async () => {
    const directory = fresh();
    const training = start(directory);
    const paths = await Promise.all([1, 2, 3, 4, 5].map(each => save(training, each)));
    expect(paths.map(path => basename(path))).toEqual([1, 2, 3, 4, 5].map(number => `ckpt-${number}`));
    expect(training.manager.checkpoints).toEqual(paths.slice(-2));
    expect(training.manager.latestCheckpoint).toBe(paths[4]);
  });

  it('a directory may be moved', async () => {
    const [directory, moved] = [fresh(), fresh()];
    await save(start(directory), 5);
    renameSync(directory, moved);
    const training = start(moved);
    expect(await training.manager.restoreOrInitialize()).toBe(join(moved, 'ckpt-1'));
    expect(value(training)).toBe(5);
  });

  it('names the new checkpoint only when it is there, and removes the old one after that (story 7)', async () => {
    const directory = fresh();
    const training = start(directory, { maxToKeep: 1 });
    await save(training, 1);
    const failing = training.manager.save({
      signal: AbortSignal.abort(),
    });
    expect(await codeOf(() => failing)).toBe('ERR_ABORTED');
    expect(on(directory)).toEqual([1]);
    expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).toContain('model_checkpoint_path: "ckpt-1"');
    expect(training.manager.latestCheckpoint).toBe(join(directory, 'ckpt-1'));
    await save(training, 3);
    expect(on(directory)).toEqual([3]);
  });

  it('saves that are not durable do not take the place of one that is', async () => {
    const directory = fresh();
    const training = start(directory, { maxToKeep: 1 });
    await save(training, 1);
    for (const _ of [2, 3]) await training.manager.save({ durable: false });
    expect(on(directory)).toEqual([1, 3]);
    expect(training.manager.checkpoints).toEqual([join(directory, 'ckpt-3')]);
    await training.manager.save();
    expect(on(directory)).toEqual([4]);
  });

  it('a number that was saved again by another manager has none of the old metrics', async () => {
    const directory = fresh();
    const retention = [keepBest({ metric: 'loss', mode: 'min' })];
    await save(start(directory, { retention, maxToKeep: 1 }), 1, { loss: 0 });
    // Without the ledger, as Python does it.
    await start(directory, { maxToKeep: 1 }).manager.save({ checkpointNumber: 1 });
    const training = start(directory, { retention, maxToKeep: 1 });
    expect(training.manager.kept).toMatchObject([{ number: 1, metrics: {} }]);
  });

  it('readOnly writes nothing', async () => {
    const directory = fresh();
    await save(start(directory), 1);
    const before = readdirSync(directory);
    const training = start(directory, { readOnly: true });
    expect(await training.manager.restoreOrInitialize()).toBe(join(directory, 'ckpt-1'));
    expect(await codeOf(() => training.manager.save())).toBe('ERR_STATE');
    expect(await codeOf(() => training.manager.save({ background: true }))).toBe('ERR_STATE');
    expect(await codeOf(() => training.manager.pin(join(directory, 'ckpt-1')))).toBe('ERR_STATE');
    expect(readdirSync(directory)).toEqual(before);
  });
});

it('an empty directory, and an onLowSpace that is none, are refused', async () => {
  const code = 'ERR_INVALID_ARGUMENT';
  expect(() => start('')).toThrow(expect.objectContaining({ code }));
  for (const backupDir of [''])
    expect(() => new BackupAndRestore({ backupDir })).toThrow(expect.objectContaining({ code }));
  for (const onLowSpace of ['bogus', 5, null, {}])
    expect(() => start(fresh(), { onLowSpace: onLowSpace as never })).toThrow(expect.objectContaining({ code }));
});

it.each(['checkpoint', 'checkpoint.tensorbundle'])(
  '%s that is a directory or a pipe: the error says what to do',
  name => {
    for (const make of [(path: string) => mkdirSync(path), (path: string) => execFileSync('mkfifo', [path])]) {
      const directory = fresh();
      mkdirSync(directory);
      make(join(directory, name));
      const message = `${join(directory, name)} is not a regular file; move it away`;
      expect(() => start(directory)).toThrow(expect.objectContaining({ code: 'ERR_NOT_A_CHECKPOINT', message }));
    }
  },
);

describe('a full disk', () => {
  const full = new TensorBundleError('ERR_NO_SPACE', 'the disk is full');

  /** Fails until at most `left` checkpoints lie in the directory: what a small disk does. */
  function onSmallDisk(directory: string, left: number): void {
    disk.full = () => (on(directory).length > left ? full : null);
  }
  afterEach(() => {
    disk.full = () => null;
  });

  it('removes the oldest, one after the other, never the newest', async () => {
    const directory = fresh();
    const training = start(directory, { maxToKeep: null, onLowSpace: 'removeOldest' });
    for (const each of [1, 2, 3, 4]) await save(training, each);
    onSmallDisk(directory, 2);
    await save(training, 5);
    expect(on(directory)).toEqual([3, 4, 5]);
    onSmallDisk(directory, 0);
    expect(await codeOf(() => training.manager.save())).toBe('ERR_NO_SPACE');
    expect(on(directory)).toEqual([5]);
    expect(training.manager.latestCheckpoint).toBe(join(directory, 'ckpt-5'));
  });

  it('takes any spelling of what is offered, and refuses what is no list of paths', async () => {
    const directory = fresh();
    let answer: unknown;
    const training = start(directory, { maxToKeep: null, onLowSpace: () => answer as string[] });
    for (const each of [1, 2, 3]) await save(training, each);
    onSmallDisk(directory, 2);
    for (answer of [5, 'ckpt-1', undefined, null, [5]])
      expect(await codeOf(() => training.manager.save())).toBe('ERR_INVALID_ARGUMENT');
    expect(on(directory)).toEqual([1, 2, 3]);
    answer = [pathToFileURL(join(directory, 'x', '..', 'ckpt-1.index'))];
    await training.manager.save({ checkpointNumber: 4 });
    expect(on(directory)).toEqual([2, 3, 4]);
  });

  it('asks, or fails', async () => {
    const directory = fresh();
    const asked: (readonly string[])[] = [];
    const onLowSpace: ManagerOptions['onLowSpace'] = ({ removable, error }) => {
      asked.push(removable.map(path => basename(path)));
      expect(error).toBe(full);
      return removable.slice(1, 2);
    };
    const training = start(directory, { maxToKeep: null, onLowSpace });
    for (const each of [1, 2, 3]) await save(training, each);
    onSmallDisk(directory, 2);
    await save(training, 4);
    expect(asked).toEqual([['ckpt-1', 'ckpt-2']]);
    expect(on(directory)).toEqual([1, 3, 4]);
    const simple = start(directory, { maxToKeep: null });
    onSmallDisk(directory, 1);
    expect(await codeOf(() => simple.manager.save())).toBe('ERR_NO_SPACE');
    expect(on(directory)).toEqual([1, 3, 4]);
  });
});
