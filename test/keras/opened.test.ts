/** Files of Keras, known by their content, whatever their name; and what looks like one and is none. */
import '../crash/fault-engine.js';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Hdf5File, Hdf5Group } from '../../src/hdf5/hdf5-file.js';
import { Adam, type SGD } from '../../src/optimizers.js';
import { loadModel as loadSavedModel } from '../../src/savedmodel.js';
import { type LoadModelOptions, loadModel, loadWeights, type Progress, saveModel } from '../../src/tfjs.js';
import { openKerasFile } from '../../src/training/keras/files/open-keras-file.js';
import { Scratch } from '../crash/scratch.js';
import { faulty } from '../native/fault-binding.js';
import { runPython } from '../oracle/python.js';

const scratch = new Scratch('opened');
const folder = scratch.directory();
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  await runPython('test/keras/opened.py', [folder]);
});

afterAll(() => expect(faulty.openDescriptors()).toBe(0));

/** Paths of all datasets with the sum of their values. */
async function sums(file: Hdf5File, group: Hdf5Group = file.root): Promise<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const name of await group.names()) {
    const child = await group.child(name);
    if (child?.kind === 'group') Object.assign(found, await sums(file, child));
    else if (child?.dtype === 'float32') {
      const { data } = await file.read(child);
      found[child.path] = (data as Float32Array).reduce((sum, value) => sum + value, 0);
    }
  }
  return found;
}

async function sumsOf(path: string): Promise<Record<string, number>> {
  await using file = (await openKerasFile(path))!;
  return await sums(await file.weights());
}

test('the same weights in every form of Keras 3', async () => {
  const expected = await sumsOf(at('k3.weights.h5'));
  expect(Object.keys(expected).filter(path => path.startsWith('layers/'))).toHaveLength(4);
  for (const name of ['k3.keras', 'deflated.keras', 'divided.weights.json', 'unpacked'])
    expect(await sumsOf(at(name)), name).toEqual(expected);
});

test('weights in several files are one: every dataset by itself, all together, in pieces', async () => {
  const names = Object.keys(JSON.parse(readFileSync(at('divided.weights.json'), 'utf8')).weight_map);
  expect(names.length).toBeGreaterThan(2);
  await using file = (await openKerasFile(at('divided.weights.json')))!;
  const hdf5 = await file.weights();
  const paths = Object.keys(await sums(hdf5));
  const datasets = await Promise.all(paths.map(async path => (await hdf5.at(path))!));
  const all = await hdf5.readAll(datasets.map(one => (one.kind === 'dataset' ? one : expect.unreachable())));
  for (const [i, dataset] of datasets.entries()) {
    if (dataset.kind !== 'dataset') throw new Error(dataset.path);
    const value = await hdf5.read(dataset);
    expect(all[i]).toEqual(value);
    const pieces: Uint8Array[] = [];
    for await (const piece of hdf5.pieces(dataset, 64)) pieces.push(Buffer.from(piece));
    const { buffer, byteOffset, byteLength } = value.data as Float32Array;
    expect(Buffer.concat(pieces).equals(Buffer.from(buffer, byteOffset, byteLength))).toBe(true);
  }
  expect(new Set(datasets.map(({ id }) => id)).size).toBe(datasets.length);
  expect(await hdf5.at('layers/nothing')).toBeUndefined();
  expect(await hdf5.at('layers/dense/vars/0/x')).toBeUndefined();
});

test('architectures', async () => {
  for (const name of ['k3.keras', 'deflated.keras', 'unpacked', 'k3.h5', 'k2.keras', 'k2.h5']) {
    await using file = (await openKerasFile(at(name)))!;
    const { config, training, ignored } = (await file.architecture())!;
    expect(JSON.parse(config), name).toMatchObject({ class_name: 'Functional', config: { name: 'net' } });
    expect(training !== undefined, name).toBe(name.endsWith('.h5'));
    expect(ignored !== undefined, name).toBe(name === 'deflated.keras');
    expect(await file.best()).toBeNull();
    expect(file.bytes).toBeGreaterThan(4000);
  }
  for (const name of ['k3.weights.h5', 'k2-weights.h5', 'k2.weights.h5', 'divided.weights.json']) {
    await using file = (await openKerasFile(at(name)))!;
    expect(await file.architecture(), name).toBeNull();
  }
});

