/** How often a small save goes to the addon's threads, and what it does there: exactly. */
import '../crash/fault-engine.js';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type NativeBinding, native } from '../../src/binding.js';
import { CheckpointWriter, type WriterOptions } from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { faultAddonPath, faulty } from '../native/fault-binding.js';

const scratch = new Scratch('trips');
afterEach(() => {
  faulty.setFaults(null);
  vi.restoreAllMocks();
});
afterAll(() => expect(faulty.openDescriptors()).toBe(0));

/** Calls that go to the pool; those that touch memory only are not listed. */
const CALLS: readonly (keyof NativeBinding)[] = [
  ...(['openDirectory', 'openDirectoryAt', 'makeDirectoryAt', 'open', 'close', 'stat', 'list', 'rename'] as const),
  ...(['exchange', 'removeDirectoryAt'] as const),
  ...(['unlink', 'sync', 'tryLock', 'unlock', 'setMode', 'freeSpace', 'readAll', 'readStart', 'writeAll'] as const),
  ...(['createShard', 'appendShard', 'finishShard', 'closeShard', 'checksumRanges', 'readRanges', 'map'] as const),
  'steps',
];

async function save(prefix: string, options: WriterOptions): Promise<void> {
  const writer = new CheckpointWriter(prefix, options);
  for (let i = 0; i < 3; i++) writer.add(`v${i}`, { dtype: 'float32', shape: [2], data: new Float32Array(2) });
  await writer.finish();
}

interface Cost {
  lists: number;
  /** Calls of a data file: they are made at once, and carried out in one trip. */
  shards: number;
  others: number;
  operations: number;
  syncs: number;
}

async function costOf(run: () => Promise<void>): Promise<Cost> {
  const spies = CALLS.map(call => vi.spyOn(native, call));
  faulty.setFaults([]);
  await run();
  const operations = faulty.operations();
  const count = (isMeant: (call: string) => boolean): number =>
    spies.reduce((sum, spy, i) => sum + (isMeant(CALLS[i]!) ? spy.mock.calls.length : 0), 0);
  const isShard = (call: string): boolean => /^(append|finish|close)Shard$/.test(call);
  vi.restoreAllMocks();
  return {
    lists: count(call => call === 'steps'),
    shards: count(isShard),
    others: count(call => call !== 'steps' && !isShard(call)),
    operations: operations.length,
    syncs: operations.filter(({ syscall }) => syscall === 'fsync' || syscall === 'fdatasync').length,
  };
}

describe('a small save', () => {
  // Open the directory; lock and look; begin; write the index, lock and look again; commit. Then the close.
  it('the first, not synced', async () => {
    const prefix = join(scratch.directory(), 'm');
    const cost = { lists: 5, shards: 3, others: 1, operations: 24, syncs: 0 };
    expect(await costOf(() => save(prefix, { durable: false }))).toEqual(cost);
  });

  // One list more syncs the names beside the data file. The syncs: the data file, its name, the index, its name.
  it('the first, synced', async () => {
    const prefix = join(scratch.directory(), 'm');
    const cost = { lists: 6, shards: 3, others: 1, operations: 27, syncs: 4 };
    expect(await costOf(() => save(prefix, { durable: true }))).toEqual(cost);
  });

  // The commit also looks at what was replaced. One more list removes it and ends the lock.
  it('over another that was not synced', async () => {
    const prefix = join(scratch.directory(), 'm');
    await save(prefix, { durable: false });
    const cost = await costOf(() => save(prefix, { durable: false }));
    expect({ lists: cost.lists, others: cost.others, syncs: cost.syncs }).toEqual({ lists: 6, others: 2, syncs: 0 });
  });
});

describe('a small save, beside other work', () => {
  // As the fresh one; one more list removes what was replaced.
  it('over another, synced', async () => {
    const prefix = join(scratch.directory(), 'm');
    await save(prefix, {});
    const cost = await costOf(() => save(prefix, {}));
    expect({ lists: cost.lists, others: cost.others, syncs: cost.syncs }).toEqual({ lists: 7, others: 2, syncs: 5 });
  });

  it('names are synced while the data is', async () => {
    const open: string[] = [];
    const seen: string[][] = [];
    for (const call of ['finishShard', 'steps'] as const) {
      const real = native[call] as (...given: unknown[]) => Promise<unknown>;
      vi.spyOn(native, call).mockImplementation(((...given: unknown[]) => {
        const what = call === 'steps' ? (given[0] as [string][]).map(([step]) => step).join() : call;
        seen.push([what, ...open]);
        open.push(what);
        return real.apply(native, given).finally(() => open.splice(open.indexOf(what), 1));
      }) as never);
    }
    await save(join(scratch.directory(), 'm'), {});
    expect(seen).toContainEqual(['sync', 'finishShard']);
    // The index is younger than the data: nothing else goes on when it is written.
    expect(seen.find(([what]) => what!.startsWith('writeAll'))).toEqual(['writeAll,sync,tryLock,stat,list']);
  });

  it('tells the disk early that there are bytes to write', async () => {
    faulty.setFaults([]);
    const writer = new CheckpointWriter(join(scratch.directory(), 'm'));
    writer.add('v', { dtype: 'float32', shape: [3 * 2 ** 18], data: new Float32Array(3 * 2 ** 18) });
    await writer.finish();
    const early = faulty.operations().filter(({ syscall }) => syscall === 'sync_file_range');
    expect(early.map(({ offset }) => offset)).toEqual([0, 512 * 1024 * 2]);
  });
});

