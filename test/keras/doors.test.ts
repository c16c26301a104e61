/** Which form a name means, what each form refuses, and that Python opens what is saved. */
import { subscribe } from 'node:diagnostics_channel';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { Adam } from '../../src/optimizers.js';
import {
  loadModel,
  loadWeights,
  ModelCheckpoint,
  type Progress,
  type SaveModelOptions,
  type SaveResult,
  type SaveWeightsOptions,
  saveModel,
  saveWeights,
} from '../../src/tfjs.js';
import { openKerasFile } from '../../src/training/keras/files/open-keras-file.js';
import { Scratch } from '../crash/scratch.js';
import { runPython } from '../oracle/python.js';

const scratch = new Scratch('doors');
const folder = scratch.directory();
const at = (name: string): string => join(folder, name);
/** What Keras 3, tf_keras and this package all know. */
const MODELS = ['a.keras', 'whole.h5', 'whole.hdf5'];
const WEIGHTS = ['w.weights.h5', 'w.h5', 'w.hdf5'];

const x = tf.linspace(-1, 1, 12).reshape([4, 3]);
let model: tf.LayersModel;
let expected: number[][];
let answers: Record<string, number[][]>;
const results: Record<string, SaveResult> = {};

function network(): tf.LayersModel {
  const input = tf.input({ shape: [3], name: 'in' });
  const hidden = tf.layers.dense({ units: 5, activation: 'relu', name: 'wide' }).apply(input);
  const output = tf.layers.dense({ units: 2, name: 'out' }).apply(hidden) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: output, name: 'net' });
}

function predictions(one: tf.LayersModel): number[][] {
  return (one.predict(x) as tf.Tensor2D).arraySync();
}

function expectClose(found: number[][] | undefined, wanted: number[][], what: string): void {
  const difference = found!.flat().map((value, i) => Math.abs(value - wanted.flat()[i]!));
  expect(Math.max(...difference), what).toBeLessThan(1e-5);
}

beforeAll(async () => {
  model = network();
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'meanSquaredError' });
  await model.fit(x, tf.ones([4, 2]), { epochs: 2, batchSize: 4, shuffle: false, verbose: 0 });
  expected = predictions(model);
  for (const name of MODELS) results[name] = await saveModel(model, at(name));
  for (const name of WEIGHTS) results[name] = await saveWeights(model, at(name));
  // What ModelCheckpoint adds, Python does not mind. A step of nothing does not change the model.
  const copy = await loadModel(at('a.keras'));
  const saver = (name: string, saveWeightsOnly = false): ModelCheckpoint =>
    new ModelCheckpoint({ filepath: at(name), monitor: 'loss', saveBestOnly: true, saveWeightsOnly });
  const callbacks = [saver('best.keras'), saver('best-whole.h5'), saver('best.weights.h5', true)];
  (copy.optimizer as Adam).learningRate = 0;
  await copy.fit(x, tf.ones([4, 2]), { epochs: 1, batchSize: 4, verbose: 0, callbacks });
  const BEST = ['best.keras', 'best-whole.h5', 'best.weights.h5'];
  writeFileSync(at('cases.json'), JSON.stringify([...MODELS, ...WEIGHTS.slice(0, 2), ...BEST]));
  answers = JSON.parse(await runPython('test/keras/doors.py', [folder]));
});

test('Keras 3 and tf_keras open what is saved, and train on', async () => {
  const trained = Object.keys(answers).filter(name => name.endsWith(' trained'));
  expect(Object.keys(answers).length - trained.length).toBe(14);
  for (const [name, found] of Object.entries(answers))
    if (!name.endsWith(' trained')) expectClose(found, expected, name);
  await model.fit(x, tf.ones([4, 2]), { epochs: 1, batchSize: 4, shuffle: false, verbose: 0 });
  const further = predictions(model);
  for (const name of trained) expectClose(answers[name], name.startsWith('best') ? expected : further, name);
});

test('the result, and what is left beside the file', () => {
  for (const [name, result] of Object.entries(results)) {
    const { size } = statSync(at(name));
    expect(result).toMatchObject({ prefix: at(name), shards: 1, bytesWritten: size, bytesLinked: 0 });
    expect(result.tensors, name).toBeGreaterThanOrEqual(4);
  }
  expect(results['w.weights.h5']!.tensors).toBeGreaterThan(results['w.h5']!.tensors);
  expect(readdirSync(folder).filter(name => name.startsWith('.') || name === 'checkpoint')).toEqual([]);
});

