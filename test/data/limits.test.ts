/** Lines and records that are long, or say so: what is read of them, and where it ends. */
import '../crash/fault-engine.js';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faulty } from '../native/fault-binding.js';

const { CSVDataset, encodeTFRecord, TextLineDataset, TFRecordDataset } = await import('../../src/tfjs.js');
const { crc32c, maskCrc } = await import('../../src/format/crc.js');

const MIB = 2 ** 20;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle limits '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const path = (): string => join(directory, 'file');
/** A file that begins so; zeros after it, which take no place on the disk. */
const file = (content: string | Uint8Array, size?: number): string => {
  writeFileSync(path(), content);
  if (size !== undefined) truncateSync(path(), size);
  return path();
};

/** Bytes that were read of the file, and what came of it. */
async function watched<T>(work: () => Promise<T>): Promise<{ bytes: number; outcome: T | Error }> {
  faulty.setFaults([]);
  const outcome = await work().catch((error: Error) => error);
  const reads = faulty.operations().filter(({ syscall, result }) => syscall.startsWith('pread') && result > 0);
  faulty.setFaults(null);
  return { bytes: reads.reduce((sum, { result }) => sum + result, 0), outcome };
}

/** The head of a record whose checksum is right. */
function head(length: bigint): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, length, true);
  view.setUint32(8, maskCrc(crc32c(bytes.subarray(0, 8))), true);
  return bytes;
}

describe('lines', () => {
  it('of any length are read once', async () => {
    for (const size of [MIB, 4 * MIB, 16 * MIB]) {
      for (const text of ['x'.repeat(size), `${'x'.repeat(size)}\r\n`, `${'ä\r'.repeat(size / 4)}\n`]) {
        file(`1\n${text}`);
        const { bytes, outcome } = await watched(() => new TextLineDataset(path()).toArray());
        expect(outcome).toEqual(['1', text.replace(/\r?\n$/, '')]);
        expect(bytes).toBeLessThan(1.2 * size + 2 * MIB);
      }
    }
  }, 60_000);

  it('end at 256 MiB', async () => {
    const { bytes, outcome } = await watched(() => new TextLineDataset(file('1\nx', 2 ** 36)).toArray());
    expect(outcome).toMatchObject({ code: 'ERR_TOO_LARGE', offset: 2, path: path() });
    expect(bytes).toBeLessThan(300 * MIB);
  }, 60_000);

  it('that are cut in a character or between CR and LF are whole', async () => {
    for (let shift = -3; shift <= 3; shift++) {
      const text = `${'x'.repeat(64 * 1024 + shift)}😀\r`;
      expect(await new TextLineDataset(file(`${text}\n${text}`)).toArray()).toEqual([text.slice(0, -1), text]);
    }
  });
});

describe('TFRecord files', () => {
  it.each([2n ** 60n, 2n ** 53n, 2n ** 64n - 1n, 2n ** 31n, 1000n])(
    'that lack most of a record: %d bytes',
    async length => {
      const { bytes, outcome } = await watched(() => new TFRecordDataset(file(head(length))).toArray());
      expect(outcome).toMatchObject({ code: 'ERR_TRUNCATED', offset: 0, found: 12 });
      expect(bytes).toBe(12);
    },
  );

  it('with a record of more than 2 GiB, which the file has', async () => {
    const { bytes, outcome } = await watched(() => new TFRecordDataset(file(head(2n ** 31n + 1n), 2 ** 33)).toArray());
    expect(outcome).toMatchObject({ code: 'ERR_TOO_LARGE', offset: 0, found: 2 ** 31 + 1 });
    expect(bytes).toBeLessThanOrEqual(MIB);
  });

  it('with long records read each of them once, and find damage at their ends', async () => {
    for (const size of [MIB - 4, MIB, 3 * MIB + 1, 12 * MIB]) {
      const records = [new Uint8Array(size).fill(7), Uint8Array.of(1), new Uint8Array(size).fill(9)];
      const written = Buffer.concat(records.map(encodeTFRecord));
      const { bytes, outcome } = await watched(() => new TFRecordDataset(file(written)).toArray());
      expect((outcome as Uint8Array[]).map(record => Buffer.from(record).equals(records.shift()!))).toEqual([
        true,
        true,
        true,
      ]);
      // And a window for the head of each, which may lie in that of the one before.
      expect(bytes).toBeLessThan(written.length + 4 * MIB);
      for (const at of [12, size + 11, size + 12]) {
        const bad = Buffer.from(written);
        bad[at]! ^= 1;
        await expect(new TFRecordDataset(file(bad)).toArray()).rejects.toMatchObject({
          code: 'ERR_CHECKSUM',
          offset: 0,
        });
      }
    }
  }, 60_000);
});

it('a long file of short records lets others have their turn', async () => {
  const records = Buffer.concat(Array.from({ length: 200_000 }, () => encodeTFRecord(new Uint8Array(0))));
  for (const make of [
    () => new TextLineDataset(file('1\n'.repeat(200_000))),
    () => new CSVDataset(file('1\n'.repeat(200_000)), { hasHeader: false, columnNames: ['a'] }),
    () => new TFRecordDataset(file(records)),
  ]) {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    try {
      await make().forEachAsync(() => undefined);
    } finally {
      clearInterval(timer);
    }
    // Reading it once takes some hundred milliseconds; without turns there would be two or three.
    expect(turns).toBeGreaterThan(5);
  }
}, 60_000);