describe('a list of steps', () => {
  const directory = (): Promise<never> => faulty.openDirectory(scratch.directory()) as Promise<never>;

  it('stops at the first error, and gives what was done before', async () => {
    const d = await directory();
    const { results, error } = await faulty.steps([
      ['open', [d, 'a', 'create']],
      ['tryLock', [0]],
      ['rename', [d, 'absent', 'b']],
      ['open', [d, 'c', 'create']],
    ]);
    expect(results).toEqual([expect.any(Object), true]);
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'rename' });
    expect(await faulty.list(d)).toEqual(['a']);
    await faulty.close(results[0] as never);
    await faulty.close(d);
  });

  it('goes on after an error that is allowed, and leaves out what has no file', async () => {
    const d = await directory();
    const { results, error } = await faulty.steps([
      ['rename', [d, 'absent', 'b'], ['EIO', 'ENOENT']],
      ['open', [d, 'absent', 'read']],
      ['stat', [1]],
      ['close', [1], ['*']],
      ['list', [d]],
    ]);
    expect(error).toBeNull();
    expect(results[0]).toMatchObject({ code: 'ENOENT' });
    expect(results.slice(1)).toEqual([null, null, undefined, []]);
    await faulty.close(d);
  });

  it('ends where a lock is taken', async () => {
    const d = await directory();
    const [first] = (
      await faulty.steps([
        ['open', [d, 'a', 'create']],
        ['tryLock', [0]],
      ])
    ).results;
    const { results, error } = await faulty.steps([
      ['open', [d, 'a', 'lock']],
      ['tryLock', [0]],
      ['unlink', [d, 'a']],
    ]);
    expect({ results, error }).toEqual({ results: [expect.any(Object), false], error: null });
    expect(await faulty.list(d)).toEqual(['a']);
    for (const handle of [first, results[0], d]) await faulty.close(handle as never);
  });

  it('closes inside the list what it opened, and hands out nothing for it', async () => {
    const d = await directory();
    const before = faulty.openDescriptors();
    const { results } = await faulty.steps([
      ['open', [d, 'a', 'create']],
      ['close', [0]],
    ]);
    expect(results).toEqual([null, undefined]);
    expect(faulty.openDescriptors()).toBe(before);
    await faulty.close(d);
  });

  it('refuses wrong steps, and does nothing then', async () => {
    const d = await directory();
    const wrong: unknown[] = [
      [['unheard', []]],
      [
        ['open', [d, 'a', 'create']],
        ['tryLock', [1]],
      ],
      [
        ['open', [d, 'a', 'create']],
        ['tryLock', [-1]],
      ],
      [
        ['open', [d, 'a', 'create']],
        ['stat', ['0']],
      ],
      [['open', [d, 'a', 'create']], 7],
      [
        ['open', [d, 'a', 'create']],
        ['list', 7],
      ],
      7,
    ];
    for (const list of wrong) await expect(faulty.steps(list as never)).rejects.toThrow();
    expect(await faulty.list(d)).toEqual([]);
    await faulty.close(d);
  });

  it('ends with its worker, wherever it is, and leaves no descriptor', async () => {
    const directory = scratch.directory();
    const code = `
      const native = require(${JSON.stringify(faultAddonPath)});
      const list = d => Array.from({ length: 20 }, (_, i) => [
        ['open', [d, 'f' + i, 'create']], ['tryLock', [3 * i]], ['writeAll', [3 * i, new Uint8Array(99)]]]).flat();
      (async () => {
        const d = await native.openDirectory(${JSON.stringify(directory)});
        require('node:worker_threads').parentPort.postMessage('begun');
        for (;;) {
          const { results } = await native.steps(list(d));
          for (let i = 0; i < 20; i++) await native.close(results[3 * i]);
          await native.steps(Array.from({ length: 20 }, (_, i) => ['unlink', [d, 'f' + i]]));
        }
      })();`;
    for (let turn = 0; turn < 8; turn++) {
      const worker = new Worker(code, { eval: true });
      await new Promise(resolve => worker.once('message', resolve));
      await delay(turn);
      await worker.terminate();
      for (const name of readdirSync(directory)) expect(name).toMatch(/^f\d+$/);
      const d = await faulty.openDirectory(directory);
      // A lock that the worker left behind would show here.
      for (const name of readdirSync(directory)) {
        const { results } = await faulty.steps([
          ['open', [d, name, 'lock']],
          ['tryLock', [0]],
          ['unlink', [d, name]],
        ]);
        expect(results.slice(1)).toEqual([true, true]);
        await faulty.close(results[0] as never);
      }
      await faulty.close(d);
    }
  });
});