test('what is saved is loaded here: models with their optimizers, and weights', async () => {
  for (const name of MODELS) {
    const loaded = await loadModel(pathToFileURL(at(name)));
    expect(loaded.name).toBe('net');
    expectClose(predictions(loaded), expected, name);
    expect(loaded.optimizer).toBeInstanceOf(Adam);
    expect((loaded.optimizer as Adam).iterations, name).toBe(2);
    const bare = await loadModel(at(name), { compile: false });
    expect(bare.optimizer ?? null).toBeNull();
  }
  for (const name of [...MODELS, ...WEIGHTS]) {
    const other = network();
    const status = (await loadWeights(other, at(name))).assertExistingObjectsMatched();
    expect(status.loaded).toHaveLength(4);
    expectClose(predictions(other), expected, name);
  }
  for (const name of WEIGHTS) await expect(loadModel(at(name))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
});

test('only the content counts', async () => {
  for (const [name, other] of [
    ['a.keras', 'renamed'],
    ['whole.h5', 'renamed.keras'],
    ['w.weights.h5', 'renamed.index'],
    ['w.h5', 'renamed.weights.json'],
  ] as const) {
    writeFileSync(at(other), readFileSync(at(name)));
    (await loadWeights(network(), at(other))).assertExistingObjectsMatched();
  }
  // A checkpoint may have such a name in Python, and is found where no file has it.
  await saveWeights(model, at('plain'), { updateState: false });
  for (const end of ['.index', '.data-00000-of-00001'])
    writeFileSync(at(`odd.h5${end}`), readFileSync(at(`plain${end}`)));
  (await loadWeights(network(), at('odd.h5'))).assertExistingObjectsMatched();
  writeFileSync(at('page.h5'), '<html>not found</html>');
  const wrong = loadWeights(model, at('page.h5'));
  await expect(wrong).rejects.toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT', message: expect.stringContaining('HTML') });
  await expect(loadModel(at('absent.keras'))).rejects.toMatchObject({
    code: 'ERR_NOT_FOUND',
    message: `there is neither a file nor a checkpoint at ${at('absent.keras')}`,
  });
});

describe('names and options that contradict each other', () => {
  const models: [string, SaveModelOptions, string, unknown][] = [
    ['x.weights.h5', {}, 'ERR_NOT_SUPPORTED', 'x.keras'],
    ['x.weights.h5', { format: 'h5' }, 'ERR_NOT_SUPPORTED', 'x.h5'],
    ['x.weights.json', {}, 'ERR_NOT_SUPPORTED', 'x.keras'],
    ['x.KERAS', {}, 'ERR_NOT_SUPPORTED', 'x.keras'],
    ['x.H5', {}, 'ERR_NOT_SUPPORTED', 'x.h5'],
    ['x.keras/', {}, 'ERR_NOT_SUPPORTED', 'x.keras'],
    ['x', { format: 'keras' }, 'ERR_INVALID_ARGUMENT', '.keras'],
    ['x.h5', { format: 'keras' }, 'ERR_INVALID_ARGUMENT', '.keras'],
    ['x.keras', { format: 'h5' }, 'ERR_INVALID_ARGUMENT', '.h5'],
    ['x.keras', { format: 'checkpoint' }, 'ERR_NOT_SUPPORTED', 'x'],
    ['x.h5', { format: 'savedmodel' }, 'ERR_NOT_SUPPORTED', 'x'],
    ['x.npz', {}, 'ERR_NOT_SUPPORTED', 'x'],
    ['x.keras', { shards: 2 }, 'ERR_INVALID_ARGUMENT', undefined],
    ['x.keras', { shards: 'auto' }, 'ERR_INVALID_ARGUMENT', undefined],
    ['x.h5', { keepPrevious: true }, 'ERR_INVALID_ARGUMENT', undefined],
    ['x.h5', { overwrite: 'in-place' }, 'ERR_INVALID_ARGUMENT', undefined],
  ];
  test.each(models)('saveModel %s %o', async (name, options, code, wanted) => {
    const given = name.startsWith('x') ? at(name) : name;
    const error = await saveModel(network(), given, options).catch((one: unknown) => one);
    const expectedPath = typeof wanted === 'string' && wanted.startsWith('x') ? at(wanted) : wanted;
    expect(error).toMatchObject({ name: 'TensorBundleError', code, path: given });
    if (wanted !== undefined) expect((error as { expected: unknown }).expected).toBe(expectedPath);
    expect(readdirSync(folder).filter(one => one.startsWith('x'))).toEqual([]);
  });

  const weights: [string, SaveWeightsOptions, string][] = [
    ['x.keras', {}, 'ERR_NOT_SUPPORTED'],
    ['x.weights.json', {}, 'ERR_NOT_SUPPORTED'],
    ['x.Weights.h5', {}, 'ERR_NOT_SUPPORTED'],
    ['x.weights.h5//', {}, 'ERR_NOT_SUPPORTED'],
    ['x.h5', { updateState: true }, 'ERR_INVALID_ARGUMENT'],
    ['x.weights.h5', { optimizerKeys: 'new' }, 'ERR_INVALID_ARGUMENT'],
    ['x.weights.h5', { shards: { maxBytes: 10 } }, 'ERR_INVALID_ARGUMENT'],
    ['x.h5', { includeOptimizer: true }, 'ERR_INVALID_ARGUMENT'],
  ];
  test.each(weights)('saveWeights %s %o', async (name, options, code) => {
    const error = await saveWeights(model, at(name), options).catch((one: unknown) => one);
    expect(error).toMatchObject({ name: 'TensorBundleError', code });
    expect(readdirSync(folder).filter(one => one.startsWith('x'))).toEqual([]);
  });

  test('what says only what happens anyway is no contradiction', async () => {
    const options = { shards: 1, keepPrevious: false, durable: false } as const;
    await saveModel(network(), at('harmless.keras'), { ...options, format: 'keras' });
    await saveModel(network(), at('harmless.h5'), { ...options, format: 'h5' });
    await saveWeights(network(), at('harmless.weights.h5'), {
      ...options,
      updateState: false,
      includeOptimizer: false,
    });
    await expect(saveModel(network(), at('x.keras'), { includeOptimizer: true })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });

  test('`byName` is for .h5 files of Keras 2', async () => {
    await saveWeights(model, at('plain'), { updateState: false });
    for (const name of ['plain', 'a.keras', 'w.weights.h5'])
      await expect(loadWeights(network(), at(name), { byName: true }), name).rejects.toMatchObject({
        code: 'ERR_INVALID_ARGUMENT',
      });
    (await loadWeights(network(), at('w.h5'), { byName: true })).assertExistingObjectsMatched();
  });
});

test('progress, abort, overwrite, and directories that are not there yet', async () => {
  const seen: Progress[] = [];
  const path = join(folder, 'new', 'deep', 'p.keras');
  const events: unknown[] = [];
  const phases = ['plan', 'write', 'sync', 'commit'];
  for (const phase of phases) subscribe(`tensorbundle:${phase}`, one => events.push({ phase, ...(one as object) }));
  const { bytesWritten } = await saveModel(network(), path, { onProgress: one => seen.push({ ...one }) });
  expect(seen.map(({ phase }) => phase)).toEqual(expect.arrayContaining(['write', 'commit']));
  expect(seen.at(-1)).toMatchObject({ totalBytes: bytesWritten });
  const event = { prefix: path, shards: 1, bytes: bytesWritten, tensors: 4, durable: true };
  expect(events).toEqual(phases.map(phase => ({ phase, ...event })));
  await expect(saveModel(network(), path, { overwrite: 'error' })).rejects.toMatchObject({ code: 'ERR_EXISTS' });
  const before = readFileSync(path);
  const signal = AbortSignal.abort('enough');
  await expect(saveModel(network(), path, { signal })).rejects.toMatchObject({ code: 'ERR_ABORTED', cause: 'enough' });
  expect(readFileSync(path).equals(before)).toBe(true);
  const controller = new AbortController();
  const late = saveModel(network(), path, { signal: controller.signal, onProgress: () => controller.abort() });
  await expect(late).rejects.toMatchObject({ code: 'ERR_ABORTED' });
  expect(readFileSync(path).equals(before)).toBe(true);
  expect(readdirSync(join(folder, 'new', 'deep'))).toEqual(['p.keras']);
  mkdirSync(at('d.keras'));
  await expect(saveModel(network(), at('d.keras'))).rejects.toMatchObject({ code: 'ERR_EXISTS' });
});

test('the values are those of the call, and of two saves the later one stays', async () => {
  const one = network();
  const before = predictions(one);
  const first = saveModel(one, at('moment.keras'));
  one.setWeights(one.getWeights().map(weight => tf.zerosLike(weight)));
  const second = saveWeights(one, at('moment.weights.h5'));
  const third = saveModel(one, at('moment.keras'));
  one.setWeights(one.getWeights().map(weight => tf.onesLike(weight)));
  await Promise.all([first, second, third]);
  expect(predictions(await loadModel(at('moment.keras'))).flat()).toEqual(before.flat().map(() => 0));
  const other = network();
  await loadWeights(other, at('moment.weights.h5'));
  expect(predictions(other).flat()).toEqual(before.flat().map(() => 0));
});

test('without the optimizer', async () => {
  await saveModel(model, at('bare.keras'), { includeOptimizer: false });
  await saveModel(model, at('bare.h5'), { includeOptimizer: false });
  await saveWeights(model, at('bare.weights.h5'), { includeOptimizer: false });
  for (const name of ['bare.keras', 'bare.h5']) expect((await loadModel(at(name))).optimizer ?? null).toBeNull();
  for (const name of ['bare.keras', 'bare.h5', 'bare.weights.h5']) {
    await using file = (await openKerasFile(at(name)))!;
    const names = await (await file.weights()).root.names();
    expect(
      names.filter(one => one.startsWith('optimizer')),
      name,
    ).toEqual([]);
  }
});

test('names of layers that mean one place in HDF5, and the group that Keras has beside the layers', async () => {
  const input = tf.input({ shape: [3], name: 'in' });
  const names = ['a', 'a/', 'a//b', 'a/b', 'a/./b', 'top_level_model_weights'];
  const apply = (y: tf.SymbolicTensor, name: string): tf.SymbolicTensor =>
    tf.layers.dense({ units: 3, name }).apply(y) as tf.SymbolicTensor;
  const odd = tf.model({ inputs: input, outputs: names.reduce(apply, input) });
  await saveModel(odd, at('odd.h5'));
  expectClose(predictions(await loadModel(at('odd.h5'))), predictions(odd), 'odd.h5');
});

test("TensorFlow.js's bilinear UpSampling2D is no layer of Keras, but the same one here", async () => {
  const warnings: string[] = [];
  const note = (warning: Error): number => warnings.push(warning.message);
  process.on('warning', note);
  const layers = [
    tf.layers.upSampling2d({ inputShape: [2, 2, 1], size: [2, 3], interpolation: 'bilinear' }),
    tf.layers.flatten(),
  ];
  const wide = tf.sequential({ layers });
  const image = tf.tensor4d([1, 2, 3, 5], [1, 2, 2, 1]);
  const expectedRow = (wide.predict(image) as tf.Tensor2D).arraySync();
  for (const name of ['wide.keras', 'wide.h5']) {
    await saveModel(wide, at(name));
    expectClose(((await loadModel(at(name))).predict(image) as tf.Tensor2D).arraySync(), expectedRow, name);
  }
  process.off('warning', note);
  expect(warnings.filter(text => text.includes('of the class TfjsUpSampling2D'))).toHaveLength(2);
});

test('a file that is not there is called by its own name', async () => {
  await expect(loadModel(at('none.keras'))).rejects.toMatchObject({
    code: 'ERR_NOT_FOUND',
    message: expect.stringContaining(`neither a file nor a checkpoint at ${at('none.keras')}`),
  });
});

test('layers that several models share in Keras have copies here, and a warning says so', async () => {
  const base = network();
  const half = tf.model({ inputs: base.inputs, outputs: base.getLayer('wide').output, name: 'half' });
  const input = tf.input({ shape: [3] });
  const both = tf.model({ inputs: input, outputs: [half, base].map(one => one.apply(input) as tf.SymbolicTensor) });
  await saveModel(both, at('both.h5'));
  const warned = new Promise<Error>(resolve => process.once('warning', resolve));
  const loaded = await loadModel(at('both.h5'));
  expect((await warned).message).toContain("have copies here: 'wide'");
  await saveModel(both, at('both.keras'));
  await expect(loadModel(at('both.keras'))).rejects.toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    message: expect.stringMatching(/share layers.*: 'wide'; make the model in your program.*loadWeights/),
  });
  await loadWeights(both, at('both.keras'));
  const [found, wanted] = [loaded, both].map(one => (one.predict(x) as tf.Tensor2D[])[1]!.arraySync());
  expectClose(found, wanted!, 'both.h5');
});
