/**
 * CheckpointReader: views and copies, ranges, pieces, verification modes, closing. Damage is made by changing bytes.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, type NumericArray, verifyCheckpoint } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'reader-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;

const COUNT = 100_000;
const values = Float32Array.from({ length: COUNT }, (_, i) => i);

/** 'big' (views are possible), 'odd' (misaligned behind one byte), 'text', 'parts' in two slices. */
async function sample(): Promise<string> {
  const prefix = join(folder, String(++made), 'model');
  const writer = new CheckpointWriter(prefix, { durable: false });
  writer.add('big', { dtype: 'float32', shape: [COUNT / 100, 100], data: values });
  writer.add('byte', { dtype: 'uint8', shape: [], data: Uint8Array.of(1) });
  writer.add('odd', { dtype: 'float32', shape: [COUNT], data: values });
  writer.add('text', { dtype: 'string', shape: [2, 2], data: ['a', 'bb', '', 'dé'].map(text => Buffer.from(text)) });
  writer.addSlice('parts', [4, 3], [2, 0], { dtype: 'int32', shape: [2, 3], data: Int32Array.of(6, 7, 8, 9, 10, 11) });
  writer.addSlice('parts', [4, 3], [0, 0], { dtype: 'int32', shape: [2, 3], data: Int32Array.of(0, 1, 2, 3, 4, 5) });
  await writer.finish();
  return prefix;
}

/** Changes one byte of the data file. */
async function damage(prefix: string, name: string): Promise<void> {
  const reader = await CheckpointReader.open(prefix);
  const { offset } = reader.entry(name);
  await reader.close();
  const path = `${prefix}.data-00000-of-00001`;
  const byte = readFileSync(path)[offset! + 5]!;
  const file = openSync(path, 'r+');
  writeSync(file, Uint8Array.of(byte ^ 1), 0, 1, offset! + 5);
  closeSync(file);
}

const buffersOf = (data: unknown): ArrayBufferLike => (data as NumericArray).buffer;

