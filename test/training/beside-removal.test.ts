/** What a save of a model does side by side: it writes while it reads tensors, and names itself while it removes. */
import '../crash/fault-engine.js';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { latestCheckpoint } from '../../src/index.js';
import { saveWeights } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('beside-removal');
afterEach(() => {
  faulty.setFaults(null);
  vi.restoreAllMocks();
});
afterAll(() => expect(faulty.openDescriptors()).toBe(0));

function model(): tf.Sequential {
  const made = tf.sequential();
  for (const inputShape of [[512], [400], [400]]) made.add(tf.layers.dense({ units: 400, inputShape }));
  return made;
}

/** The calls in the order in which they begin and end. */
function watch(call: 'steps' | 'appendShard'): string[] {
  const seen: string[] = [];
  const real = native[call] as (...given: unknown[]) => Promise<unknown>;
  const watched = (...given: unknown[]): Promise<unknown> => {
    const what = call === 'steps' ? (given[0] as [string][]).map(([step]) => step).join() : call;
    seen.push(what);
    return real.apply(native, given).finally(() => seen.push(`end of ${what}`));
  };
  vi.spyOn(native, call).mockImplementation(watched as never);
  return seen;
}

test('the state file is written while replaced files are removed, with no sync more', async () => {
  const directory = scratch.directory();
  const prefix = join(directory, 'm');
  const made = model();
  await saveWeights(made, prefix);
  // So that the state file does not say already what it has to.
  await saveWeights(made, join(directory, 'other'));
  const seen = watch('steps');
  faulty.setFaults([]);
  await saveWeights(made, prefix);
  const removed = seen.findIndex(what => what.startsWith('end of unlink'));
  const state = seen.indexOf('open,stat,readStart,close');
  expect(removed).toBeGreaterThan(0);
  expect(state).toBeGreaterThan(0);
  expect(state).toBeLessThan(removed);
  const syncs = faulty.operations().filter(({ syscall }) => /^f(data)?sync$/.test(syscall));
  const shards = readdirSync(directory).filter(name => name.startsWith('m.data-')).length;
  // Each data file; the names; the index; its name; the state file; its name.
  expect(syncs).toHaveLength(shards + 5);
});

test('writing begins with the first tensors, and memory is made only for what is copied', async () => {
  const made = model();
  const seen = watch('appendShard');
  const allocated = vi.spyOn(Buffer, 'allocUnsafeSlow');
  await saveWeights(made, join(scratch.directory(), 'm'), { durable: false });
  // Each of the first two matrices (640 to 819 KB) in a call of its own, then the rest.
  expect(seen.filter(what => what === 'appendShard').length).toBeGreaterThanOrEqual(3);
  // The matrices need no copy.
  expect(Math.max(...allocated.mock.calls.map(([bytes]) => bytes))).toBeLessThan(512 * 1024);
});

test('a state file that says already what it has to is left alone, if it is on stable storage', async () => {
  const directory = scratch.directory();
  const made = model();
  const prefix = join(directory, 'm');
  const states = async (durable: boolean): Promise<number> => {
    faulty.setFaults([]);
    await saveWeights(made, prefix, { durable });
    const renames = faulty.operations().filter(({ syscall }) => syscall === 'rename');
    faulty.setFaults(null);
    expect(await latestCheckpoint(directory)).toBe(prefix);
    return renames.length - 1;
  };
  // An unsynced file is not enough for a durable save; a durable one is enough for all that follow.
  expect(await states(false)).toBe(1);
  expect(await states(false)).toBe(0);
  expect(await states(true)).toBe(1);
  for (const durable of [true, false, true]) expect(await states(durable)).toBe(0);
  // The same text in a file that another program wrote may be lost with the power.
  const file = join(directory, 'checkpoint');
  const text = readFileSync(file);
  rmSync(file);
  writeFileSync(file, text);
  expect(await states(true)).toBe(1);
  writeFileSync(file, text);
  expect(await states(true)).toBe(1);
  rmSync(file);
  expect(await states(false)).toBe(1);
});

test('a state file that cannot be written does not keep replaced files', async () => {
  const directory = scratch.directory();
  const prefix = join(directory, 'm');
  const made = model();
  await saveWeights(made, prefix);
  const before = readdirSync(directory).filter(name => name.includes('.data-'));
  await saveWeights(made, join(directory, 'other'));
  faulty.setFaults([{ at: 1, syscall: 'rename', path: '/checkpoint', action: 'error', errno: 'EIO', sticky: true }]);
  await expect(saveWeights(made, prefix)).rejects.toMatchObject({ code: 'ERR_IO' });
  faulty.setFaults(null);
  const after = readdirSync(directory).filter(name => name.includes('.data-'));
  expect(after.filter(name => before.includes(name))).toEqual([]);
  expect(await latestCheckpoint(directory)).toBe(join(directory, 'other'));
});

test('on a full disk the state file is written once the replaced files are gone', async () => {
  const directory = scratch.directory();
  const prefix = join(directory, 'm');
  const made = model();
  await saveWeights(made, prefix);
  await saveWeights(made, join(directory, 'other'));
  faulty.setFaults([{ at: 1, syscall: 'rename', path: '/checkpoint', action: 'error', errno: 'ENOSPC' }]);
  await saveWeights(made, prefix);
  const renames = faulty.operations().filter(({ syscall }) => syscall === 'rename');
  // The index, and the state file twice.
  expect(renames).toHaveLength(3);
  faulty.setFaults(null);
  expect(await latestCheckpoint(directory)).toBe(prefix);
});

test('an abort while data is being synced is noticed before the index is written', async () => {
  const prefix = join(scratch.directory(), 'm');
  const abort = new AbortController();
  const seen = watch('steps');
  const real = native.finishShard;
  vi.spyOn(native, 'finishShard').mockImplementation((...given) => {
    abort.abort();
    return real.apply(native, given);
  });
  await expect(saveWeights(model(), prefix, { signal: abort.signal })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  expect(seen.filter(what => what.includes('rename') || what.startsWith('writeAll'))).toEqual([]);
});
