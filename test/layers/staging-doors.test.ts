/**
 * Every way in which a tensor gets into a file, or into another tensor, for tensors whose values are still an array of
 * the caller's: what is stored is what the tensor had at the call, and the tensor stays as it was, so that TensorFlow
 * does not begin to use that array.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointReader, CheckpointWriter } from '../../src/index.js';
import { Checkpoint, copyWeights, Dataset, type DatasetIterator, saveWeights } from '../../src/tfjs.js';
import '../../src/register.js';

const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';
const [SMALL, MEDIUM, LARGE] = [8, 30_000, 600_001];

let directory: string;
let count = 0;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'staging-doors-'));
});
afterAll(async () => {
  await tf.setBackend('tensorflow');
  rmSync(directory, { recursive: true });
});

const fresh = (): string => join(directory, String(count++), 'model');

/** Aligned to 64 bytes is what TensorFlow uses without a copy; found out by what an operation does with it. */
function arrayOf(length: number, aligned: boolean): Float32Array {
  const buffer = new ArrayBuffer(4 * length + 64);
  for (let offset = 0; offset < 64; offset += 4) {
    const array = new Float32Array(buffer, offset, length);
    if (tf.getBackend() === 'tensorflow' && isUsedByTensorFlow(array) !== aligned) continue;
    for (let i = 0; i < length; i++) array[i] = i % 1000;
    return array;
  }
  throw new Error('no place in the buffer is right');
}

function isUsedByTensorFlow(array: Float32Array): boolean {
  array[0] = 1;
  const tensor = tf.tensor1d(array);
  tf.tidy(() => tf.add(tensor, 1));
  array[0] = 2;
  const [found] = tensor.dataSync();
  tensor.dispose();
  return found === 2;
}

interface Opened {
  /** The tensor that is saved. */
  held: tf.Tensor;
  /** Settles when it was saved; the answer reads what was stored. */
  begin(): Promise<() => Promise<ArrayLike<number>>>;
  end?(): void;
}

interface Door {
  /** False if the values need not be those of the call. */
  readonly promises?: boolean;
  open(value: tf.Tensor1D): Opened;
}

function bytesOf(numbers: ArrayLike<number>): Buffer {
  return Buffer.from(new Float32Array(numbers).buffer);
}

async function stored(prefix: string, name: string, factor = 1): Promise<ArrayLike<number>> {
  await using reader = await CheckpointReader.open(prefix);
  const data = (await reader.read(name)).data as Float32Array;
  return factor === 1 ? data : data.map(value => value * factor);
}

/** A model whose kernel is a tensor of the array, which no operation has used. */
function modelOf(value: tf.Tensor1D, array = value.dataSync()): tf.LayersModel {
  const model = tf.sequential();
  const kernelInitializer = 'zeros';
  model.add(tf.layers.dense({ units: value.size, useBias: false, kernelInitializer, inputShape: [1], name: 'a' }));
  const kernel = tf.tensor(array, [1, value.size]);
  model.weights[0]!.write(kernel);
  kernel.dispose();
  return model;
}

const KERNEL = `layer_with_weights-0/kernel${VALUE}`;

const doors: Record<string, Door> = {
  'CheckpointWriter.add': {
    promises: false,
    open: held => ({
      held,
      begin: async () => {
        const prefix = fresh();
        await new CheckpointWriter(prefix, { durable: false }).add('x', held).finish();
        return () => stored(prefix, 'x');
      },
    }),
  },
  saveWeights: {
    open: value => {
      const model = modelOf(value);
      const held = model.weights[0]!.read();
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        const prefix = fresh();
        await saveWeights(model, prefix, { durable: false });
        return () => stored(prefix, KERNEL);
      };
      return { held, begin, end: () => model.dispose() };
    },
  },
  'Checkpoint.write': {
    open: value => {
      const held = tf.variable(value);
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        const prefix = fresh();
        await new Checkpoint({ v: held }).write(prefix, { durable: false });
        return () => stored(prefix, `v${VALUE}`);
      };
      return { held, begin, end: () => held.dispose() };
    },
  },
  'Checkpoint.save in the background': {
    open: value => {
      const held = tf.variable(value);
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        const prefix = fresh();
        const save = new Checkpoint({ v: held }).save(prefix, { background: true, durable: false });
        await save.durable;
        return () => stored(save.path, `v${VALUE}`);
      };
      return { held, begin, end: () => held.dispose() };
    },
  },
  "model.save('ckpt://…')": {
    open: value => {
      const model = modelOf(value);
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        const prefix = fresh();
        await model.save(`ckpt://${prefix}`);
        return () => stored(prefix, KERNEL);
      };
      return { held: model.weights[0]!.read(), begin, end: () => model.dispose() };
    },
  },
  "model.save('ckpt://…') of trainable weights": {
    open: value => {
      const model = modelOf(value);
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        const prefix = fresh();
        await model.save(`ckpt://${prefix}`, { trainableOnly: true });
        return () => stored(prefix, 'a/kernel');
      };
      return { held: model.weights[0]!.read(), begin, end: () => model.dispose() };
    },
  },
  "model.save('file://…')": {
    open: value => {
      const model = modelOf(value);
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        const url = `file://${fresh()}`;
        await model.save(url);
        return async () => {
          const loaded = await tf.loadLayersModel(`${url}/model.json`);
          const values = loaded.weights[0]!.read().dataSync().slice();
          loaded.dispose();
          return values;
        };
      };
      return { held: model.weights[0]!.read(), begin, end: () => model.dispose() };
    },
  },
  copyWeights: {
    open: value => {
      const model = modelOf(value);
      const target = modelOf(value, new Float32Array(value.size));
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        copyWeights(model, target);
        return async () => target.weights[0]!.read().dataSync().slice();
      };
      const end = (): void => {
        model.dispose();
        target.dispose();
      };
      return { held: model.weights[0]!.read(), begin, end };
    },
  },
  'a slot of Adam': {
    open: value => slotDoor(value, tf.train.adam(0.5), 'accumulatedFirstMoment', 'm'),
  },
  'a slot of momentum, which is stored with the learning rate in it': {
    open: value => slotDoor(value, tf.train.momentum(0.5, 0.5), 'accumulations', 'momentum', -2),
  },
  'the state of an iterator': {
    open: held => {
      const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
        const prefix = fresh();
        await new Checkpoint({ iterator }).write(prefix, { durable: false });
        return async () => {
          await using reader = await CheckpointReader.open(prefix);
          const name = reader.names().find(one => reader.entry(one).shape[0] === held.size)!;
          return stored(prefix, name);
        };
      };
      const iterator = iterators.get(held)!;
      return { held: prefetched.get(held)!, begin, end: () => void iterator.return() };
    },
  },
};

