/**
 * Indexes that would make work, memory or reading grow faster than themselves. What is counted are entries, looks,
 * bytes and operations, at N and 4 N.
 */
import '../crash/fault-engine.js';
import { constants } from 'node:buffer';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { IndexFile } from '../../src/bundle/index-file.js';
import { encodeHeader } from '../../src/format/header.js';
import { StoredStrings } from '../../src/format/strings.js';
import { MAX_KEY_BYTES } from '../../src/format/table-columns.js';
import {
  MAX_KEY_EXPANSION,
  MAX_KEY_LENGTH,
  MAX_LONG_KEY_LENGTH,
  MAX_LONG_KEYS,
  MAX_LONG_NAMES,
  MAX_NAME_LENGTH,
  MIN_ENTRY_BYTES,
} from '../../src/format/table-format.js';
import { TableReader } from '../../src/format/table-reader.js';
import { TableWriter } from '../../src/format/table-writer.js';
import { atOnce, inTurns, sorted } from '../../src/format/turns.js';
import {
  CheckpointReader,
  CheckpointWriter,
  copyCheckpoint,
  mergeCheckpoints,
  verifyCheckpoint,
} from '../../src/index.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { block, entryOf, field, place, type Row, table, varint } from './index-bytes.js';

const scratch = new Scratch('limits');
const MEBIBYTE = 2 ** 20;

afterEach(() => {
  faulty.setFaults(null);
  expect(faulty.openDescriptors()).toBe(0);
});