test('models and weights from every form predict the same', async () => {
  const x = tf.linspace(-1, 1, 12).reshape([4, 3]);
  const predicted = (model: tf.LayersModel): number[] => [...(model.predict(x) as tf.Tensor).dataSync()];
  for (const [first, ...others] of [
    ['k3.keras', 'deflated.keras', 'unpacked', 'k3.h5', 'divided.weights.json', 'k3.weights.h5'],
    ['k2.keras', 'k2.h5', 'k2-weights.h5', 'k2.weights.h5'],
  ] as const) {
    const model = await loadModel(at(first));
    const expected = predicted(model);
    for (const name of others) {
      const holder = name.includes('weights') ? await loadModel(at(first)) : await loadModel(at(name));
      if (name.includes('weights')) {
        holder.setWeights(holder.getWeights().map(weight => tf.zerosLike(weight)));
        (await loadWeights(holder, at(name))).assertExistingObjectsMatched();
      }
      expect(predicted(holder), name).toEqual(expected);
    }
  }
});

/** Loads to the end, and then with an abort at one after another of the places that look at the signal. */
async function endedAnywhere(
  load: (options: LoadModelOptions) => Promise<tf.LayersModel>,
  what: string,
): Promise<void> {
  const seen: Progress[] = [];
  const whole = await load({ onProgress: one => seen.push({ ...one }) });
  whole.optimizer?.dispose();
  whole.dispose();
  const read = seen.filter(({ phase }) => phase === 'read');
  const verified = seen.slice(0, -read.length);
  expect(verified.every(({ phase }) => phase === 'verify')).toBe(true);
  expect(verified.length > 0, what).toBe(what.endsWith('.keras'));
  expect(verified.at(-1)?.bytes, what).toBe(verified.at(-1)?.totalBytes);
  expect(read.at(-1), what).toEqual({ phase: 'read', bytes: read[0]!.totalBytes, totalBytes: read[0]!.totalBytes });
  expect(
    read.every(({ bytes }, i) => bytes > (read[i - 1]?.bytes ?? 0)),
    what,
  ).toBe(true);
  const { numTensors } = tf.memory();
  const nothingLeft = (where: string): void => {
    expect(tf.memory().numTensors, where).toBe(numTensors);
    expect(faulty.openDescriptors(), where).toBe(0);
  };
  for (const phase of new Set(seen.map(one => one.phase))) {
    const controller = new AbortController();
    const onProgress = (one: Progress): void => void (one.phase === phase && controller.abort('enough'));
    const aborted = { code: 'ERR_ABORTED', cause: 'enough' };
    await expect(load({ signal: controller.signal, onProgress }), what).rejects.toMatchObject(aborted);
    nothingLeft(`${what}: ${phase}`);
  }
  let ended = 0;
  for (let looks = 0, isOver = false; !isOver; looks += 1 + (looks >> 1)) {
    let left = looks;
    const { signal } = new AbortController();
    Object.defineProperty(signal, 'aborted', { get: () => --left < 0 });
    const model = await load({ signal }).catch(
      (error: unknown) => void expect(error, what).toMatchObject({ code: 'ERR_ABORTED' }),
    );
    isOver = model !== undefined;
    if (!isOver) ended++;
    model?.optimizer?.dispose();
    model?.dispose();
    nothingLeft(`${what}: after ${looks}`);
  }
  expect(ended, what).toBeGreaterThan(3);
}

