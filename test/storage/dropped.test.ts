/** What a program drops without closing it, or never asks about, does not stay in memory. */
import '../crash/fault-engine.js';
import { getEventListeners } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rememberFailed } from '../../src/commit/lost-place.js';
import { isOwn, isOwnUnsynced, rememberOwn, rememberUnsynced } from '../../src/commit/own-commits.js';
import { CheckpointReader, CheckpointWriter, removeCheckpoint } from '../../src/index.js';
import { Directory } from '../../src/storage/directory.js';
import { BackgroundQueue } from '../../src/training/checkpoint/background.js';
import { PreemptionWatch } from '../../src/training/manager/preemption.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';

const scratch = new Scratch('dropped');
const quick = { durable: false } as const;

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

async function collectUntil(isGone: () => boolean): Promise<boolean> {
  for (let round = 0; round < 30; round++) {
    // What a WeakRef has given stays for the rest of a turn of the event loop.
    await delay(5);
    collect();
    if (isGone()) return true;
  }
  return false;
}

const isGone = (all: readonly WeakRef<object>[]) => () => all.every(one => one.deref() === undefined);

describe('a reader that is not closed', () => {
  const SHARDS = { one: 1, several: 3, 'more than may be open at once': 70 };
  it.each(Object.entries(SHARDS))('%s data files', async (_, shards) => {
    const path = join(scratch.directory(), 'm');
    const writer = new CheckpointWriter(path, { ...quick, shards });
    for (let i = 0; i < shards; i++) writer.add(`t${i}`, { dtype: 'int8', shape: [1], data: Int8Array.of(i) });
    await writer.finish();
    const before = faulty.openDescriptors();
    const open = async (): Promise<void> => {
      const reader = await CheckpointReader.open(path);
      expect((await reader.read(`t${shards - 1}`)).data[0]).toBe(shards - 1);
    };
    for (let i = 0; i < 3; i++) await open();
    expect(await collectUntil(() => faulty.openDescriptors() === before)).toBe(true);
  });
});

/** What holds the values of a save. */
class Job {
  readonly values = new Float32Array(16);

  async run(): Promise<never> {
    await delay(1);
    throw new Error('no');
  }

  async after(): Promise<void> {}
}

describe('the job of a failed save', () => {
  const callers: Record<string, (queue: BackgroundQueue, job: Job) => Promise<unknown>> = {
    'whose caller handles the error': (queue, job) => queue.submit('p', job).durable.catch(() => undefined),
    'which nobody looks at': async (queue, job) => {
      queue.submit('p', job);
      await queue.idle();
    },
  };
  it.each(Object.entries(callers))('%s', async (_, call) => {
    const queue = new BackgroundQueue();
    const jobs: WeakRef<Job>[] = [];
    const save = async (): Promise<void> => {
      const job = new Job();
      jobs.push(new WeakRef(job));
      await call(queue, job);
    };
    for (let i = 0; i < 3; i++) await save();
    expect(await collectUntil(isGone(jobs))).toBe(true);
  });

  it('sync still gives the first error that nobody has handled, once', async () => {
    const queue = new BackgroundQueue();
    const failing = (message: string) => ({ run: () => Promise.reject(new Error(message)), after: async () => {} });
    await queue.submit('p', failing('handled')).durable.catch(() => undefined);
    queue.submit('p', failing('first'));
    queue.submit('p', failing('second'));
    await expect(queue.sync()).rejects.toThrow('first');
    await queue.sync();
  });
});

describe('what is remembered of a place', () => {
  const stat = { kind: 'file', identity: 'i', size: 1, mode: 0o644, modified: 1n, links: 1 } as const;
  let directory: Directory;
  beforeAll(async () => {
    directory = (await Directory.open(scratch.directory()))!;
  });
  afterAll(() => directory.close());

  it('no values, where the save failed after its commit', async () => {
    const jobs: WeakRef<Job>[] = [];
    const fail = async (i: number): Promise<void> => {
      const job = new Job();
      jobs.push(new WeakRef(job));
      await job.run().catch(error => rememberFailed(directory, `failed-${i}`, i, new Error('yes', { cause: error })));
    };
    for (let i = 0; i < 3; i++) await fail(i);
    expect(await collectUntil(isGone(jobs))).toBe(true);
  });

  it('nothing once its checkpoint is removed', async () => {
    await new CheckpointWriter(join(directory.path, 'm'), quick)
      .add('a', { dtype: 'int8', shape: [1], data: Int8Array.of(1) })
      .finish();
    const data = 'm.data-00000-of-00001';
    const [index, file] = [(await directory.stat('m.index'))!, (await directory.stat(data))!];
    rememberOwn(directory.identity, 'm', data, file);
    const known = () => [isOwnUnsynced(directory.identity, 'm', index), isOwn(directory.identity, 'm', data, file)];
    expect(known()).toEqual([true, true]);
    await removeCheckpoint(join(directory.path, 'm'));
    expect(known()).toEqual([false, false]);
  });

  it('only the last 10,000 commits that were not synced', () => {
    for (let i = 0; i <= 10_000; i++) rememberUnsynced('directory', `${i}`, stat);
    expect([0, 1, 10_000].map(i => isOwnUnsynced('directory', `${i}`, stat))).toEqual([false, true, true]);
  });
});

describe('a signal that many calls share', () => {
  const CALLS = 12;
  const save = (signal: AbortSignal, path: string, isStuck = false): Promise<unknown> => {
    const writer = new CheckpointWriter(path, { ...quick, signal });
    const data = isStuck ? () => new Promise<Int8Array>(() => {}) : async () => Int8Array.of(1);
    return writer.add('a', { dtype: 'int8', shape: [1], data }).finish();
  };
  const all = (signal: AbortSignal, isStuck?: boolean) => {
    const directory = scratch.directory();
    return Array.from({ length: CALLS }, (_, i) => save(signal, join(directory, `m${i}`), isStuck));
  };
  const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

  it('has one listener meanwhile, of which Node.js does not warn, and none afterwards', async () => {
    const { signal } = new AbortController();
    for (let i = 0; i < 2; i++) {
      const saves = all(signal);
      expect(listeners(signal)).toBe(1);
      await Promise.all(saves);
      expect(listeners(signal)).toBe(0);
    }
  });

  it('ends all of them', async () => {
    const controller = new AbortController();
    const saves = Promise.allSettled(all(controller.signal, true));
    await delay(5);
    controller.abort();
    for (const save of await saves) expect(save).toMatchObject({ status: 'rejected', reason: { code: 'ERR_ABORTED' } });
    expect(listeners(controller.signal)).toBe(0);
    await expect(save(controller.signal, join(scratch.directory(), 'm'))).rejects.toThrow(/aborted/);
    expect(listeners(controller.signal)).toBe(0);
  });
});

describe('a callback of a training that failed', () => {
  it('no longer holds up SIGTERM once it is dropped', async () => {
    const before = process.listenerCount('SIGTERM');
    const fail = (): void => new PreemptionWatch().open();
    for (let i = 0; i < 3; i++) fail();
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    expect(await collectUntil(() => process.listenerCount('SIGTERM') === before)).toBe(true);
  });
});
