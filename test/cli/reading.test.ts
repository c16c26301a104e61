/** ls, show and latest, as child processes on real checkpoints. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointWriter, updateCheckpointState } from '../../src/index.js';
import { COUNTER, flipBitOf, KERNEL, writeOne, writeSample } from './checkpoints.js';
import { hasControls, makeDirectory, run, runJson, shell } from './program.js';

interface Listing {
  prefix: string;
  numShards: number;
  bytes: number;
  tensors: { name: string; dtype: string; shape: number[]; bytes: number; shard: number | null; slices: unknown[] }[];
}
interface Shown {
  name: string;
  dtype: string;
  shape: number[];
  bytes: number;
  stats: Record<'min' | 'max' | 'mean' | 'std' | 'nan' | 'inf', number | string | null> | null;
  values: unknown;
}
interface Failed {
  error: { code: string; message: string; path?: string; tensor?: string; offset?: number };
}

let directory: Awaited<ReturnType<typeof makeDirectory>>;
let prefix: string;

beforeAll(async () => {
  directory = await makeDirectory();
  prefix = directory.in('sample/ckpt-1');
  await writeSample(prefix);
});
afterAll(() => directory.remove());

test('ls takes . and .. for the directory', async () => {
  await writeSample(directory.in('here/ckpt-1'));
  await updateCheckpointState(directory.in('here'), { modelCheckpointPath: directory.in('here/ckpt-1') });
  await mkdir(directory.in('here/sub'));
  for (const [from, path] of [
    ['here', '.'],
    ['here', './'],
    ['here/sub', '..'],
  ] as const) {
    const { code, out, err } = shell(`cd "$FROM" && TB ls ${path}`, { FROM: directory.in(from) });
    expect({ code, err }, path).toEqual({ code: 0, err: '' });
    expect(out).toContain(`${KERNEL}\tfloat32`);
  }
});

describe('ls', () => {
  test('--json is the listing of the contract', () => {
    const { code, json, err } = runJson<Listing>(['ls', prefix]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(Object.keys(json)).toEqual(['prefix', 'numShards', 'bytes', 'tensors']);
    expect(json).toMatchObject({ prefix, numShards: 2 });
    expect(json.tensors.map(tensor => tensor.name)).toEqual(json.tensors.map(tensor => tensor.name).sort());
    expect(json.tensors).toHaveLength(12);
    expect(json.bytes).toBe(json.tensors.reduce((sum, tensor) => sum + tensor.bytes, 0));
    const byName = new Map(json.tensors.map(tensor => [tensor.name, tensor]));
    expect(byName.get(KERNEL)).toMatchObject({ dtype: 'float32', shape: [2, 3], bytes: 24, slices: [] });
    expect(byName.get('parts')).toMatchObject({ dtype: 'int32', shape: [4], bytes: 16, shard: null, crc32c: null });
    expect(byName.get('parts')!.slices).toHaveLength(2);
  });

  test('in a pipe: a tensor a line, tabs between the fields, sizes in bytes, nothing else', () => {
    const { code, out, err } = run(['ls', prefix]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const lines = out.trimEnd().split('\n');
    expect(lines).toHaveLength(12);
    expect(lines).toContain(`${KERNEL}\tfloat32\t[2,3]\t24`);
    expect(lines).toContain(`${COUNTER}\tint64\t[]\t8`);
    expect(hasControls(out)).toBe(false);
  });

  test('--long adds place and checksum', () => {
    const lines = run(['ls', '-l', prefix]).out.trimEnd().split('\n');
    expect(lines.find(line => line.startsWith(COUNTER))).toMatch(/\tint64\t\[\]\t8\t[01]:\d+\t[0-9a-f]{8}$/);
    expect(lines.find(line => line.startsWith('parts'))).toMatch(/\t2 slices\t-$/);
  });

  test('--tree follows the object path and sums up', () => {
    const { code, out } = run(['ls', '--tree', prefix]);
    expect(code).toBe(0);
    expect(out).toMatch(/^model\/layer-0\n├─ bias +float16 +\[2\] +4 B\n└─ kernel +float32 +\[2,3\] +24 B$/m);
    expect(out).not.toContain('.ATTRIBUTES');
    expect(out).toMatch(/^12 tensors, .* 2 shards: /m);
  });

  test.each(['.index', '.data-00000-of-00002'])('a path may end in %s', suffix => {
    expect(run(['ls', prefix + suffix]).out).toBe(run(['ls', prefix]).out);
  });

  test('a name that would steer the terminal is printed harmlessly', async () => {
    const evil = directory.in('evil/ckpt');
    await writeOne(evil, 'a\u001b[2J\nb\tc');
    for (const flag of ['--flat', '--tree']) {
      const { out } = run(['ls', flag, evil]);
      expect(out).toContain('a\\u001b[2J\\nb\\tc');
      expect(hasControls(out)).toBe(false);
    }
    expect(runJson<Listing>(['ls', evil]).json.tensors[0]!.name).toBe('a\u001b[2J\nb\tc');
  });

  test('what is not there is a finding', () => {
    const { code, json } = runJson<Failed>(['ls', directory.in('nothing')]);
    expect(code).toBe(1);
    expect(json.error.code).toBe('ERR_NOT_FOUND');
    const text = run(['ls', directory.in('nothing')]);
    expect(text).toMatchObject({ code: 1, out: '' });
    expect(text.err).toContain('nothing');
    expect(text.err).not.toMatch(/\n {4}at /);
  });

  test('what is not a checkpoint exits with 3', async () => {
    await writeFile(directory.in('letter.index'), 'Dear reader, this is not a table at all. '.repeat(10));
    const { code, json } = runJson<Failed>(['ls', directory.in('letter')]);
    expect(code).toBe(3);
    expect(json.error.code).toBe('ERR_NOT_A_CHECKPOINT');
    expect(json.error.path).toContain('letter.index');
  });
});

describe('show', () => {
  const show = (name: string, ...more: string[]) => runJson<Shown>(['show', prefix, name, ...more]).json;

  test('floats: statistics of the finite elements, nested values, strings for the others', () => {
    const shown = show(KERNEL);
    expect(Object.keys(shown)).toEqual(['name', 'dtype', 'shape', 'bytes', 'stats', 'values']);
    expect(shown).toMatchObject({ name: KERNEL, dtype: 'float32', shape: [2, 3], bytes: 24 });
    expect(shown.stats).toMatchObject({ min: 1, max: 6, mean: 3, nan: 1, inf: 1 });
    expect(shown.stats!.std).toBeCloseTo(Math.sqrt(3.5), 12);
    expect(shown.values).toEqual([
      [1, 2, 3],
      ['NaN', '-Infinity', 6],
    ]);
  });

  test('64-bit integers are exact, as strings', () => {
    const shown = show(COUNTER);
    expect(shown.values).toBe('4611686018427387904');
    expect(shown.stats).toMatchObject({ min: '4611686018427387904', max: '4611686018427387904', std: 0 });
  });

  test('small types are decoded', () => {
    expect(show('model/layer-0/bias/.ATTRIBUTES/VARIABLE_VALUE')).toMatchObject({
      values: [1, -2],
      stats: { min: -2, max: 1, mean: -0.5, std: 1.5 },
    });
    expect(show('half/brain').values).toEqual([1, 3]);
    expect(show('eight')).toMatchObject({ values: [1, -1, 'NaN'], stats: { min: -1, max: 1, mean: 0, nan: 1 } });
    expect(show('four').values).toEqual([-3, 7]);
    expect(show('flags').values).toEqual([true, false]);
  });

  test('a negative zero keeps its sign', async () => {
    const zeros = directory.in('zeros');
    await new CheckpointWriter(zeros)
      .add('float', { dtype: 'float64', shape: [3], data: Float64Array.of(-0, 0, 1) })
      .add('half', { dtype: 'bfloat16', shape: [], data: Uint16Array.of(0x8000) })
      .finish();
    const json = run(['show', '--json', zeros, 'float']).out;
    expect(json).toContain('"values":[-0,0,1]');
    expect((JSON.parse(json) as Shown).values).toEqual([-0, 0, 1]);
    expect(runJson<Shown>(['show', zeros, 'half']).json.values).toBe(-0);
    expect(run(['show', zeros, 'float']).out).toMatch(/^\[-0, 0, 1\]$/m);
  });

  test('what has no order has no statistics', () => {
    expect(show('waves')).toMatchObject({ stats: null, values: [{ re: 1, im: -2 }] });
    expect(show('words')).toMatchObject({ stats: null, values: [{ utf8: 'größe' }, { base64: '/wA=' }] });
    const empty = show('empty');
    expect(empty.values).toEqual([]);
    expect(empty.stats).toEqual({ min: null, max: null, mean: null, std: null, nan: 0, inf: 0 });
  });

  test('a partitioned tensor is put together', () => {
    expect(show('parts')).toMatchObject({ shape: [4], values: [1, 2, 3, 4], stats: { mean: 2.5 } });
  });

  test('values end after 1000 elements, or --limit; statistics are of all', () => {
    const shown = show('long');
    expect((shown.values as number[][]).flat()).toEqual(Array.from({ length: 1000 }, (_, i) => i));
    expect(shown.stats).toMatchObject({ min: 0, max: 1499, mean: 749.5 });
    expect(show('long', '--limit', '3').values).toEqual([[0, 1, 2]]);
  });

  test('text: one field a line, then the values', () => {
    const { code, out } = run(['show', prefix, 'long', '--limit', '60']);
    expect(code).toBe(0);
    expect(out).toMatch(/^dtype +int32$/m);
    expect(out).toMatch(/^shape +\[30,50\]$/m);
    expect(out).toMatch(/^bytes +6000 \(5\.86 KiB\)$/m);
    expect(out).toMatch(/^mean +749\.5$/m);
    expect(out).toMatch(/^crc32c +[0-9a-f]{8}$/m);
    expect(out).toMatch(/^\[\[0, 1, 2, .*\n \[50, 51, .*59\]\]$/m);
    expect(out).toContain('1,440 elements more');
    expect(hasControls(out)).toBe(false);
  });

  test("a name with TensorFlow's :0 is found", () => {
    expect(show('four:0').name).toBe('four');
  });

  test('an unknown name is a finding, and similar names are told', () => {
    const { code, json } = runJson<Failed>(['show', prefix, 'kernel']);
    expect(code).toBe(1);
    expect(json.error).toMatchObject({ code: 'ERR_NOT_FOUND', tensor: 'kernel' });
    expect(run(['show', prefix, 'kernel']).err).toContain(KERNEL);
  });

  test('a damaged tensor is a finding, and no value of it is printed', async () => {
    const damaged = directory.in('damaged/ckpt');
    await writeSample(damaged);
    const { file } = await flipBitOf(damaged, 'long');
    const { code, json } = runJson<Failed>(['show', damaged, 'long']);
    expect(code).toBe(1);
    expect(json.error).toMatchObject({ code: 'ERR_CHECKSUM', tensor: 'long', path: file });
    expect(run(['show', damaged, 'long'])).toMatchObject({ code: 1, out: '' });
    expect(run(['show', damaged, 'four']).code).toBe(0);
  });
});

describe('latest', () => {
  const state = (name: string) => `model_checkpoint_path: "${name}"\nall_model_checkpoint_paths: "${name}"\n`;

  test('prints what the state file names; --valid what is whole', async () => {
    const base = directory.in('run [1]');
    for (const step of ['ckpt-1', 'ckpt-2']) await writeOne(`${base}/${step}`, 'w', 64);
    await writeFile(
      `${base}/checkpoint`,
      `model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-1"\nall_model_checkpoint_paths: "ckpt-2"\n`,
    );
    expect(run(['latest', base])).toEqual({ code: 0, out: `${base}/ckpt-2\n`, err: '' });
    expect(runJson(['latest', base, '--valid'])).toMatchObject({ code: 0, json: { path: `${base}/ckpt-2` } });
    await flipBitOf(`${base}/ckpt-2`, 'w');
    expect(runJson(['latest', base])).toMatchObject({ code: 0, json: { path: `${base}/ckpt-2` } });
    expect(run(['latest', '--valid', base])).toEqual({ code: 0, out: `${base}/ckpt-1\n`, err: '' });
  });

  test('nothing is a finding', async () => {
    await mkdir(directory.in('empty'));
    for (const path of [directory.in('empty'), directory.in('absent')]) {
      for (const more of [[], ['--valid']]) {
        expect(runJson(['latest', path, ...more])).toEqual({ code: 1, json: { path: null }, err: '' });
        expect(run(['latest', path, ...more])).toMatchObject({ code: 1, out: '' });
      }
    }
  });

  test('a directory may be given to the other commands', async () => {
    const base = directory.in('given');
    await writeOne(`${base}/ckpt-9`, 'w');
    await writeFile(`${base}/checkpoint`, state('ckpt-9'));
    expect(runJson<Listing>(['ls', base]).json.prefix).toBe(`${base}/ckpt-9`);
    await rm(`${base}/checkpoint`);
    expect(run(['ls', base]).code).toBe(1);
  });
});