/** Whether the backend hands out the array that it holds. */
function isHeldAsArray(tensor: tf.Tensor): boolean {
  const values = tensor.dataSync();
  return tensor.dataSync() === values;
}

/** By the tensor that the test made: an iterator whose buffer holds another of the same array. */
const iterators = new Map<tf.Tensor, DatasetIterator<tf.Tensor>>();
const prefetched = new Map<tf.Tensor, tf.Tensor>();

async function fillIterator(value: tf.Tensor1D): Promise<void> {
  const array = value.dataSync();
  const dataset = Dataset.fromArray([0, 1]).map(i => {
    const made: tf.Tensor = i === 0 ? tf.zeros([1]) : tf.tensor1d(array);
    if (i === 1) prefetched.set(value, made);
    return made;
  });
  const iterator = await dataset.prefetch(2).iterator();
  await iterator.next();
  while (!prefetched.has(value)) await new Promise(resolve => setImmediate(resolve));
  iterators.set(value, iterator);
}

function slotDoor(value: tf.Tensor1D, optimizer: tf.Optimizer, field: string, suffix: string, factor = 1): Opened {
  const model = modelOf(value);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  const slot = tf.variable(tf.tensor(value.dataSync(), [1, value.size]), false);
  const name = (model.weights[0]!.read() as tf.Variable).name;
  (optimizer as unknown as Record<string, unknown>)[field] = [{ originalName: `${name}/${suffix}`, variable: slot }];
  const begin = async (): Promise<() => Promise<ArrayLike<number>>> => {
    const prefix = fresh();
    await saveWeights(model, prefix, { durable: false });
    return () => stored(prefix, `optimizer/_variables/1${VALUE}`, factor);
  };
  const end = (): void => {
    slot.dispose();
    model.dispose();
  };
  return { held: slot, begin, end };
}

const cases = [
  ['tensorflow', 'small, aligned', SMALL, true],
  ['tensorflow', 'above 64 KiB, not aligned', MEDIUM, false],
  ['tensorflow', 'above 2 MiB, aligned', LARGE, true],
  ['cpu', 'small', SMALL, true],
  ['cpu', 'above 2 MiB', LARGE, true],
  ['wasm', 'above 64 KiB', MEDIUM, true],
] as const;

describe.each(cases)('on the %s backend, %s', (backend, _size, length, aligned) => {
  beforeAll(async () => {
    expect(await tf.setBackend(backend)).toBe(true);
  });

  it.each(Object.keys(doors))('%s', async what => {
    const array = arrayOf(length, aligned);
    const expected = array.slice();
    const tensor = tf.tensor1d(array);
    if (what === 'the state of an iterator') await fillIterator(tensor);
    const { held, begin, end } = doors[what]!.open(tensor);
    const before = tf.memory().numTensors;
    const isHost = isHeldAsArray(held);
    const saving = begin();
    const { promises = true } = doors[what]!;
    if (promises) array.fill(7);
    const found = await (await saving)();
    expect(tf.memory().numTensors).toBe(before);
    expect(bytesOf(found).equals(bytesOf(expected))).toBe(true);
    // It is made of what it was made of: of the caller's array, or of memory of the backend's.
    expect(isHeldAsArray(held)).toBe(isHost);
    array.fill(9);
    expect(held.dataSync()[0]).toBe(isHost ? 9 : 0);
    end?.();
    tensor.dispose();
  });
});

describe('a tensor that was disposed', () => {
  it('before the save begins is named', async () => {
    await tf.setBackend('tensorflow');
    const [one, other] = [tf.ones([3]), tf.ones([MEDIUM])];
    const writer = new CheckpointWriter(fresh(), { durable: false }).add('one', one).add('other', other);
    other.dispose();
    const before = tf.memory().numTensors;
    await expect(writer.finish()).rejects.toMatchObject({ code: 'ERR_STATE', tensor: 'other' });
    expect(tf.memory().numTensors).toBe(before);
  });
});

it('an array that dataSync has given is written into while the save runs', async () => {
  await tf.setBackend('cpu');
  const model = tf.sequential({ layers: [tf.layers.dense({ units: LARGE, inputShape: [1], useBias: false })] });
  const array = model.getWeights()[0]!.dataSync();
  const expected = array.slice();
  const prefix = fresh();
  const saving = saveWeights(model, prefix, { durable: false, onProgress: () => void array.fill(7) });
  await saving;
  expect(bytesOf(await stored(prefix, KERNEL)).equals(bytesOf(expected))).toBe(true);
  model.dispose();
});