test('progress of loads, and loads that are aborted', async () => {
  const model = await loadModel(at('k3.keras'));
  await saveModel(model, at('ours'));
  await saveModel(model, at('ours-saved'), { format: 'savedmodel' });
  const fixture = fileURLToPath(new URL('../fixtures/savedmodel/tf-2.15/image', import.meta.url));
  for (const path of ['k3.keras', 'deflated.keras', 'unpacked', 'k2.h5', 'ours', 'ours-saved'].map(at).concat(fixture))
    await endedAnywhere(options => loadModel(path, options), path);
  for (const path of [at('ours-saved'), fixture]) await endedAnywhere(given => loadSavedModel(path, given), path);
  for (const name of ['k3.weights.h5', 'divided.weights.json', 'k2-weights.h5', 'ours']) {
    const before = tf.tidy(() => model.getWeights().map(weight => tf.onesLike(weight)));
    model.setWeights(before);
    const held = before.map(one => [...one.dataSync()]);
    await endedAnywhere(async options => {
      try {
        await loadWeights(model, at(name), options);
        return tf.sequential();
      } catch (error) {
        // All of it is one batch.
        expect(model.getWeights().map(one => [...one.dataSync()])).toEqual(held);
        throw error;
      } finally {
        model.setWeights(before);
      }
    }, name);
    tf.dispose(before);
  }
});

test('models that were never compiled, or never trained, and a schedule of learning rates', async () => {
  for (const start of ['keras', 'tf_keras'])
    for (const ending of ['keras', 'h5']) {
      const bare = await loadModel(at(`${start}.bare.${ending}`));
      expect(bare.optimizer ?? null, `${start}.bare.${ending}`).toBeNull();
      const fresh = await loadModel(at(`${start}.fresh.${ending}`));
      expect(fresh.optimizer, `${start}.fresh.${ending}`).toBeInstanceOf(Adam);
      expect((fresh.optimizer as Adam).iterations).toBe(0);
      await fresh.fit(tf.ones([4, 3]), tf.ones([4, 2]), { epochs: 1, verbose: 0 });
      // It goes on at the rate that the schedule has reached.
      const scheduled = await loadModel(at(`${start}.schedule.${ending}`));
      expect((scheduled.optimizer as SGD).iterations).toBe(4);
      expect((scheduled.optimizer as SGD).learningRate, `${start}.schedule.${ending}`).toBeCloseTo(0.125, 6);
    }
});

test('a state of the optimizer that does not fit is left out, as in Keras', async () => {
  const warned = once(process, 'warning') as Promise<[Error]>;
  const model = await loadModel(at('unfit.h5'));
  expect((await warned)[0].message).toContain('the optimizer begins anew');
  expect((model.optimizer as Adam).iterations).toBe(0);
  const whole = await loadModel(at('k2.h5'));
  expect((whole.optimizer as Adam).iterations).toBe(1);
  expect(model.getWeights().map(one => one.arraySync())).toEqual(whole.getWeights().map(one => one.arraySync()));
  const { unused } = await loadWeights(model, at('unfit.h5'));
  expect(unused.some(name => name.startsWith('optimizer_weights/'))).toBe(true);
});

test('names do not matter, only the contents', async () => {
  copyFileSync(at('k3.keras'), at('model'));
  copyFileSync(at('k3.h5'), at('other.keras'));
  await using archive = (await openKerasFile(at('model')))!;
  expect(await archive.architecture()).not.toBeNull();
  await using hdf5 = (await openKerasFile(at('other.keras')))!;
  expect((await hdf5.architecture())!.training).toBeDefined();
  // An HDF5 file may begin with bytes of another program.
  writeFileSync(at('foreign.h5'), Buffer.concat([Buffer.alloc(1024, 'x'), readFileSync(at('k3.weights.h5'))]));
  await using foreign = (await openKerasFile(at('foreign.h5')))!;
  expect((await foreign.weights()).path).toBe(at('foreign.h5'));
});

