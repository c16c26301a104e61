/** Files of h5py in every form it has, read by this package and by h5py: the same objects, attributes and values. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { native } from '../../src/binding.js';
import type { NumericArray } from '../../src/format/dtypes.js';
import { boxesOf } from '../../src/hdf5/compiled/boxes.js';
import type { Hdf5Attribute, Hdf5Dataset, Hdf5File } from '../../src/hdf5/hdf5-file.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import { ReadMemory, readingWith } from '../../src/storage/read-memory.js';
import { Scratch } from '../crash/scratch.js';
import { runPython } from '../oracle/python.js';
import { withHdf5 } from './open-files.js';
import { openFileRange } from './open-ranges.js';

interface Entry {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly names?: readonly string[];
  readonly shape?: readonly number[];
  readonly value?: unknown;
}

const scratch = new Scratch('hdf5-reading');
const directory = scratch.directory();
let judged: Readonly<Record<string, Readonly<Record<string, Entry | 'type' | 'nothing'>>>>;

beforeAll(async () => {
  judged = JSON.parse(await runPython('test/hdf5/files.py', [directory])) as typeof judged;
});

function hexOf(data: ArrayBufferView): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('hex');
}

/** As files.py tells values. */
function toldOf({ dtype, value }: Hdf5Attribute): unknown {
  if (value === null) return null;
  if (typeof value === 'string') return [value];
  if (ArrayBuffer.isView(value)) return hexOf(value);
  if (typeof value === 'boolean') return value ? '01' : '00';
  if (dtype === 'float16') return hexOf(Uint16Array.of(value === -0.0999755859375 ? 0xae66 : 0));
  if (dtype === 'float32') return hexOf(Float32Array.of(value as number));
  if (typeof value === 'bigint') return hexOf(BigUint64Array.of(value));
  return value;
}

async function toldValue(file: Hdf5File, dataset: Hdf5Dataset): Promise<unknown> {
  const { data } = await file.read(dataset);
  const pieces: Buffer[] = [];
  for await (const piece of file.pieces(dataset, 1000)) pieces.push(Buffer.from(piece));
  if (dataset.dtype === 'string') {
    expect(pieces).toEqual((data as Uint8Array[]).map(text => Buffer.from(text)));
    return pieces.map(String);
  }
  const told = hexOf(data as NumericArray);
  expect(Buffer.concat(pieces).toString('hex')).toBe(told);
  return told;
}

/** Why this package refuses what h5py reads. */
const REFUSED: Readonly<Record<string, string>> = { 'chunks/lzf': 'ERR_NOT_SUPPORTED' };

async function compare(file: Hdf5File, path: string, entry: Entry | 'type' | 'nothing'): Promise<void> {
  if (typeof entry === 'string') {
    const found = await file.at(path).catch((error: { code: string }) => error.code);
    expect([path, found]).toEqual([
      path,
      entry === 'type' ? 'ERR_NOT_SUPPORTED' : path.endsWith('loop') ? found : undefined,
    ]);
    expect([undefined, 'ERR_NOT_SUPPORTED', 'ERR_TOO_LARGE']).toContain(found);
    return;
  }
  if (REFUSED[path] !== undefined) {
    await expect(file.at(path)).rejects.toMatchObject({ code: REFUSED[path] });
    return;
  }
  const object = await file.at(path);
  expect(object, path).toBeDefined();
  const attributes = await object!.attributes();
  expect([path, Object.fromEntries([...attributes].map(([name, value]) => [name, toldOf(value)]))]).toEqual([
    path,
    entry.attributes,
  ]);
  if (object!.kind === 'group') {
    expect([path, await object!.names()]).toEqual([path, entry.names]);
    return;
  }
  expect([path, object!.shape]).toEqual([path, entry.shape]);
  if (object!.dtype === 'unknown')
    await expect(file.read(object!)).rejects.toMatchObject({ code: 'ERR_DTYPE', tensor: path });
  else expect([path, await toldValue(file, object!)]).toEqual([path, entry.value]);
}

describe('files of h5py', () => {
  test.each(['old.h5', 'user-block.h5', 'latest.h5', 'ordered.h5', 'small-latest.h5'])('%s', async name => {
    await withHdf5(join(directory, name), async file => {
      for (const [path, entry] of Object.entries(judged[name]!)) await compare(file, path, entry);
      expect(await file.at('no/such/path')).toBeUndefined();
      expect(await file.at('scalar/below')).toBeUndefined();
    });
    expect(Object.keys(judged[name]!).length).toBeGreaterThan(4);
  });

  test('types, places and objects are told', async () => {
    await withHdf5(join(directory, 'old.h5'), async file => {
      const told = async (path: string): Promise<unknown> => {
        const { dtype, stored, offset } = (await file.at(path)) as Hdf5Dataset;
        return [dtype, stored, offset !== null];
      };
      expect(await told('types/f2')).toEqual(['float16', 'float16', true]);
      expect(await told('types/big f4')).toEqual(['float32', 'big-endian float32', false]);
      expect(await told('types/bool')).toEqual(['bool', 'bool', true]);
      expect(await told('types/c8')).toEqual(['complex64', 'complex64', true]);
      expect(await told('marked')).toEqual(['bfloat16', 'opaque of 2 bytes', true]);
      expect(await told('unmarked')).toEqual(['unknown', 'opaque of 2 bytes', false]);
      expect(await told('records')).toEqual(['unknown', 'compound of 12 bytes', false]);
      expect(await told('chunks/plain')).toEqual(['float32', 'float32', false]);
      expect((await file.at('hard'))!.id).toBe((await file.at('scalar'))!.id);
      expect((await file.at('soft'))!.id).toBe((await file.at('types/f4'))!.id);
      expect((await file.at('types/up'))!.id).toBe(file.root.id);
      expect((await file.at('scalar'))!.id).not.toBe((await file.at('types/f4'))!.id);
      const { offset } = (await file.at('types/f4')) as Hdf5Dataset;
      const bytes = readFileSync(join(directory, 'old.h5'));
      expect(new Float32Array(bytes.buffer.slice(offset!, offset! + 96))[3]).toBe(4.5);
    });
  });

  test('what lies in another file is refused, and said to be there', async () => {
    await withHdf5(join(directory, 'elsewhere.h5'), async file => {
      await expect(file.at('there')).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED', tensor: 'there' });
      await expect(file.at('outside')).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED', tensor: 'outside' });
      expect(await file.root.names()).toEqual(['here', 'outside', 'there']);
    });
  });
});

