/** Decoding of small number types, and statistics over streams cut at any byte. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numberFormat, unitBlocks } from '../../src/cli/terminal/numbers.js';
import { Accumulator, type Statistics } from '../../src/cli/terminal/statistics.js';
import type { DType, NumericArray } from '../../src/format/dtypes.js';

function tableOf(dtype: DType): Float64Array {
  const table = numberFormat(dtype)?.table;
  if (!table) throw new Error(`${dtype} has no table`);
  return table;
}

describe('small floats', () => {
  test('bfloat16 is the upper half of a float32, for every pattern', () => {
    const table = tableOf('bfloat16');
    const words = Uint32Array.from({ length: 65536 }, (_, bits) => bits * 65536);
    expect(table).toEqual(Float64Array.from(new Float32Array(words.buffer)));
  });

  test('float16: the marks of IEEE 754', () => {
    const table = tableOf('float16');
    const marks: [number, number][] = [
      [0x0000, 0],
      [0x0001, 2 ** -24],
      [0x03ff, 2 ** -14 - 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3c00, 1],
      [0x3555, 0.333251953125],
      [0x7bff, 65504],
      [0x7c00, Number.POSITIVE_INFINITY],
      [0x8000, -0],
      [0xc000, -2],
      [0xfc00, Number.NEGATIVE_INFINITY],
    ];
    for (const [bits, value] of marks) expect(table[bits], bits.toString(16)).toBe(value);
    const nans = table.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
    expect(nans).toBe(2 * 1023);
  });

  test('float16 grows with its bits', () => {
    const table = tableOf('float16');
    for (let bits = 1; bits <= 0x7c00; bits++) expect(table[bits]! > table[bits - 1]!).toBe(true);
  });

  test('float8_e5m2 is the upper half of a float16, for every pattern', () => {
    const half = tableOf('float16');
    expect(tableOf('float8_e5m2')).toEqual(Float64Array.from({ length: 256 }, (_, bits) => half[bits * 256]!));
  });

  test('float8_e4m3fn: no infinities, one NaN a sign, 448 the largest', () => {
    const table = tableOf('float8_e4m3fn');
    const marks: [number, number][] = [
      [0x01, 2 ** -9],
      [0x08, 2 ** -6],
      [0x38, 1],
      [0x7e, 448],
      [0x80, -0],
      [0xb8, -1],
      [0xfe, -448],
    ];
    for (const [bits, value] of marks) expect(table[bits], bits.toString(16)).toBe(value);
    expect([...table.keys()].filter(bits => Number.isNaN(table[bits]))).toEqual([0x7f, 0xff]);
    expect(table.some(value => Math.abs(value) === Number.POSITIVE_INFINITY)).toBe(false);
  });

  test('int4 has its sign in bit 3, uint4 has none', () => {
    expect([0x0d, 0x07, 0x08, 0x00].map(bits => tableOf('int4')[bits])).toEqual([-3, 7, -8, 0]);
    expect([0x0d, 0x0f].map(bits => tableOf('uint4')[bits])).toEqual([13, 15]);
  });
});

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function statisticsOf(dtype: DType, data: NumericArray, sizes: readonly number[]): Promise<Statistics> {
  const format = numberFormat(dtype)!;
  const accumulator = new Accumulator();
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  for await (const units of unitBlocks(pieces(bytes, sizes), format)) accumulator.add(units, format.table);
  return accumulator.result();
}

/** The definition, in two passes over all of it. */
function expected(all: readonly number[]): Statistics {
  const finite = all.filter(Number.isFinite);
  const n = finite.length;
  const mean = n === 0 ? null : finite.reduce((sum, value) => sum + value / n, 0);
  const std = mean === null ? null : Math.sqrt(finite.reduce((sum, value) => sum + (value - mean) ** 2 / n, 0));
  const nan = all.filter(Number.isNaN).length;
  const min = n === 0 ? null : finite.reduce((a, b) => Math.min(a, b));
  const max = n === 0 ? null : finite.reduce((a, b) => Math.max(a, b));
  return { min, max, mean, std, nan, inf: all.length - n - nan };
}

describe('statistics', () => {
  test('agree with the definition wherever the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.float({ noDefaultInfinity: false, min: Math.fround(-1e6), max: Math.fround(1e6) }), {
          maxLength: 300,
        }),
        fc.array(fc.integer({ min: 1, max: 23 }), { minLength: 1, maxLength: 5 }),
        async (values, sizes) => {
          const data = Float32Array.from([...values, Number.POSITIVE_INFINITY, Number.NaN]);
          const found = await statisticsOf('float32', data, sizes);
          const want = expected([...data]);
          expect({ ...found, mean: 0, std: 0 }).toEqual({ ...want, mean: 0, std: 0 });
          if (want.mean === null) expect(found.mean).toBeNull();
          else {
            expect(Math.abs(found.mean! - want.mean)).toBeLessThanOrEqual(1e-6);
            expect(Math.abs(found.std! - want.std!)).toBeLessThanOrEqual(1e-5);
          }
        },
      ),
      { numRuns: 200, seed: 20_260 },
    );
  });

  test('a mean far from zero does not cancel the deviation away', async () => {
    const data = Float64Array.from({ length: 50_000 }, (_, i) => 1e9 + (i % 2));
    const { mean, std } = await statisticsOf('float64', data, [4096, 1000]);
    expect(mean).toBeCloseTo(1e9 + 0.5, 5);
    expect(std).toBeCloseTo(0.5, 6);
  });

  test('values near the largest double have a finite mean', async () => {
    const data = new Float64Array(10_000).fill(1.7e308);
    expect((await statisticsOf('float64', data, [80_000])).mean! / 1.7e308).toBeCloseTo(1, 10);
  });

  test('64-bit integers keep an exact minimum and maximum', async () => {
    const data = BigInt64Array.from([2n ** 63n - 1n, -(2n ** 63n), 7n]);
    const { min, max } = await statisticsOf('int64', data, [5]);
    expect([min, max]).toEqual([-(2n ** 63n), 2n ** 63n - 1n]);
  });

  test('nothing has no statistics', async () => {
    expect(await statisticsOf('float32', new Float32Array(0), [4])).toEqual(expected([]));
  });

  test('half and booleans by value', async () => {
    expect(await statisticsOf('float16', Uint16Array.of(0x3c00, 0xc000, 0x7c00, 0x7e00), [3])).toEqual(
      expected([1, -2, Number.POSITIVE_INFINITY, Number.NaN]),
    );
    expect(await statisticsOf('bool', Uint8Array.of(0, 1, 1, 1), [1])).toEqual(expected([0, 1, 1, 1]));
  });
});
