/** Loads that read into the same memory again and again: no value may be in it when it is written again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { native } from '../../src/binding.js';
import { copiesValues, upload } from '../../src/bundle/tf-upload.js';
import { dtypeInfo, tensorValue } from '../../src/format/dtypes.js';
import { type RestoreOptions, restore } from '../../src/graph/restore/restore.js';
import { saveGraph } from '../../src/graph/stored/captured-graph.js';
import { CheckpointReader } from '../../src/index.js';
import { assignTensor } from '../../src/layers/assigned-tensor.js';
import { variableTrackable } from '../../src/layers/variable.js';
import { partBytes, ReusedMemory, reusedMemoryOf } from '../../src/storage/reused-memory.js';
import { loadWeights, saveWeights } from '../../src/tfjs.js';
import { cell, holder } from '../graph/tree.js';

const MIB = 1024 * 1024;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-reused-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

type Type = 'float32' | 'int32' | 'bool';
const SIZES: readonly (readonly [Type, number])[] = [
  ['float32', 1],
  ['int32', 16_383],
  ['float32', 16_384],
  ['bool', 65_537],
  ['int32', 300_001],
  ['bool', 3 * MIB],
  ['float32', MIB],
  ['float32', 3 * MIB],
  ['int32', MIB],
  ['float32', MIB],
  ['float32', MIB + 1],
];

/** Element `i` of the variable `k`, in a model that was filled with `seed`. */
const valueAt = (seed: number, k: number, i: number, type: string): number =>
  type === 'bool' ? (seed + k + i) % 2 : (seed * 31 + k * 7 + i) % 1000;

function filled(seed: number, k: number, type: Type, size: number): Float32Array | Int32Array | Uint8Array {
  const array = new (dtypeInfo(type).array as typeof Float32Array)(size);
  return array.map((_, i) => valueAt(seed, k, i, type));
}

/** Variables, and between them objects that keep the arrays that they are given. */
function graph(seed: number) {
  const variables = SIZES.map(([type, size], k) => tf.variable(tf.tensor(filled(seed, k, type, size), [size], type)));
  const cells = [0, 1, 2].map(k => cell(`c${k}`, filled(seed, 100 + k, 'float32', MIB) as Float32Array, [MIB]));
  const nodes = Object.fromEntries(
    variables.map((one, k) => {
      const label = `v${String(k).padStart(2, '0')}`;
      return [label, variableTrackable(one, { fullName: label, label, refuse: undefined })];
    }),
  );
  for (const [k, { node }] of cells.entries()) nodes[`v0${k * 3}_cell`] = node;
  return { root: holder(nodes), variables, cells };
}

/** Which of the seeds each variable has as a whole. */
function seedsOf(variables: readonly tf.Variable[], seeds: readonly number[]): (number | undefined)[] {
  return variables.map((one, k) => {
    const values = one.dataSync();
    return seeds.find(seed => values.every((value, i) => value === valueAt(seed, k, i, one.dtype)));
  });
}

/** Some variables have their old values and some the new ones, each as a whole. */
function expectWhole(variables: readonly tf.Variable[]): void {
  const seeds = seedsOf(variables, [1, 2]);
  expect(seeds).toContain(1);
  expect(seeds).toContain(2);
  expect(seeds).not.toContain(undefined);
}

/** Saves one graph, and loads it over another. Then overwrites the memory that was reused. */
async function loaded(options?: RestoreOptions): Promise<ReturnType<typeof graph> & { error: unknown; parts: number }> {
  const prefix = join(directory, 'graph');
  await saveGraph(graph(1).root, prefix, { durable: false });
  const live = graph(2);
  const { take } = ReusedMemory.prototype;
  const buffers = new Set<ArrayBufferLike>();
  let parts = 0;
  vi.spyOn(ReusedMemory.prototype, 'take').mockImplementation(function (this: ReusedMemory, bytes) {
    const part = take.call(this, bytes);
    if (part !== undefined) {
      parts++;
      buffers.add((part as unknown as { buffer: ArrayBuffer }).buffer);
    }
    return part;
  });
  await using reader = await CheckpointReader.open(prefix);
  const error = await restore(live.root, reader, { onceBytes: 0, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  for (const buffer of buffers) new Uint8Array(buffer).fill(255);
  return { ...live, error, parts };
}

describe('a load in batches', () => {
  it('gives each variable and each object its values', async () => {
    const { variables, cells, error, parts } = await loaded();
    expect(error).toBeUndefined();
    expect(parts).toBeGreaterThan(4);
    expect(seedsOf(variables, [1])).toEqual(SIZES.map(() => 1));
    for (const [k, { data }] of cells.entries()) {
      expect(reusedMemoryOf(data as Float32Array)).toBeUndefined();
      expect((data as Float32Array).every((value, i) => value === valueAt(1, 100 + k, i, 'float32'))).toBe(true);
    }
  });

  it('leaves whole values if a read fails', async () => {
    const { readForTensors } = CheckpointReader.prototype;
    let reads = 0;
    vi.spyOn(CheckpointReader.prototype, 'readForTensors').mockImplementation(async function (
      this: CheckpointReader,
      ...given
    ) {
      const values = await readForTensors.apply(this, given);
      if (++reads === 5) throw new Error('no');
      return values;
    });
    const { variables, error } = await loaded();
    expect(error).toMatchObject({ message: 'no' });
    expectWhole(variables);
  });

  it('leaves whole values if it is aborted', async () => {
    const controller = new AbortController();
    const onProgress = ({ phase, bytes }: { phase: string; bytes: number }): void => {
      if (phase === 'read' && bytes > 8 * MIB) controller.abort();
    };
    const { variables, error } = await loaded({ signal: controller.signal, onProgress });
    expect(error).toMatchObject({ code: 'ERR_ABORTED' });
    expectWhole(variables);
  });

  it('copies values that TensorFlow does not take', async () => {
    expect(copiesValues()).toBe(true);
    const backend = tf.backend() as unknown as { getInputTensorIds(tensors: readonly tf.Tensor[]): unknown };
    vi.spyOn(backend, 'getInputTensorIds').mockImplementation(() => {
      throw new Error('no memory');
    });
    const live = await loaded();
    vi.restoreAllMocks();
    expect(live.error).toBeUndefined();
    expect(seedsOf(live.variables, [1])).toEqual(SIZES.map(() => 1));
  });
});

it('slots of an optimizer are restored, whether they exist or not', async () => {
  const units = 256;
  const make = (): tf.LayersModel => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units, inputShape: [units] })] });
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError' });
    return model;
  };
  const step = async (model: tf.LayersModel): Promise<void> =>
    void (await model.trainOnBatch(tf.ones([1, units]), tf.zeros([1, units])));
  const state = async (model: tf.LayersModel): Promise<unknown[]> =>
    (await model.optimizer.getWeights()).map(({ tensor }) => tensor.dataSync().slice());
  const path = join(directory, 'slots.weights.h5');
  const saved = make();
  await step(saved);
  await saveWeights(saved, path, { durable: false });
  const [trained, fresh] = [make(), make()];
  await step(trained);
  await step(trained);
  for (const model of [trained, fresh]) await loadWeights(model, path);
  expect(await state(trained)).toEqual(await state(saved));
  for (const model of [saved, trained, fresh]) await step(model);
  expect(await state(trained)).toEqual(await state(saved));
  expect(await state(fresh)).toEqual(await state(saved));
});

