/** The program on checkpoints that real TensorFlow wrote (test/fixtures). */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dtypeInfo } from '../../src/format/dtypes.js';
import { isDeep } from '../depth.js';
import { FIXTURES, run, runJson } from './program.js';

interface Golden {
  checkpoints: Record<
    string,
    { format?: string; tensors?: { name: string; dtype: string; shape: number[]; sha256?: string }[] }
  >;
}

/** Checkpoints whose tensors are fetched one by one: plain, in slices, compressed, in the other byte order. */
const SHOWN = ['all_dtypes', 'sliced_2', 'snappy', 'big_endian'];
/** Types whose values in JSON say all their bits. */
const EXACT = ['float32', 'float64', 'int8', 'int32', 'int64', 'uint64', 'bool'];

/** Little-endian bytes of the values that `show --json` printed. */
function bytesOf(dtype: string, values: unknown): Uint8Array {
  const { array } = dtypeInfo(dtype);
  const flat = [values].flat(Number.POSITIVE_INFINITY) as (string | number | boolean)[];
  const wide = array === BigInt64Array || array === BigUint64Array;
  const data = new array(flat.length);
  flat.forEach((value, i) => {
    data[i] = wide ? BigInt(value) : Number(value);
  });
  return new Uint8Array(data.buffer);
}

describe.each(isDeep ? ['2.12', '2.15'] : ['2.21'])('TensorFlow %s', version => {
  const base = join(FIXTURES, `tf-${version}`);
  const { checkpoints } = JSON.parse(readFileSync(join(base, 'golden.json'), 'utf8')) as Golden;
  const bundles = Object.entries(checkpoints).filter(([, { format }]) => format !== 'v1');

  test('every checkpoint is whole', () => {
    const { code, json, err } = runJson<{ ok: boolean; prefix: string; problems: unknown[] }[]>([
      'verify',
      ...bundles.map(([name]) => join(base, name)),
    ]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(json.map(report => [report.prefix, report.problems])).toEqual(
      bundles.map(([name]) => [join(base, name), []]),
    );
  });

  test('ls says what TensorFlow says', () => {
    for (const [name, { tensors }] of bundles) {
      if (!tensors) continue;
      const { json } = runJson<{ tensors: { name: string; dtype: string; shape: number[] }[] }>([
        'ls',
        join(base, name),
      ]);
      const want = tensors.map(tensor => `${tensor.name} ${tensor.dtype} [${tensor.shape}]`);
      expect(json.tensors.map(tensor => `${tensor.name} ${tensor.dtype} [${tensor.shape}]`).sort(), name).toEqual(
        want.sort(),
      );
    }
  });

  test('a V1 checkpoint is called by its name', () => {
    const { code, json } = runJson<{ error: { code: string } }>(['ls', join(base, 'saver_v1/model.ckpt')]);
    expect(code).toBe(3);
    expect(json.error.code).toBe('ERR_V1_FORMAT');
  });

  test('latest finds what TensorFlow saved last', () => {
    expect(run(['latest', join(base, 'objects')]).out).toBe(`${join(base, 'objects/ckpt-1')}\n`);
    expect(run(['latest', '--valid', join(base, 'objects')]).out).toBe(`${join(base, 'objects/ckpt-1')}\n`);
  });
});

test('show prints the values that TensorFlow reads, to the bit', () => {
  const base = join(FIXTURES, 'tf-2.21');
  const { checkpoints } = JSON.parse(readFileSync(join(base, 'golden.json'), 'utf8')) as Golden;
  let compared = 0;
  for (const name of SHOWN) {
    const seen = new Set<string>();
    for (const tensor of checkpoints[name]!.tensors!) {
      const isEmpty = tensor.shape.includes(0);
      if (!EXACT.includes(tensor.dtype) || tensor.sha256 === undefined || isEmpty || seen.has(tensor.dtype)) continue;
      seen.add(tensor.dtype);
      const { json } = runJson<{ values: unknown }>(['show', join(base, name), tensor.name, '--limit', '100000']);
      const sha256 = createHash('sha256').update(bytesOf(tensor.dtype, json.values)).digest('hex');
      expect(sha256, `${name} ${tensor.name}`).toBe(tensor.sha256);
      compared++;
    }
  }
  expect(compared).toBeGreaterThanOrEqual(EXACT.length + SHOWN.length - 1);
});
