/** Lazy sources: pulled once, strings and variants first, the rest in file order; pieces; what a wrong one leads to. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, type LazyTensor, type TensorData } from '../../src/index.js';
import { bytesOf } from './random-checkpoint.js';

const folder = mkdtempSync(join(tmpdir(), 'lazy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(folder, String(++made), 'model');

const MEGABYTE = 2 ** 20;

function floats(count: number, value: number): Float32Array {
  return new Float32Array(count).fill(value);
}

test('are not asked before finish, then once each: strings first, then in file order', async () => {
  const asked: string[] = [];
  const lazy = (name: string, dtype: LazyTensor['dtype'], shape: number[], data: TensorData): LazyTensor => ({
    dtype,
    shape,
    data: () => {
      asked.push(name);
      return data;
    },
  });
  const writer = new CheckpointWriter(fresh());
  const large = 3 * MEGABYTE;
  writer.add('z', lazy('z', 'float32', [4], floats(4, 1)));
  writer.add('text', lazy('text', 'string', [1], [Buffer.from('hello')]));
  writer.add('big', lazy('big', 'float32', [large], floats(large, 2)));
  writer.add('a', lazy('a', 'int32', [], Int32Array.of(3)));
  writer.add('more text', lazy('more text', 'string', [], [Buffer.from('é')]));
  expect(asked).toEqual([]);
  await writer.finish();
  expect(asked).toEqual(['text', 'more text', 'z', 'big', 'a']);
  await using reader = await CheckpointReader.open(writer.prefix);
  expect(Buffer.from((await reader.read('more text')).data[0] as Uint8Array).toString()).toBe('é');
  const offsets = ['z', 'text', 'big', 'a', 'more text'].map(name => reader.entry(name).offset!);
  expect(offsets).toEqual([...offsets].sort((x, y) => x - y));
});

test('a source that rejects with undefined: so does the save', async () => {
  const writer = new CheckpointWriter(fresh(), { shards: 2 });
  for (const name of ['a', 'b']) {
    writer.add(
      name,
      { dtype: 'float32', shape: [4], data: () => Promise.reject(undefined) },
      { shard: name === 'a' ? 0 : 1 },
    );
  }
  const settled = await writer.finish().then(
    () => 'written',
    (error: unknown) => ({ error }),
  );
  expect(settled).toEqual({ error: undefined });
});

test('promises and pieces give the same file as an array', async () => {
  const data = Float32Array.from({ length: 2 * MEGABYTE }, (_, i) => i);
  const bytes = new Uint8Array(data.buffer);
  async function* pieces(sizes: readonly number[]): AsyncGenerator<Uint8Array> {
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const length = Math.min(sizes[i % sizes.length]!, bytes.length - at);
      yield bytes.slice(at, at + length);
      at += length;
    }
  }
  const crcs: (number | null)[] = [];
  const sources: LazyTensor['data'][] = [
    () => data,
    async () => data,
    () => pieces([1, 0, 4095, MEGABYTE]),
    () => pieces([5 * MEGABYTE + 3]),
  ];
  for (const source of sources) {
    const writer = new CheckpointWriter(fresh());
    writer.add('first', { dtype: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) });
    await writer.add('t', { dtype: 'float32', shape: [data.length], data: source }).finish();
    await using reader = await CheckpointReader.open(writer.prefix, { verify: 'open' });
    crcs.push(reader.entry('t').crc32c);
    expect(Buffer.from(bytesOf((await reader.read('t')).data)).equals(Buffer.from(bytes))).toBe(true);
  }
  expect(new Set(crcs).size).toBe(1);
});

test('strings in pieces are elements; a variant in pieces is its bytes', async () => {
  async function* elements(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('one');
    yield Buffer.from('');
  }
  const writer = new CheckpointWriter(fresh());
  await writer.add('s', { dtype: 'string', shape: [2], data: elements }).finish();
  await using reader = await CheckpointReader.open(writer.prefix);
  expect(((await reader.read('s')).data as Uint8Array[]).map(e => Buffer.from(e).toString())).toEqual(['one', '']);
});

test('a wrong one names its tensor, commits nothing and leaves no file', async () => {
  async function* short(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(3);
  }
  async function* long(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(9);
  }
  async function* failing(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array(4);
    throw new RangeError('source broke');
  }
  const wrong: [LazyTensor['data'], object][] = [
    [short, { code: 'ERR_SHAPE', tensor: 'bad' }],
    [long, { code: 'ERR_SHAPE', tensor: 'bad' }],
    [() => floats(1, 0), { code: 'ERR_SHAPE', tensor: 'bad' }],
    [() => new Int32Array(2), { code: 'ERR_DTYPE', tensor: 'bad' }],
    [() => undefined as unknown as TensorData, { code: 'ERR_DTYPE', tensor: 'bad' }],
    [failing, { name: 'RangeError', message: 'source broke' }],
    [() => Promise.reject(new RangeError('no')), { name: 'RangeError' }],
  ];
  for (const [data, expected] of wrong) {
    for (const shards of [1, 2]) {
      const prefix = fresh();
      const old = await new CheckpointWriter(prefix)
        .add('old', { dtype: 'bool', shape: [], data: Uint8Array.of(1) })
        .finish();
      expect(old.shards).toBe(1);
      const before = readdirSync(join(prefix, '..')).sort();
      const writer = new CheckpointWriter(prefix, { shards });
      writer.add('good', { dtype: 'float32', shape: [2], data: floats(2, 1) });
      writer.add('bad', { dtype: 'float32', shape: [2], data });
      await expect(writer.finish()).rejects.toMatchObject(expected);
      expect(readdirSync(join(prefix, '..')).sort()).toEqual(before);
    }
  }
  const prefix = fresh();
  const text = new CheckpointWriter(prefix).add('s', { dtype: 'string', shape: [2], data: () => [Buffer.from('x')] });
  await expect(text.finish()).rejects.toMatchObject({ code: 'ERR_SHAPE', tensor: 's' });
  expect(existsSync(`${prefix}.index`)).toBe(false);
});
