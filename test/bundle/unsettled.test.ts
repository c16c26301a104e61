/** Lazy sources that never settle: an abort, a signal and disposal end the save all the same, and leave no file. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { CheckpointWriter, type DType, type LazyTensor } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'unsettled-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
function freshPrefix(): string {
  const directory = join(folder, String(++made));
  mkdirSync(directory);
  return join(directory, 'model');
}

/** An iterator whose second `next()` never settles; counts how often it is told to return. */
class Stuck implements AsyncIterableIterator<Uint8Array> {
  returned = 0;
  #asked = 0;

  constructor(private readonly settlesReturn: boolean) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    return this.#asked++ === 0
      ? Promise.resolve({ done: false, value: new Uint8Array(4) })
      : new Promise(() => undefined);
  }

  return(): Promise<IteratorResult<Uint8Array>> {
    this.returned++;
    return this.settlesReturn ? Promise.resolve({ done: true, value: undefined }) : new Promise(() => undefined);
  }
}

const never: LazyTensor['data'] = () => new Promise(() => undefined);
const stops: Record<string, (writer: CheckpointWriter, controller: AbortController) => Promise<void>> = {
  'abort()': writer => writer.abort(),
  disposal: writer => writer[Symbol.asyncDispose](),
  'the signal': async (_, controller) => controller.abort(),
};

describe.each(['float32', 'string', 'variant'] as DType[])('%s', dtype => {
  for (const [how, stop] of Object.entries(stops)) {
    test.each([1, 2])(`${how} ends a save that waits for a promise, with %i shards`, async shards => {
      const prefix = freshPrefix();
      const controller = new AbortController();
      const writer = new CheckpointWriter(prefix, { shards, signal: controller.signal });
      writer.add('ready', { dtype: 'float32', shape: [1], data: new Float32Array(1) });
      writer.add('stuck', { dtype, shape: [2], data: never });
      const saved = writer.finish().catch((error: unknown) => error);
      await delay(20);
      await stop(writer, controller);
      expect(await saved).toMatchObject({ code: 'ERR_ABORTED' });
      expect(readdirSync(join(prefix, '..'))).toEqual([]);
    });

    test.each([true, false])(`${how} ends a save that waits for a piece; return settles: %s`, async settlesReturn => {
      const prefix = freshPrefix();
      const controller = new AbortController();
      const stuck = new Stuck(settlesReturn);
      const writer = new CheckpointWriter(prefix, { signal: controller.signal });
      writer.add('stuck', { dtype, shape: [2], data: () => stuck });
      const saved = writer.finish().catch((error: unknown) => error);
      await delay(20);
      await stop(writer, controller);
      expect(await saved).toMatchObject({ code: 'ERR_ABORTED' });
      expect(stuck.returned).toBe(1);
      expect(readdirSync(join(prefix, '..'))).toEqual([]);
    });
  }
});

test("one shard's failure ends another that waits for a source", async () => {
  const prefix = freshPrefix();
  const writer = new CheckpointWriter(prefix, { shards: 2 });
  writer.add('stuck', { dtype: 'float32', shape: [1], data: never }, { shard: 0 });
  writer.add('bad', { dtype: 'float32', shape: [1], data: () => Promise.reject(new RangeError('no')) }, { shard: 1 });
  await expect(writer.finish()).rejects.toThrow(RangeError);
  expect(readdirSync(join(prefix, '..'))).toEqual([]);
});

test('a source that fails after it was abandoned is no unhandled rejection', async () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => {
    unhandled.push(reason);
  };
  process.on('unhandledRejection', listener);
  try {
    for (const dtype of ['float32', 'string'] as DType[]) {
      const fails: Array<(error: Error) => void> = [];
      const late = (): Promise<never> => new Promise((_, reject) => fails.push(reject));
      const iterator = { next: late, return: late, [Symbol.asyncIterator]: () => iterator };
      for (const data of [late, () => iterator] as LazyTensor['data'][]) {
        const writer = new CheckpointWriter(freshPrefix()).add('stuck', { dtype, shape: [2], data });
        const saved = writer.finish().catch((error: unknown) => error);
        await delay(20);
        await writer.abort();
        expect(await saved).toMatchObject({ code: 'ERR_ABORTED' });
      }
      expect(fails).toHaveLength(3);
      for (const fail of fails) fail(new Error('too late'));
    }
    await delay(20);
    expect(unhandled).toEqual([]);
  } finally {
    process.off('unhandledRejection', listener);
  }
});
