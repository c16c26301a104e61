/** A save stays in the directory that it began in, whatever becomes of the path meanwhile. */
import '../crash/fault-engine.js';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterEach, describe, expect, test } from 'vitest';
import { CheckpointWriter, latestCheckpoint, type SaveResult, type WriterOptions } from '../../src/index.js';
import { Checkpoint, CheckpointManager } from '../../src/tfjs.js';
import { dataOf, onlyGeneration, save, savedAt, tensorsOf, writerOf } from '../crash/generation.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('directory');

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

/** A save during which, after its data files were created, `act` runs. */
async function saveDuring(
  prefix: string,
  k: number,
  act: () => void,
  options: WriterOptions = {},
): Promise<SaveResult> {
  const writer = new CheckpointWriter(prefix, options);
  const [first, ...rest] = tensorsOf(k);
  writer.add(first!.name, {
    dtype: first!.dtype,
    shape: first!.shape,
    data: async () => {
      act();
      return Float32Array.from(first!.values as number[]);
    },
  });
  for (const tensor of rest)
    writer.add(tensor.name, { dtype: tensor.dtype, shape: tensor.shape, data: dataOf(tensor) });
  return writer.finish();
}

describe.each([{}, { durable: false }, { overwrite: 'in-place' as const }])('%j', options => {
  test('the directory is renamed', async () => {
    const root = scratch.directory();
    const [before, after] = [join(root, 'run'), join(root, 'moved')];
    await save(join(before, 'model'), 1);
    await saveDuring(join(before, 'model'), 2, () => renameSync(before, after), options);
    expect(await savedAt(join(after, 'model'))).toBe(2);
    await save(join(after, 'model'), 3);
    onlyGeneration(join(after, 'model'));
    expect(readdirSync(root)).toEqual(['moved']);
  });

  test('another directory takes its place: nothing appears there', async () => {
    const root = scratch.directory();
    const [run, moved] = [join(root, 'run'), join(root, 'moved')];
    await save(join(run, 'model'), 1);
    const act = (): void => {
      renameSync(run, moved);
      mkdirSync(run);
    };
    await saveDuring(join(run, 'model'), 2, act, options);
    expect(readdirSync(run)).toEqual([]);
    expect(await savedAt(join(moved, 'model'))).toBe(2);
  });

  test('a link is switched to another directory', async () => {
    const root = scratch.directory();
    const [one, two, link] = [join(root, 'one'), join(root, 'two'), join(root, 'current')];
    mkdirSync(one);
    mkdirSync(two);
    symlinkSync('one', link);
    await save(join(two, 'model'), 7);
    const untouched = readdirSync(two);
    const act = (): void => {
      unlinkSync(link);
      symlinkSync('two', link);
    };
    await saveDuring(join(link, 'model'), 2, act, options);
    expect(await savedAt(join(one, 'model'))).toBe(2);
    expect(readdirSync(two)).toEqual(untouched);
    expect(await savedAt(join(two, 'model'))).toBe(7);
  });
});

test('the lock is one on the directory that is written to', async () => {
  const root = scratch.directory();
  const [run, moved] = [join(root, 'run'), join(root, 'moved')];
  await save(join(run, 'model'), 1);
  faulty.setFaults([]);
  await saveDuring(join(run, 'model'), 2, () => {
    renameSync(run, moved);
    mkdirSync(run);
  });
  const opens = faulty.operations().filter(({ syscall, path }) => syscall === 'open' && path === run);
  // Once by its path, which is never resolved again: the locks are on that very descriptor.
  expect(opens).toHaveLength(1);
  expect(await savedAt(join(moved, 'model'))).toBe(2);
});

test('what follows a save is done in the directory that it went to, whatever takes its place then', async () => {
  const v = tf.variable(tf.zeros([2]));
  for (const kept of [null, 1]) {
    const root = scratch.directory();
    const [run, moved] = [join(root, 'run'), join(root, 'moved')];
    const manager = new CheckpointManager(new Checkpoint({ v }), run, { maxToKeep: kept });
    await manager.save();
    const replace = (): void => {
      renameSync(run, moved);
      mkdirSync(run);
    };
    const phase = 'tensorbundle:clean';
    subscribe(phase, replace);
    await manager.save().finally(() => unsubscribe(phase, replace));
    expect(readdirSync(run)).toEqual([]);
    expect(await latestCheckpoint(moved)).toBe(join(moved, 'ckpt-2'));
    expect(readdirSync(moved).filter(name => name.endsWith('.index'))).toHaveLength(kept ?? 2);
  }
  v.dispose();
});

test('a directory that is removed meanwhile is an error, and no crash', async () => {
  const root = scratch.directory();
  const run = join(root, 'run');
  await expect(
    saveDuring(join(run, 'model'), 2, () => rmSync(run, { recursive: true, force: true })),
  ).rejects.toMatchObject({ name: 'TensorBundleError' });
  expect(readdirSync(root)).toEqual([]);
});

test('missing parents are made below each other, and a parent renamed meanwhile takes the save along', async () => {
  const root = scratch.directory();
  const act = (): void => renameSync(join(root, 'a'), join(root, 'z'));
  await saveDuring(join(root, 'a', 'b', 'c', 'model'), 4, act);
  expect(await savedAt(join(root, 'z', 'b', 'c', 'model'))).toBe(4);
  expect(readdirSync(root)).toEqual(['z']);
});

test('many savers in many directories leave no descriptor behind', async () => {
  const root = scratch.directory();
  const saves = Array.from({ length: 20 }, (_, i) => save(join(root, `d${i % 5}`, 'e', `model${i}`), i));
  await Promise.all(saves);
  for (let i = 0; i < 20; i++) expect(await savedAt(join(root, `d${i % 5}`, 'e', `model${i}`))).toBe(i);
  await writerOf(join(root, 'd0', 'e', 'model0'), tensorsOf(3), {}).abort();
});
