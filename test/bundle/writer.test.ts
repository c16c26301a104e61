/** CheckpointWriter: what it accepts, refuses, and in which states; where tensors land. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CheckpointReader, CheckpointWriter, type TensorSource, type WriterOptions } from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'writer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let made = 0;
const fresh = (): string => join(folder, String(++made), 'model');

const vector = (...values: number[]): TensorSource => ({
  dtype: 'float32',
  shape: [values.length],
  data: Float32Array.from(values),
});

const code = (expected: string, tensor?: string): object =>
  expect.objectContaining({ code: expected, ...(tensor === undefined ? {} : { tensor }) });

describe('add', () => {
  test('refuses names', () => {
    const writer = new CheckpointWriter(fresh()).add('a', vector(1));
    expect(() => writer.add('a', vector(1))).toThrow(code('ERR_DUPLICATE_NAME', 'a'));
    expect(() => writer.addSlice('a', [2], [0], vector(1))).toThrow(code('ERR_DUPLICATE_NAME', 'a'));
    for (const name of ['', '\ud83d', 'x\ude00', '\ude00\ud83d']) {
      expect(() => writer.add(name, vector(1))).toThrow(code('ERR_BAD_NAME', name));
      expect(() => writer.addSlice(name, [2], [0], vector(1))).toThrow(code('ERR_BAD_NAME', name));
    }
    writer.addSlice('s', [2], [0], vector(1));
    expect(() => writer.add('s', vector(1))).toThrow(code('ERR_DUPLICATE_NAME', 's'));
  });

  test('refuses a name that has the form of the key of a slice: nobody could find it again', async () => {
    const writer = new CheckpointWriter(fresh());
    expect(() => writer.add('\0a\0\x01\0', vector(1))).toThrow(code('ERR_BAD_NAME'));
    writer.add('\0a', vector(1)).add('\0', vector(2)).add('a\0\x01\0', vector(3));
    await writer.finish();
    await using reader = await CheckpointReader.open(writer.prefix);
    expect(reader.names()).toEqual(['\0', '\0a', 'a\0\x01\0']);
    expect((await reader.read('\0')).data).toEqual(Float32Array.of(2));
  });

  test('refuses shapes', () => {
    const writer = new CheckpointWriter(fresh());
    const data = new Float32Array(4);
    for (const shape of [[3], [-1], [1.5], [2 ** 53], [2 ** 30, 2 ** 30], [Number.NaN], []]) {
      expect(() => writer.add('x', { dtype: 'float32', shape, data })).toThrow(code('ERR_SHAPE', 'x'));
    }
    const strings = [new Uint8Array(1)];
    expect(() => writer.add('x', { dtype: 'string', shape: [2], data: strings })).toThrow(code('ERR_SHAPE', 'x'));
    // What was refused is not there: the name is free.
    writer.add('x', { dtype: 'float32', shape: [2, 2], data });
  });

  test('refuses dtypes', () => {
    const writer = new CheckpointWriter(fresh());
    const wrong: [string, unknown][] = [
      ['float99', new Float32Array(1)],
      ['float32', new Float64Array(1)],
      ['float16', new Float32Array(1)],
      ['int64', new Int32Array(2)],
      ['bool', [true]],
      ['string', [3]],
      ['string', 'text'],
      ['string', new Array(1)],
      ['string', ['\ud800']],
      ['string', ['a\udc00b']],
      ['string', new Uint8Array(1)],
      ['variant', [new Uint8Array(1)]],
    ];
    for (const [dtype, data] of wrong) {
      expect(() => writer.add('x', { dtype, shape: [1], data } as TensorSource), dtype).toThrow(code('ERR_DTYPE', 'x'));
    }
    expect(() => writer.add('x', null as unknown as TensorSource)).toThrow(code('ERR_INVALID_ARGUMENT', 'x'));
  });

  test("takes 'half' for float16", async () => {
    const writer = new CheckpointWriter(fresh());
    const half = { dtype: 'half', shape: [1], data: Uint16Array.of(0x3c00) } as unknown as TensorSource;
    await writer.add('h', half).finish();
    await using reader = await CheckpointReader.open(writer.prefix);
    expect(reader.entry('h').dtype).toBe('float16');
  });

  test('refuses options', () => {
    const bad: WriterOptions[] = [
      { shards: 0 },
      { shards: 1.5 },
      { shards: -1 },
      { shards: { maxBytes: 0 } },
      { shards: 'many' as 'auto' },
      { overwrite: 'yes' as 'atomic' },
      { lockTimeoutMs: -1 },
      { lockTimeoutMs: Number.NaN },
    ];
    for (const options of bad) expect(() => new CheckpointWriter('x', options)).toThrow(code('ERR_INVALID_ARGUMENT'));
    for (const shard of [-1, 0.5, 1e9]) {
      expect(() => new CheckpointWriter('x').add('a', vector(1), { shard })).toThrow(code('ERR_INVALID_ARGUMENT', 'a'));
    }
  });
});

describe('addSlice', () => {
  test('refuses what does not belong together', () => {
    const writer = new CheckpointWriter(fresh()).addSlice('t', [4], [0], vector(1, 2));
    expect(() => writer.addSlice('t', [4], [1], vector(1))).toThrow(code('ERR_SLICE_OVERLAP', 't'));
    expect(() => writer.addSlice('t', [5], [2], vector(1))).toThrow(code('ERR_SHAPE', 't'));
    expect(() => writer.addSlice('t', [4], [3], vector(1, 2))).toThrow(code('ERR_SHAPE', 't'));
    expect(() => writer.addSlice('t', [4], [-1], vector(1))).toThrow(code('ERR_SHAPE', 't'));
    expect(() => writer.addSlice('t', [4, 1], [2, 0], vector(1))).toThrow(code('ERR_SHAPE', 't'));
    const other: TensorSource = { dtype: 'int32', shape: [1], data: Int32Array.of(1) };
    expect(() => writer.addSlice('t', [4], [2], other)).toThrow(code('ERR_DTYPE', 't'));
  });

  test('a gap is written and told on reading; the stored part can be read', async () => {
    const writer = new CheckpointWriter(fresh())
      .addSlice('t', [4], [0], vector(1, 2))
      .addSlice('t', [4], [3], vector(4));
    expect(await writer.finish()).toMatchObject({ tensors: 1 });
    await using reader = await CheckpointReader.open(writer.prefix);
    await expect(reader.read('t')).rejects.toMatchObject({ code: 'ERR_SLICE_GAP', tensor: 't' });
    expect((await reader.read('t', { begin: [0], size: [2] })).data).toEqual(Float32Array.of(1, 2));
    expect((await reader.verify()).problems).toMatchObject([{ code: 'ERR_SLICE_GAP', tensor: 't' }]);
    expect(reader.entry('t').slices.map(slice => [slice.begin, slice.size])).toEqual([
      [[0], [2]],
      [[3], [1]],
    ]);
  });
});

describe('states', () => {
  test('finish once; nothing after it', async () => {
    const writer = new CheckpointWriter(fresh()).add('a', vector(1));
    const result = await writer.finish();
    const bytes = readdirSync(join(writer.prefix, '..')).reduce(
      (sum, name) => sum + readFileSync(join(writer.prefix, '..', name)).length,
      0,
    );
    expect(result).toEqual({ prefix: writer.prefix, tensors: 1, shards: 1, bytesWritten: bytes, bytesLinked: 0 });
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_STATE' });
    expect(() => writer.add('b', vector(1))).toThrow(code('ERR_STATE'));
    expect(() => writer.addSlice('b', [2], [0], vector(1))).toThrow(code('ERR_STATE'));
    await writer.abort();
    expect(existsSync(`${writer.prefix}.index`)).toBe(true);
  });

  test('abort before finish; disposal is abort', async () => {
    const prefix = fresh();
    {
      await using writer = new CheckpointWriter(prefix).add('a', vector(1));
      expect(writer.prefix).toBe(prefix);
    }
    expect(existsSync(join(prefix, '..'))).toBe(false);
    const writer = new CheckpointWriter(prefix).add('a', vector(1));
    await writer.abort();
    await writer.abort();
    expect(() => writer.add('b', vector(1))).toThrow(code('ERR_STATE'));
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_STATE' });
  });

  test('an empty checkpoint has a header, a data file and no tensor', async () => {
    const writer = new CheckpointWriter(fresh());
    expect(await writer.finish()).toMatchObject({ tensors: 0, shards: 1 });
    await using reader = await CheckpointReader.open(writer.prefix);
    expect([reader.names(), reader.numShards]).toEqual([[], 1]);
  });

  test('prefixes that name no file', async () => {
    for (const prefix of ['', '/', '.', '..', 'a\0b']) {
      await expect(new CheckpointWriter(prefix).finish(), prefix).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
      });
    }
  });
});

describe('shards', () => {
  async function shardsOf(
    options: WriterOptions,
    sizes: readonly number[],
    given: readonly number[] = [],
  ): Promise<(number | null)[]> {
    const writer = new CheckpointWriter(fresh(), options);
    sizes.forEach((size, i) => {
      const tensor: TensorSource = { dtype: 'uint8', shape: [size], data: new Uint8Array(size) };
      writer.add(`t${i}`, tensor, given[i] === undefined ? {} : { shard: given[i]! });
    });
    const result = await writer.finish();
    await using reader = await CheckpointReader.open(writer.prefix);
    expect(reader.numShards).toBe(result.shards);
    return sizes.map((_, i) => reader.entry(`t${i}`).shard);
  }

  test('a number of them, balanced by bytes, in order, clamped to the entries', async () => {
    expect(await shardsOf({ shards: 2 }, [10, 10, 10, 10])).toEqual([0, 0, 1, 1]);
    expect(await shardsOf({ shards: 3 }, [100, 1, 1])).toEqual([0, 1, 2]);
    expect(await shardsOf({ shards: 9 }, [5, 5])).toEqual([0, 1]);
    expect(await shardsOf({ shards: 2 }, [0, 0])).toEqual([0, 1]);
  });

  test('a limit of bytes; a larger tensor gets its own', async () => {
    expect(await shardsOf({ shards: { maxBytes: 10 } }, [4, 6, 1, 30, 2, 8])).toEqual([0, 0, 1, 2, 3, 3]);
  });

  test('auto is one for little, and as asked for per tensor', async () => {
    expect(await shardsOf({ shards: 'auto' }, [4, 6])).toEqual([0, 0]);
    expect(await shardsOf({}, [1, 1, 1, 1], [7, 3, 7, 3])).toEqual([1, 0, 1, 0]);
  });
});