const codeOf = (bytes: Uint8Array): string => {
  try {
    atOnce(TableReader.read(bytes, 'x.index'));
    return 'none';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('entries and keys', () => {
  /** Keys of which each shares all but its last two bytes with the one before. */
  const chain = (count: number, keyLength: number, value: readonly number[]): Row[] =>
    Array.from({ length: count }, (_, i) => {
      const end = [33 + Math.floor(i / 90), 33 + (i % 90)];
      const whole = [...new Array<number>(keyLength - 2).fill(97), ...end];
      return i === 0 ? { key: whole, value } : { key: end, value, shared: keyLength - 2 };
    });

  test('an entry needs at least 8 bytes of the file', () => {
    expect(codeOf(table({ data: block(chain(8000, 3, [1, 2, 3])) }))).toBe('none');
    // Without values: 5 bytes an entry.
    const slim = table({ data: block(chain(8000, 3, [])) });
    expect(slim.length / 8000).toBeLessThan(MIN_ENTRY_BYTES);
    expect(codeOf(slim)).toBe('ERR_TOO_LARGE');
  });

  test('keys that expand in the data blocks and in the index block', () => {
    const rows = chain(8000, 1000, [1, 2, 3]);
    const bytes = table({ data: block(rows) });
    expect((8000 * 1000) / bytes.length).toBeGreaterThan(MAX_KEY_EXPANSION);
    expect(codeOf(bytes)).toBe('ERR_TOO_LARGE');
    // Handles of blocks that follow each other, each of one empty block.
    const expanding = table({
      gap: new Array<number>(13 * 8000).fill(0),
      index: handle =>
        block(
          chain(8000, 1000, [1, 2]).map((row, i) => ({
            ...row,
            value: i === 0 ? handle : [...varint(60 + 13 * i), 8],
          })),
        ),
    });
    expect(codeOf(expanding)).toBe('ERR_TOO_LARGE');
  });

  test('a key has at most 16,383 bytes, a few of them more', async () => {
    const keys = (count: number, length: number): string => {
      const writer = new TableWriter();
      writer.add(new Uint8Array(0), encodeHeader(1));
      // Without a shared beginning: the file is as large as the keys.
      for (let i = 0; i < count; i++)
        writer.add(Buffer.from(String(1000 + i).padEnd(length, 'k')), Uint8Array.of(1, 2, 3));
      return codeOf(writer.finish());
    };
    expect(keys(300, MAX_KEY_LENGTH)).toBe('none');
    expect(keys(MAX_LONG_KEYS, MAX_KEY_LENGTH + 1)).toBe('none');
    expect(keys(MAX_LONG_KEYS + 1, MAX_KEY_LENGTH + 1)).toBe('ERR_TOO_LARGE');
    expect(keys(1, MAX_LONG_KEY_LENGTH)).toBe('none');
    expect(keys(1, MAX_LONG_KEY_LENGTH + 1)).toBe('ERR_TOO_LARGE');
  });

  test('the longest names that are written can be read again', async () => {
    const writer = new CheckpointWriter(join(scratch.directory(), 'model'), { durable: false });
    const value = { dtype: 'float32', shape: [2], data: new Float32Array(2) } as const;
    const tooLong = expect.objectContaining({ code: 'ERR_BAD_NAME', expected: MAX_NAME_LENGTH });
    expect(() => writer.add('ü'.repeat(MAX_NAME_LENGTH / 2 + 1), value)).toThrow(tooLong);
    expect(() => writer.addSlice('n'.repeat(MAX_NAME_LENGTH + 1), [4], [0], value)).toThrow(tooLong);
    const longest = ['ü'.repeat(MAX_NAME_LENGTH / 2), '\0'.repeat(MAX_NAME_LENGTH)];
    for (const name of longest) writer.addSlice(name, [4], [0], value);
    const many = Array.from({ length: MAX_LONG_NAMES - 2 }, (_, i) => `${i}`.padEnd(20_000, 'm'));
    for (const name of many) writer.add(name, value);
    expect(() => writer.add('one too many'.padEnd(20_000, 'm'), value)).toThrow(
      expect.objectContaining({ code: 'ERR_BAD_NAME', expected: MAX_LONG_NAMES }),
    );
    await writer.finish();
    const reader = await CheckpointReader.open(writer.prefix);
    expect(reader.names().length).toBe(longest.length + many.length);
    for (const name of [...longest, ...many]) expect(reader.has(name)).toBe(true);
    await reader.close();
  });

  test('all keys fit into one string', () => {
    expect(MAX_KEY_BYTES).toBeLessThanOrEqual(constants.MAX_STRING_LENGTH);
  });

  test('long keys stop as often as many short ones', async () => {
    const value = [...entryOf({ shape: [0] }), ...field(100, new Array<number>(500).fill(0))];
    const writer = new TableWriter();
    writer.add(new Uint8Array(0), encodeHeader(1));
    for (let i = 0; i < 1200; i++)
      writer.add(Buffer.from(`${'k'.repeat(16_000)}${10_000 + i}`), Uint8Array.from(value));
    const bytes = writer.finish();
    let stops = 0;
    for (const steps = TableReader.read(bytes, 'x.index'); !steps.next().done; ) stops++;
    expect(stops).toBeGreaterThan(10);
    const attempts = [...(await IndexFile.read(bytes, 'x.index')).attempts()];
    expect(attempts.filter(attempt => attempt !== null).length).toBe(1200);
    expect(attempts.filter(attempt => attempt === null).length).toBeGreaterThan(10);
  });

  test('100,000 entries in good faith are read, and names are there without a long wait', async () => {
    const rows = Array.from({ length: 100_000 }, (_, i) => [Buffer.from(`t${i}`), entryOf({ shape: [0] })] as const);
    const reader = await CheckpointReader.open(place(scratch.directory(), rows, 0));
    expect(reader.names().length).toBe(100_000);
    await reader.close();
  });

  test('an abort is heard while a large index is read', async () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => [Buffer.from(`t${i}`), entryOf({ shape: [0] })] as const);
    const prefix = place(scratch.directory(), rows, 0);
    const controller = new AbortController();
    setImmediate(() => setTimeout(() => controller.abort(), 1));
    await expect(CheckpointReader.open(prefix, { signal: controller.signal })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });
});

describe('bytes that many entries claim', () => {
  const bytesRead = (): number =>
    faulty
      .operations()
      .filter(({ syscall, path }) => syscall === 'pread' && path?.includes('.data-'))
      .reduce((sum, { result }) => sum + Math.max(0, result), 0);

  const claims = (count: number, range: (i: number) => { offset: number; size: number }): string => {
    const rows = Array.from({ length: count }, (_, i) => {
      const { offset, size } = range(i);
      return [Buffer.from(`t${i}`), entryOf({ shape: [size / 4], offset, size, crc: 1 })] as const;
    });
    return place(scratch.directory(), rows, 4 * MEBIBYTE);
  };

  test.each([
    ['the same', () => ({ offset: 0, size: 4 * MEBIBYTE })],
    ['of the same beginning', (i: number) => ({ offset: 0, size: 4 * MEBIBYTE - 4 * i })],
    ['of the same end', (i: number) => ({ offset: 4 * i, size: 4 * MEBIBYTE - 4 * i })],
    ['nested', (i: number) => ({ offset: 4 * i, size: 4 * MEBIBYTE - 8 * i })],
  ])('%s: no byte is read twice, and it is damage', async (_, range) => {
    for (const count of [10, 40]) {
      const prefix = claims(count, range);
      faulty.setFaults(null);
      const report = await verifyCheckpoint(prefix);
      expect(bytesRead()).toBeLessThanOrEqual(4 * MEBIBYTE);
      expect(bytesRead()).toBeGreaterThan(0);
      expect(report.problems.filter(({ code }) => code === 'ERR_CORRUPT').length).toBe(count - 1);
      expect(report.unreferencedBytes).toBe(0);
      faulty.setFaults(null);
      await expect(CheckpointReader.open(prefix, { verify: 'open' })).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
      const copy = join(scratch.directory(), 'copy');
      await expect(copyCheckpoint(prefix, copy)).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
      await expect(mergeCheckpoints([prefix], copy)).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
      expect(bytesRead()).toBe(0);
    }
  });

  test('tensors without bytes may lie at one place', async () => {
    const rows = Array.from(
      { length: 10 },
      (_, i) => [Buffer.from(`t${i}`), entryOf({ shape: [0], offset: 8 })] as const,
    );
    expect(await verifyCheckpoint(place(scratch.directory(), rows, 16))).toMatchObject({
      ok: true,
      unreferencedBytes: 16,
    });
  });

  test('a report has a bounded length', async () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [Buffer.from(`t${i}`), entryOf({ dtypeNumber: 0 })] as const);
    const report = await verifyCheckpoint(place(scratch.directory(), rows, 0));
    expect(report.ok).toBe(false);
    expect(report.problems.length).toBe(10_001);
    expect(report.problems.at(-1)!.message).toContain('10000 more problems');
  });
});

test('more strings than are read', () => {
  const count = 9_000_000;
  const context = { path: 'x', tensor: 's' };
  expect(() => new StoredStrings(new Uint8Array(count + 4), count, context)).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_LARGE', found: count }),
  );
});

test('long computations give way, and hear a signal', async () => {
  const numbers = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_003);
  const order = await inTurns(
    sorted(numbers, (a, b) => a - b),
    undefined,
    'sorting',
  );
  expect(order).toEqual(numbers.toSorted((a, b) => a - b));
  expect(atOnce(sorted<number>([], () => 0))).toEqual([]);
  const controller = new AbortController();
  function* endless() {
    for (;;) yield;
  }
  const work = inTurns(endless(), controller.signal, 'the work');
  setTimeout(() => controller.abort(), 1);
  await expect(work).rejects.toMatchObject({ code: 'ERR_ABORTED', message: 'the work was aborted' });
});