test('a range of another file is read as a file, and errors name the range', async () => {
  const stored = readFileSync(join(directory, 'old.h5'));
  const latest = readFileSync(join(directory, 'latest.h5'));
  const path = join(scratch.directory(), 'archive');
  writeFileSync(path, Buffer.concat([Buffer.alloc(1001, 7), stored, latest]));
  await using opened = await openFileRange(path);
  for (const [name, start, size] of [
    ['old.h5', 1001, stored.length],
    ['latest.h5', 1001 + stored.length, latest.length],
  ] as const) {
    await using file = await openHdf5({ path: `archive, ${name}`, file: opened.file, start, size });
    for (const path of ['types/f4', 'attributes', 'texts', 'chunks/one']) {
      if (judged[name]![path]) await compare(file, path, judged[name]![path]!);
    }
    await expect(file.at('chunks/lzf')).rejects.toThrow(`archive, ${name}`);
  }
  const cut = openHdf5({ path: 'archive, old.h5', file: opened.file, start: 1001, size: stored.length - 1 });
  await expect(cut).rejects.toMatchObject({ code: 'ERR_TRUNCATED', path: 'archive, old.h5' });
  const other = openHdf5({ path: 'archive, x', file: opened.file, start: 0, size: 5000 });
  await expect(other).rejects.toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT', path: 'archive, x' });
});

test('many datasets are read together, into memory that TensorFlow takes, whoever reads each', async () => {
  const path = join(scratch.directory(), 'many.h5');
  const code = `
import h5py, numpy as np
with h5py.File(${JSON.stringify(path)}, "w") as f:
    for i in range(300):
        f[f"g{i % 7}/d{i}"] = np.full((i * 200,), i, "f4")
    f.create_dataset("checked", data=np.arange(40000, dtype="f4"), chunks=(1000,), fletcher32=True)`;
  await runPython({ code });
  await withHdf5(path, async file => {
    const datasets: Hdf5Dataset[] = [(await file.at('checked')) as Hdf5Dataset];
    for (let i = 299; i >= 0; i--) datasets.push((await file.at(`g${i % 7}/d${i}`)) as Hdf5Dataset);
    const values = await readingWith(new ReadMemory(true), memory => file.readAll(datasets, memory));
    const arrays = values.map(({ data }) => data as Float32Array);
    expect(Array.from(arrays[0]!.subarray(0, 3))).toEqual([0, 1, 2]);
    for (const [i, array] of arrays.slice(1).entries()) {
      expect(array.length).toBe((299 - i) * 200);
      expect(array.every(value => value === 299 - i)).toBe(true);
    }
    const large = arrays.filter(array => array.byteLength >= 64 * 1024);
    expect(large.length).toBeGreaterThan(200);
    for (const array of large) expect(native.misalignment(array, 64)).toBe(0);
    await expect(withHdf5(path, other => other.readAll(datasets))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });
});

test('a closed or aborted file refuses to be read', async () => {
  const stop = new AbortController();
  await using range = await openFileRange(join(directory, 'old.h5'));
  const file = await openHdf5(range, { signal: stop.signal });
  const dataset = (await file.at('types/f4')) as Hdf5Dataset;
  stop.abort(new Error('enough'));
  for (const read of [file.at('types/i4'), file.read(dataset), file.pieces(dataset).next()]) {
    await expect(read).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  }
  await expect(openHdf5(range, { signal: stop.signal })).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  const closed = await openHdf5(range);
  const same = (await closed.at('types/f4')) as Hdf5Dataset;
  await closed[Symbol.asyncDispose]();
  await closed[Symbol.asyncDispose]();
  for (const read of [closed.at('types/i4'), closed.read(same), closed.pieces(same).next()]) {
    await expect(read).rejects.toMatchObject({ code: 'ERR_CLOSED' });
  }
});

test('boxes follow each other in C order, and hold whole chunks where they can', () => {
  for (const [shape, most, rows] of [
    [[7, 3, 5], 4, 1],
    [[7, 3, 5], 31, 2],
    [[100, 2], 51, 10],
    [[5], 100, 1],
    [[], 1, 1],
    [[3, 4], 1, 1],
  ] as const) {
    const boxes = [...boxesOf(shape, most, rows)];
    let at = 0;
    for (const { begin, size, count } of boxes) {
      expect(begin.reduce((sum, start, axis) => sum * shape[axis]! + start, 0)).toBe(at);
      expect(size.reduce((product, length) => product * length, 1)).toBe(count);
      expect(count).toBeLessThanOrEqual(most);
      at += count;
    }
    expect(at).toBe(shape.reduce((product: number, length) => product * length, 1));
  }
  expect([...boxesOf([100, 2], 51, 10)].map(({ size }) => size[0])).toEqual([20, 20, 20, 20, 20]);
  expect([...boxesOf([3, 0], 5)]).toEqual([]);
});
