/** Models that cannot become functions: they are saved without, and what is said then. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadFunctions, loadModel, saveModel } from '../../../src/savedmodel.js';
import { readStoredModel } from '../../../src/training/savedmodel/stored/stored-model.js';

const l = tf.layers;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle not traced '));
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** What `action` warns of. */
async function warnings(action: () => Promise<void>): Promise<Error[]> {
  const found: Error[] = [];
  const note = (warning: Error): void => void found.push(warning);
  process.on('warning', note);
  await action();
  await new Promise(setImmediate);
  process.off('warning', note);
  return found;
}

const rootOf = async (dir: string): Promise<string[]> =>
  (await readStoredModel(dir)).nodes[0]!.children.map(({ localName }) => localName);

function stateful(): tf.LayersModel {
  return tf.sequential({ layers: [l.gru({ units: 2, stateful: true, batchInputShape: [2, 3, 4], name: 'memory' })] });
}

test('a stateful model is saved without functions, and a warning names the layer, once', async () => {
  const model = stateful();
  const dir = join(directory, 'stateful');
  const [warning, ...more] = await warnings(() => saveModel(model, dir));
  expect(more).toEqual([]);
  expect(warning).toMatchObject({ name: 'TensorBundleWarning', code: 'TENSORBUNDLE_NOT_TRACED' });
  expect(warning!.message).toMatch(/has no functions: .* The reason: the layer 'memory' \(GRU\) is stateful/);
  expect(await rootOf(dir)).not.toContain('__call__');
  expect((await loadModel(dir)).weights).toHaveLength(3);
  expect(await warnings(() => saveModel(model, dir))).toEqual([]);
});

test('saveTraces: true makes it an error, and nothing is written', async () => {
  const dir = join(directory, 'required');
  const saving = saveModel(stateful(), dir, { saveTraces: true });
  await expect(saving).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED', message: /'memory' \(GRU\) is stateful/ });
  await expect(loadModel(dir)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
});

test('saveTraces: false traces nothing, and is no option of an object', async () => {
  const model = stateful();
  const dir = join(directory, 'without');
  expect(await warnings(() => saveModel(model, dir, { saveTraces: false }))).toEqual([]);
  expect(await rootOf(dir)).not.toContain('variables');
  const saving = saveModel({ counts: tf.variable(tf.scalar(1)) }, dir, { saveTraces: false } as never);
  await expect(saving).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
});

test('a layer that TensorFlow.js cannot train: there are functions of inference, and a warning', async () => {
  const layers = [l.batchNormalization({ inputShape: [3], scale: false, name: 'norm' })];
  const model = tf.sequential({ layers });
  const dir = join(directory, 'inference');
  const [warning] = await warnings(() => saveModel(model, dir));
  expect(warning!.message).toMatch(/without training only: .* the layer 'norm' \(BatchNormalization\) threw/);
  using functions = await loadFunctions(dir);
  const x = tf.ones([5, 3]);
  const found = (await functions.serving_default!(x)) as tf.Tensor;
  const [far] = found
    .sub(model.predict(x) as tf.Tensor)
    .abs()
    .max()
    .dataSync();
  expect(far).toBeLessThan(1e-6);
});

test('another backend: a warning says which one is needed', async () => {
  await tf.setBackend('cpu');
  try {
    const model = tf.sequential({ layers: [l.dense({ units: 1, inputShape: [2] })] });
    const [warning] = await warnings(() => saveModel(model, join(directory, 'cpu')));
    expect(warning!.message).toMatch(/the backend is 'cpu': import @tensorflow\/tfjs-node/);
  } finally {
    await tf.setBackend('tensorflow');
  }
});

test('later saves use the traces again, while the model is the same', async () => {
  const first = l.dense({ units: 2, inputShape: [3], trainable: false });
  const model = tf.sequential({ layers: [first, l.dropout({ rate: 0.5 }), l.dense({ units: 1 })] });
  let runs = 0;
  const { apply } = model;
  model.apply = (...given) => {
    runs++;
    return apply.apply(model, given);
  };
  const save = async (): Promise<number> => {
    const before = runs;
    await saveModel(model, join(directory, 'kept'), { durable: false, saveTraces: true });
    return runs - before;
  };
  // With training: batches of 2, 3, 5 and 1, which is enough for layers of TensorFlow.js.
  expect(await save()).toBe(4);
  model.setWeights(model.getWeights().map(weight => tf.onesLike(weight)));
  expect(await save()).toBe(0);
  first.trainable = true;
  expect(await save()).toBe(4);
  expect(await save()).toBe(0);
});