test('what is no file of Keras', async () => {
  writeFileSync(at('model.json'), '{"modelTopology": {}}');
  writeFileSync(at('safetensors.weights.json'), '{"weight_map": {"a": "model-00001.safetensors"}}');
  writeFileSync(at('deep.weights.json'), `{"weight_map":${'['.repeat(1e6)}`);
  writeFileSync(at('wide.weights.json'), `{"weight_map":{"a":[${'[],'.repeat(2e6)}[]]}}`);
  writeFileSync(at('text.h5'), 'hello');
  writeFileSync(at('empty.keras'), '');
  mkdirSync(at('directory'));
  writeFileSync(at('directory/config.json'), '{}');
  for (const name of [
    'model.json',
    'safetensors.weights.json',
    'deep.weights.json',
    'wide.weights.json',
    'text.h5',
    'empty.keras',
    'directory',
    'absent',
    'text.h5/x',
  ])
    expect(await openKerasFile(at(name)), name).toBeNull();
});

test('lists of files that lie', async () => {
  const list = (map: unknown): string => {
    writeFileSync(at('lying.weights.json'), JSON.stringify({ weight_map: map }));
    return at('lying.weights.json');
  };
  const cases: [unknown, string][] = [
    [{ a: '../k3.weights.h5' }, 'ERR_CORRUPT'],
    [{ a: '/etc/x.h5' }, 'ERR_CORRUPT'],
    [{ a: ['a\0.h5'] }, 'ERR_CORRUPT'],
    [{ a: 'nothing.h5' }, 'ERR_MISSING_SHARD'],
    [{ a: 7 }, 'ERR_CORRUPT'],
    [Object.fromEntries(Array.from({ length: 1001 }, (_, i) => [i, `${i}.h5`])), 'ERR_TOO_LARGE'],
  ];
  for (const [map, code] of cases)
    await expect(openKerasFile(list(map)), JSON.stringify(map)).rejects.toMatchObject({ code });
  // The same values in two files.
  copyFileSync(at('k3.weights.h5'), at('again.weights.h5'));
  await using twice = (await openKerasFile(list({ a: 'k3.weights.h5', b: 'again.weights.h5' })))!;
  await expect(sums(await twice.weights())).rejects.toMatchObject({ code: 'ERR_CORRUPT' });
  // Not HDF5.
  await using text = (await openKerasFile(list({ a: 'text.h5' })))!;
  await expect(text.weights()).rejects.toMatchObject({ name: 'TensorBundleError' });
});

test('a file that tf_keras did not finish, because two variables have one name', async () => {
  const message = /lists '.*d\/kernel:0' twice in weight_names.*as \.keras/;
  await expect(loadModel(at('twice.h5'))).rejects.toMatchObject({
    code: 'ERR_CORRUPT',
    message: expect.stringMatching(message),
  });
});

test('a layer that two models share in Keras, with its values once', async () => {
  await expect(loadModel(at('shared.keras'))).rejects.toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    message: expect.stringMatching(/share layers.*: 'wide'; make the model in your program/),
  });
});

test('archives that lack a part, or are damaged', async () => {
  await using headless = (await openKerasFile(at('headless.keras')))!;
  await expect(headless.architecture()).rejects.toMatchObject({
    code: 'ERR_NOT_A_CHECKPOINT',
    expected: 'config.json',
  });
  await using weightless = (await openKerasFile(at('weightless.keras')))!;
  await expect(weightless.weights()).rejects.toMatchObject({ code: 'ERR_NOT_A_CHECKPOINT' });
  await using numpy = (await openKerasFile(at('numpy.keras')))!;
  await expect(numpy.weights()).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
  const bytes = readFileSync(at('k3.keras'));
  writeFileSync(at('cut.keras'), bytes.subarray(0, bytes.length / 2));
  await expect(openKerasFile(at('cut.keras'))).rejects.toMatchObject({ code: 'ERR_TRUNCATED' });
  // In the middle of the weights, where HDF5 would not notice it.
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(at('changed.keras'), bytes);
  await using changed = (await openKerasFile(at('changed.keras')))!;
  await expect(changed.weights()).rejects.toMatchObject({ code: 'ERR_CHECKSUM' });
  renameSync(at('changed.keras'), at('gone.keras'));
});
