/** Values as TensorFlow has them: the types of its latest version, and texts. One Python process judges all. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { numberFormat } from '../../src/cli/terminal/numbers.js';
import { type DType, dtypeInfo } from '../../src/format/dtypes.js';
import {
  CheckpointReader,
  CheckpointWriter,
  copyCheckpoint,
  type LazyTensor,
  listVariables,
  loadVariable,
  mergeCheckpoints,
  type TensorSource,
} from '../../src/index.js';
import { TEXTS } from '../bundle/texts.js';
import { runJson } from '../cli/program.js';
import { Scratch } from '../crash/scratch.js';
import { differences } from './files.js';
import { type NamedTensor, type Oracle, oracle } from './oracle.js';

const scratch = new Scratch('values');
const fresh = (): string => join(scratch.directory(), 'model');
let o: Oracle;

beforeAll(async () => {
  o = await oracle();
});

const NEW: readonly { dtype: DType; patterns: number }[] = [
  { dtype: 'float8_e4m3fnuz', patterns: 256 },
  { dtype: 'float8_e4m3b11fnuz', patterns: 256 },
  { dtype: 'float8_e5m2fnuz', patterns: 256 },
  { dtype: 'int2', patterns: 4 },
  { dtype: 'uint2', patterns: 4 },
  { dtype: 'float4_e2m1fn', patterns: 16 },
];
const SMALL = [
  ...NEW,
  { dtype: 'float16', patterns: 65536 },
  { dtype: 'bfloat16', patterns: 65536 },
  { dtype: 'float8_e5m2', patterns: 256 },
  { dtype: 'float8_e4m3fn', patterns: 256 },
  { dtype: 'int4', patterns: 16 },
  { dtype: 'uint4', patterns: 16 },
] as const;

describe("TensorFlow 2.21's types", () => {
  const tensors = NEW.map(({ dtype, patterns }) => ({
    name: `t/${dtype}`,
    dtype,
    shape: [patterns],
    data: Uint8Array.from({ length: patterns }, (_, bits) => bits),
  }));

  test('names, numbers and the value of every bit pattern', async () => {
    const answers = (await o.run('small_types', { types: SMALL })) as { number: number; value: { bytes: Buffer } }[];
    for (const [i, { dtype, patterns }] of SMALL.entries()) {
      const { number, value } = answers[i]!;
      expect(dtypeInfo(dtype).number, dtype).toBe(number);
      const values = new Float64Array(new Uint8Array(value.bytes).buffer);
      expect(numberFormat(dtype)!.table!.subarray(0, patterns), dtype).toEqual(values);
    }
  });

  test('the same bytes both ways', async () => {
    const [ours, python, copy, merged] = [fresh(), fresh(), fresh(), fresh()];
    await using writer = new CheckpointWriter(ours, { durable: false });
    for (const { name, ...value } of tensors) writer.add(name, value);
    await writer.finish();
    await o.saveV2(python, tensors);
    expect(differences(ours, python)).toEqual([]);
    const restored = await o.restoreAll(ours);
    for (const { name, dtype, data } of tensors) {
      expect(restored.get(name)!.dtype).toBe(dtype);
      expect(new Uint8Array(restored.get(name)!.bytes)).toEqual(data);
      expect(await loadVariable(python, name)).toEqual({ dtype, shape: [data.length], data });
    }
    await copyCheckpoint(python, copy);
    await mergeCheckpoints([python], merged);
    expect([...differences(copy, python), ...differences(merged, python)]).toEqual([]);
    expect(await listVariables(python)).toEqual(await o.entries(python));
    const shown = runJson<{ stats: { min: number }; values: unknown }>(['show', python, 't/int2']);
    expect(shown.json).toMatchObject({ stats: { min: -2, max: 1 }, values: [0, 1, -2, -1] });
  });
});

const bytes = TEXTS.map(text => new TextEncoder().encode(text));

type Given = LazyTensor['data'] | readonly (string | Uint8Array)[];

/** Each way to give the same six elements. */
const ways: Record<string, Given> = {
  texts: TEXTS,
  bytes,
  mixed: TEXTS.map((text, i) => (i % 2 ? text : bytes[i]!)),
  lazy: () => TEXTS,
  'lazy and mixed': async () => TEXTS.map((text, i) => (i % 2 ? bytes[i]! : text)),
  pieces: async function* () {
    yield* TEXTS;
  },
};

async function write(prefix: string, give: (writer: CheckpointWriter) => void): Promise<void> {
  await using writer = new CheckpointWriter(prefix, { durable: false });
  give(writer);
  await writer.finish();
}

test('texts are what Python stores for them, whole and in slices', async () => {
  const [given, python] = [fresh(), fresh()];
  await write(given, writer => {
    for (const [name, data] of Object.entries(ways)) {
      writer.add(name, { dtype: 'string', shape: [2, 3], data } as TensorSource);
    }
    writer.addSlice('parts', [6], [0], { dtype: 'string', shape: [2], data: TEXTS.slice(0, 2) });
    writer.addSlice('parts', [6], [2], { dtype: 'string', shape: [4], data: () => TEXTS.slice(2) });
  });
  const slice = (name: string, from: number, to: number): NamedTensor => ({
    name,
    slice: `6 ${from},${to - from}`,
    dtype: 'string',
    shape: [to - from],
    data: bytes.slice(from, to),
  });
  const whole = Object.keys(ways).map(name => ({ name, dtype: 'string', shape: [2, 3], data: bytes }) as const);
  mkdirSync(dirname(python), { recursive: true });
  await o.saveV2(python, [...whole, slice('parts', 0, 2), slice('parts', 2, 6)]);
  expect(differences(given, python)).toEqual([]);
  await using reader = await CheckpointReader.open(given, { verify: 'open' });
  for (const name of [...Object.keys(ways), 'parts']) {
    const { data } = await reader.read(name);
    expect(data.length).toBe(6);
    expect(
      (data as Uint8Array[]).map(one => Buffer.from(one).toString('hex')),
      name,
    ).toEqual(bytes.map(one => Buffer.from(one).toString('hex')));
  }
});