describe('TensorFlow', () => {
  it.each(['float32', 'int32', 'bool'] as const)('copies %s values of any number at once', type => {
    const buffer = new ArrayBuffer(4 * MIB);
    const ArrayOf = dtypeInfo(type).array as typeof Float32Array;
    for (const length of [1, 2, 3, 7, 16, 17, 64, 1000, 4096, 16_384, 65_536, 300_001]) {
      const array = new ArrayOf(buffer, 4, length).fill(1);
      const tensor = tf.tensor(array, [length], type);
      expect(upload(tensor)).toBe(true);
      array.fill(0);
      expect(tensor.dataSync().every(value => value === 1)).toBe(true);
      tensor.dispose();
    }
  });

  it('is not asked on another backend', async () => {
    await tf.setBackend('cpu');
    try {
      expect(copiesValues()).toBe(false);
    } finally {
      await tf.setBackend('tensorflow');
    }
  });
});

it('a part of an array that begins where TensorFlow would share it is copied', () => {
  const bytes = partBytes(100_000);
  const whole = new ReusedMemory(bytes).take(bytes)!.array(dtypeInfo('float32'), 25_000) as Float32Array;
  for (const begin of [0, 3, 7, 15]) {
    const data = whole.fill(1).subarray(begin, begin + 20_000);
    const variable = tf.variable(tf.zeros([20_000]));
    assignTensor(tensorValue('float32', [20_000], data), 'float32', made => void variable.assign(made));
    whole.fill(2);
    expect(variable.dataSync().every(value => value === 1)).toBe(true);
    variable.dispose();
  }
});

it('parts of the memory do not overlap while they are in use', () => {
  const memory = new ReusedMemory(100);
  const [a, b] = [memory.take(40)!, memory.take(40)!];
  expect([a.begin, a.end, b.begin, b.end]).toEqual([0, 40, 40, 80]);
  expect(memory.take(30)).toBeUndefined();
  memory.giveBack();
  const c = memory.take(30)!;
  expect([c.begin, c.end]).toEqual([0, 30]);
  expect(memory.take(20)).toBeUndefined();
  memory.giveBack();
  const d = memory.take(60)!;
  expect([d.begin, d.end]).toEqual([30, 90]);
  memory.giveBack();
  memory.giveBack();
  expect(memory.take(101)).toBeUndefined();
  expect(memory.take(100)!.begin).toBe(0);
});

it('arrays in a part begin where TensorFlow copies them; small ones and wide ones have their own memory', () => {
  const bytes = partBytes(3 * 100_000);
  const part = new ReusedMemory(bytes).take(bytes)!;
  const arrays = [1, 2, 3].map(() => part.array(dtypeInfo('float32'), 25_000)!);
  for (const array of arrays) {
    expect(native.misalignment(array, 64)).toBe(4);
    expect(reusedMemoryOf(array)).toBeDefined();
  }
  expect(arrays[1]!.byteOffset).toBeGreaterThanOrEqual(arrays[0]!.byteOffset + 100_000);
  expect(part.array(dtypeInfo('float32'), 25_000)).toBeUndefined();
  const other = new ReusedMemory(bytes).take(bytes)!;
  expect(other.array(dtypeInfo('float64'), 25_000)).toBeUndefined();
  expect(other.array(dtypeInfo('float32'), 1000)).toBeUndefined();
});
