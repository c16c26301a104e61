/** A save from outside: aborts at every moment, progress, diagnostics_channel events. */
import { channel } from 'node:diagnostics_channel';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  CheckpointReader,
  CheckpointWriter,
  type Progress,
  type SaveEvent,
  type WriterOptions,
} from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'saving-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

function freshPrefix(): string {
  const directory = join(folder, String(++made));
  mkdirSync(directory);
  return join(directory, 'model');
}

const filesBeside = (prefix: string): string[] => readdirSync(join(prefix, '..')).sort();

function writerOf(
  prefix: string,
  options: WriterOptions = {},
  pause?: (i: number) => Promise<void> | void,
): CheckpointWriter {
  const writer = new CheckpointWriter(prefix, options);
  for (let i = 0; i < 6; i++) {
    const data = async (): Promise<Uint8Array> => {
      await pause?.(i);
      return new Uint8Array(2 ** 20).fill(i);
    };
    writer.add(`t${i}`, { dtype: 'uint8', shape: [2 ** 20], data });
  }
  return writer;
}

describe('abort', () => {
  test.each([1, 2])(
    'before, and at every pull, with %i shards: nothing is left, the old checkpoint stands',
    async shards => {
      for (const fresh of [true, false]) {
        for (let at = -1; at < 6; at++) {
          const prefix = freshPrefix();
          if (!fresh) await writerOf(prefix).finish();
          const before = filesBeside(prefix);
          const controller = new AbortController();
          const reason = new Error('stop');
          if (at < 0) controller.abort(reason);
          const writer = writerOf(prefix, { shards, signal: controller.signal }, i => {
            if (i === at) controller.abort(reason);
          });
          await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: reason });
          expect(filesBeside(prefix)).toEqual(before);
        }
      }
    },
  );

  test('by abort() and by disposal while finish() runs', async () => {
    for (const stop of [
      (writer: CheckpointWriter) => writer.abort(),
      (writer: CheckpointWriter) => writer[Symbol.asyncDispose](),
    ]) {
      const prefix = freshPrefix();
      const writer = writerOf(prefix, {}, () => new Promise(resolve => setTimeout(resolve, 20)));
      const saved = writer.finish().catch((error: unknown) => error);
      await new Promise(resolve => setTimeout(resolve, 30));
      await stop(writer);
      expect(filesBeside(prefix)).toEqual([]);
      expect(await saved).toMatchObject({ code: 'ERR_ABORTED' });
    }
  });

  test('at each phase of progress; after the commit it has no effect', async () => {
    for (const phase of ['write', 'sync', 'commit'] as const) {
      const prefix = freshPrefix();
      const controller = new AbortController();
      const onProgress = (progress: Progress): void => {
        if (progress.phase === phase) controller.abort();
      };
      await expect(writerOf(prefix, { signal: controller.signal, onProgress }).finish()).rejects.toMatchObject({
        code: 'ERR_ABORTED',
      });
      expect(filesBeside(prefix)).toEqual([]);
    }
    const prefix = freshPrefix();
    const controller = new AbortController();
    const writer = writerOf(prefix, { signal: controller.signal });
    await writer.finish();
    controller.abort();
    await writer.abort();
    expect(existsSync(`${prefix}.index`)).toBe(true);
  });
});

test('progress: phases in order, bytes never falling, up to all of them', async () => {
  for (const shards of [1, 3]) {
    const seen: Progress[] = [];
    await writerOf(freshPrefix(), { shards, onProgress: progress => seen.push({ ...progress }) }).finish();
    const phases = seen.map(progress => ['write', 'sync', 'commit'].indexOf(progress.phase));
    expect(phases).toEqual([...phases].sort((a, b) => a - b));
    expect(new Set(phases)).toEqual(new Set([0, 1, 2]));
    const bytes = seen.map(progress => progress.bytes);
    expect(bytes).toEqual([...bytes].sort((a, b) => a - b));
    expect(seen.at(-1)).toEqual({ phase: 'commit', bytes: 6 * 2 ** 20, totalBytes: 6 * 2 ** 20 });
  }
});

test('events: plan, write, sync, commit, clean, with what was removed', async () => {
  const prefix = freshPrefix();
  const events: { phase: string; event: SaveEvent }[] = [];
  const subscriptions = ['plan', 'write', 'sync', 'commit', 'clean'].map(phase => {
    const listener = (event: unknown): void => {
      events.push({ phase, event: event as SaveEvent });
    };
    channel(`tensorbundle:${phase}`).subscribe(listener);
    return () => channel(`tensorbundle:${phase}`).unsubscribe(listener);
  });
  await writerOf(prefix, { shards: 2 }).finish();
  const first = filesBeside(prefix).filter(name => name.includes('.data-'));
  await writerOf(prefix, { shards: 2, durable: true }).finish();
  for (const end of subscriptions) end();
  await writerOf(prefix).finish();
  expect(events.map(({ phase }) => phase)).toEqual(
    [...Array(2)].flatMap(() => ['plan', 'write', 'sync', 'commit', 'clean']),
  );
  expect(events[0]!.event).toEqual({ prefix, shards: 2, bytes: 6 * 2 ** 20, tensors: 6, durable: true });
  expect(events[4]!.event.removed).toEqual([]);
  expect([...events[9]!.event.removed!].sort()).toEqual(first);
});

test('100,000 tensors', async () => {
  const prefix = freshPrefix();
  const writer = new CheckpointWriter(prefix, { durable: false, shards: 3 });
  const count = 100_000;
  for (let i = 0; i < count; i++) {
    writer.add(`layer_${i % 1000}/variable_${i}`, { dtype: 'int32', shape: [], data: Int32Array.of(i) });
  }
  expect(await writer.finish()).toMatchObject({ tensors: count, shards: 3 });
  await using reader = await CheckpointReader.open(prefix, { verify: 'open' });
  expect(reader.names()).toHaveLength(count);
  for (const i of [0, 1, 33_333, 99_999]) {
    expect((await reader.read(`layer_${i % 1000}/variable_${i}`)).data).toEqual(Int32Array.of(i));
  }
});