describe('reading', () => {
  test('views share a mapping, copies do not; neither changes the file', async () => {
    const prefix = await sample();
    await using reader = await CheckpointReader.open(prefix);
    const [first, second] = [await reader.read('big'), await reader.read('big')];
    const copy = await reader.read('big', { copy: true });
    expect(buffersOf(first.data)).toBe(buffersOf(second.data));
    expect(buffersOf(copy.data)).not.toBe(buffersOf(first.data));
    (first.data as Float32Array)[7] = -1;
    expect((second.data as Float32Array)[7]).toBe(-1);
    expect((copy.data as Float32Array)[7]).toBe(7);
    // Verification and copies read the file, not what was written into a view.
    expect(((await reader.read('big', { copy: true })).data as Float32Array)[7]).toBe(7);
    expect((await reader.verify()).ok).toBe(true);
    await using other = await CheckpointReader.open(prefix);
    expect(((await other.read('big')).data as Float32Array)[7]).toBe(7);
  });

  test('a misaligned tensor comes as a copy, with the right values', async () => {
    await using reader = await CheckpointReader.open(await sample());
    expect(reader.entry('odd').offset! % 4).not.toBe(0);
    expect((await reader.read('odd')).data).toEqual(values);
  });

  test('ranges, and what is no range', async () => {
    await using reader = await CheckpointReader.open(await sample());
    const range = await reader.read('big', { begin: [3, 98], size: [2, -1] });
    expect(range).toEqual({ dtype: 'float32', shape: [2, 2], data: Float32Array.of(398, 399, 498, 499) });
    expect((await reader.read('big', { begin: [999, 0] })).shape).toEqual([1, 100]);
    expect((await reader.read('big', { size: [0, 5] })).data).toHaveLength(0);
    const column = await reader.read('big', { begin: [0, 1], size: [-1, 1] });
    expect((column.data as Float32Array)[999]).toBe(99_901);
    expect((await reader.read('parts', { begin: [1, 1], size: [2, 2] })).data).toEqual(Int32Array.of(4, 5, 7, 8));
    const text = await reader.read('text', { begin: [0, 1], size: [2, 1] });
    expect((text.data as Uint8Array[]).map(element => Buffer.from(element).toString())).toEqual(['bb', 'dé']);
    const wrong = [
      { begin: [0] },
      { begin: [-1, 0] },
      { begin: [1000, 0], size: [1, 1] },
      { size: [1001, 1] },
      { size: [-2, 1] },
    ];
    for (const range of [...wrong, { begin: [0.5, 0] }, { begin: [0, 0, 0] }, { size: [1] }]) {
      await expect(reader.read('big', range)).rejects.toMatchObject({ code: 'ERR_SHAPE', tensor: 'big' });
    }
  });

  test('a partitioned tensor whole, and its entry', async () => {
    await using reader = await CheckpointReader.open(await sample());
    expect((await reader.read('parts')).data).toEqual(Int32Array.from({ length: 12 }, (_, i) => i));
    expect(reader.entry('parts')).toMatchObject({ shape: [4, 3], bytes: 48, shard: null, offset: null, crc32c: null });
    expect(reader.entry('parts').slices.map(slice => slice.begin)).toEqual([
      [2, 0],
      [0, 0],
    ]);
    expect(reader.names()).toEqual(['big', 'byte', 'odd', 'parts', 'text']);
  });

  test('what is not there', async () => {
    await using reader = await CheckpointReader.open(await sample());
    expect([reader.has('big'), reader.has('bi'), reader.has('')]).toEqual([true, false, false]);
    for (const name of ['', 'bigger', '\0parts']) {
      expect(() => reader.entry(name)).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND', tensor: name }));
      await expect(reader.read(name)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND', tensor: name });
    }
    await expect(reader.pieces('nothing').next()).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
  });

  test('pieces join to the tensor', async () => {
    await using reader = await CheckpointReader.open(await sample());
    const join = async (name: string, bytes?: number): Promise<Buffer> => {
      const pieces: Uint8Array[] = [];
      for await (const piece of reader.pieces(name, bytes === undefined ? {} : { bytes })) {
        expect(piece.length).toBeLessThanOrEqual(bytes ?? 4 * 2 ** 20);
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    };
    for (const bytes of [4, 1000, 4096, undefined]) {
      if (bytes !== 4) expect((await join('odd', bytes)).equals(Buffer.from(values.buffer))).toBe(true);
      expect(await join('parts', bytes)).toEqual(Buffer.from(Int32Array.from({ length: 12 }, (_, i) => i).buffer));
    }
    expect((await join('text')).toString()).toBe('abbdé');
    for (const name of ['odd', 'parts']) {
      for (const [bytes, expected] of [
        [3, 4],
        [7, 4],
        [11, 8],
      ] as const) {
        const first = await reader.pieces(name, { bytes }).next();
        expect(first.value, `${name} by ${bytes}`).toHaveLength(expected);
      }
    }
    for (const bytes of [0, -1, 0.5]) {
      await expect(reader.pieces('odd', { bytes }).next()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    }
  });
});

describe('verification', () => {
  test('on reading: only the damaged tensor, with its place', async () => {
    const prefix = await sample();
    await damage(prefix, 'odd');
    await using reader = await CheckpointReader.open(prefix);
    expect((await reader.read('big')).data).toHaveLength(COUNT);
    const expected = {
      code: 'ERR_CHECKSUM',
      tensor: 'odd',
      path: `${prefix}.data-00000-of-00001`,
      offset: 4 * COUNT + 1,
    };
    await expect(reader.read('odd')).rejects.toMatchObject(expected);
    await expect(reader.read('odd', { copy: true })).rejects.toMatchObject(expected);
    await expect(reader.read('odd', { begin: [9], size: [1] })).rejects.toMatchObject(expected);
    await expect(reader.pieces('odd').next()).rejects.toMatchObject(expected);
    const report = await reader.verify();
    expect(report).toMatchObject({ ok: false, tensors: 5, unreferencedBytes: 0 });
    expect(report.problems).toMatchObject([{ code: 'ERR_CHECKSUM', tensor: 'odd' }]);
    expect((await verifyCheckpoint(prefix)).problems).toEqual(report.problems);
  });

  test('on opening: refuses at once; never: gives what is there', async () => {
    const prefix = await sample();
    await damage(prefix, 'big');
    await expect(CheckpointReader.open(prefix, { verify: 'open' })).rejects.toMatchObject({
      code: 'ERR_CHECKSUM',
      tensor: 'big',
    });
    await using reader = await CheckpointReader.open(prefix, { verify: 'never' });
    expect(((await reader.read('big')).data as Float32Array)[1]).not.toBe(1);
    expect(((await reader.read('big')).data as Float32Array)[2]).toBe(2);
  });

  test('reports unreferenced bytes as no damage, progress up to the end, and an abort as an error', async () => {
    const prefix = await sample();
    const path = `${prefix}.data-00000-of-00001`;
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(17)]));
    await using reader = await CheckpointReader.open(prefix);
    const seen: number[] = [];
    const report = await reader.verify({
      onProgress: ({ phase, bytes, totalBytes }) => seen.push(phase === 'verify' ? bytes / totalBytes : -1),
    });
    expect(report).toMatchObject({ ok: true, unreferencedBytes: 17, prefix });
    expect(seen.at(-1)).toBe(1);
    const reason = new Error('enough');
    await expect(reader.verify({ signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: reason,
    });
    await expect(reader.read('big', { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
      cause: reason,
    });
    await expect(CheckpointReader.open(prefix, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
      code: 'ERR_ABORTED',
    });
  });
});

test('knows no name that is not one, also after the last one in order', async () => {
  const prefix = join(folder, String(++made), 'one');
  const writer = new CheckpointWriter(prefix);
  writer.add('w', { dtype: 'float32', shape: [1], data: Float32Array.of(1) });
  await writer.finish();
  await using reader = await CheckpointReader.open(prefix);
  expect(reader.has('w')).toBe(true);
  expect(reader.has(undefined as never)).toBe(false);
  await expect(reader.read(undefined as never)).rejects.toMatchObject({
    code: expect.stringMatching(/^ERR_(?:NOT_FOUND|INVALID_ARGUMENT)$/),
  });
});

test('close waits for reads, keeps views valid, and ends everything else', async () => {
  const prefix = await sample();
  const reader = await CheckpointReader.open(prefix);
  const view = (await reader.read('big')).data as Float32Array;
  const running = reader.read('odd', { copy: true });
  await Promise.all([reader.close(), reader.close()]);
  expect((await running).data).toEqual(values);
  rmSync(join(prefix, '..'), { recursive: true });
  expect(view.at(-1)).toBe(COUNT - 1);
  const closed = expect.objectContaining({ code: 'ERR_CLOSED' });
  expect(() => reader.names()).toThrow(closed);
  expect(() => reader.has('big')).toThrow(closed);
  expect(() => reader.entry('big')).toThrow(closed);
  await expect(reader.read('big')).rejects.toEqual(closed);
  await expect(reader.verify()).rejects.toEqual(closed);
  await expect(reader.pieces('big').next()).rejects.toEqual(closed);
  await reader.close();
});

test.each(['big', 'odd', 'text', 'parts', 'byte'])(
  'close waits for a piece of %s under way; later ones are refused',
  async name => {
    const reader = await CheckpointReader.open(await sample());
    await using other = await CheckpointReader.open(reader.prefix);
    const whole = await other.read(name, { copy: true });
    const pieces = reader.pieces(name, { bytes: 4 });
    const running = pieces.next();
    await reader.close();
    const { value } = await running;
    const data = whole.data as NumericArray | Uint8Array[];
    const first = data[0] instanceof Uint8Array ? data[0] : new Uint8Array((data as NumericArray).buffer);
    expect(Buffer.from(value!)).toEqual(Buffer.from(first.subarray(0, 4)));
    await expect(pieces.next()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  },
);

test('close in the middle of pieces, from the loop itself', async () => {
  const reader = await CheckpointReader.open(await sample());
  let seen = 0;
  const loop = async (): Promise<void> => {
    for await (const piece of reader.pieces('big', { bytes: 4096 })) {
      seen++;
      await reader.close();
      expect(piece).toHaveLength(4096);
    }
  };
  await expect(loop()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  expect(seen).toBe(1);
});

test('an overwrite does not change what an open reader sees', async () => {
  const prefix = await sample();
  await using reader = await CheckpointReader.open(prefix);
  for (let generation = 0; generation < 3; generation++) {
    await new CheckpointWriter(prefix)
      .add('big', { dtype: 'int8', shape: [1], data: Int8Array.of(generation) })
      .finish();
  }
  expect((await reader.read('big')).data).toEqual(values);
  expect((await reader.verify()).ok).toBe(true);
});
