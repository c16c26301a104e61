/**
 * A tensor above 4 GiB: written from a stream that is never in memory at once, read by range, whole and in pieces.
 * The second checkpoint is the same file under a byte type, by a hard link and an index made for it.
 */
import { linkSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildIndex } from '../../src/bundle/index-builder.js';
import { itemOf } from '../../src/bundle/source.js';
import { atOnce } from '../../src/format/turns.js';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';

const ROW = 2 ** 20;
/** Rows of 1 MiB: 4 GiB and 4 MiB. */
const ROWS = 4100;
const BYTES = ROW * ROWS;
const TIMEOUT = 300_000;

const folder = mkdtempSync(join(tmpdir(), 'large-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Zeros, but each row begins with its number. */
async function* rows(): AsyncGenerator<Uint8Array> {
  for (let row = 0; row < ROWS; row++) {
    const piece = new Float32Array(ROW / 4);
    piece[0] = row;
    yield new Uint8Array(piece.buffer);
  }
}

const floats = join(folder, 'floats');
const bytes = join(folder, 'bytes');
const DATA = 'data-00000-of-00001';
let peak = 0;

beforeAll(async () => {
  const watch = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 50);
  const writer = new CheckpointWriter(floats, { durable: false });
  const result = await writer.add('t', { dtype: 'float32', shape: [ROWS, ROW / 4], data: rows }).finish();
  clearInterval(watch);
  expect(result.bytesWritten).toBeGreaterThan(BYTES);
  await using reader = await CheckpointReader.open(floats);
  const item = itemOf('t', { dtype: 'uint8', shape: [ROWS, ROW], data: rows }, undefined);
  const crcs = Uint32Array.of(reader.entry('t').crc32c!);
  const placements = { shards: Int32Array.of(0), offsets: Float64Array.of(0), crcs };
  writeFileSync(`${bytes}.index`, atOnce(buildIndex([item], placements, [0], 1)));
  linkSync(`${floats}.${DATA}`, `${bytes}.${DATA}`);
}, TIMEOUT);

test('a save needs little memory', () => {
  expect(peak).toBeLessThan(600 * 2 ** 20);
});

test('ranges beyond 4 GiB', { timeout: TIMEOUT }, async () => {
  await using reader = await CheckpointReader.open(floats, { verify: 'open' });
  expect(reader.entry('t').bytes).toBe(BYTES);
  const { shape, data } = await reader.read('t', { begin: [ROWS - 2, 0], size: [2, 3] });
  expect(shape).toEqual([2, 3]);
  expect(data).toEqual(Float32Array.of(ROWS - 2, 0, 0, ROWS - 1, 0, 0));
});

test('whole as Float32Array', { timeout: TIMEOUT }, async () => {
  await using reader = await CheckpointReader.open(floats, { verify: 'never' });
  const { data } = await reader.read('t');
  expect(data).toBeInstanceOf(Float32Array);
  expect(data.length).toBe(BYTES / 4);
  for (const row of [0, 1, 4095, 4096, ROWS - 1]) expect((data as Float32Array)[row * (ROW / 4)]).toBe(row);
  expect((data as Float32Array)[data.length - 1]).toBe(0);
});

test('whole as Uint8Array: where this Node cannot, ERR_TOO_LARGE and pieces', { timeout: TIMEOUT }, async () => {
  await using reader = await CheckpointReader.open(bytes, { verify: 'never' });
  const whole = await reader.read('t').catch((error: unknown) => error);
  if (Number(process.versions.node.split('.')[0]) < 22) {
    expect(whole).toMatchObject({ code: 'ERR_TOO_LARGE', tensor: 't', found: BYTES });
  } else expect(whole).toMatchObject({ shape: [ROWS, ROW] });
  let total = 0;
  for await (const piece of reader.pieces('t', { bytes: 64 * 2 ** 20 })) total += piece.length;
  expect(total).toBe(BYTES);
});
