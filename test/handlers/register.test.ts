/** `tensorbundle/register`: ckpt:// and file:// in an unmodified program of TensorFlow.js. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { io } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../src/register.js';
import { latestCheckpoint, listVariables } from '../../src/index.js';
import { Directory } from '../../src/storage/directory.js';
import { loadModel, saveModel } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle register '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
let count = 0;
const fresh = (): string => join(directory, `run ${count++}`);

function network(units = 3): tf.Sequential {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units, inputShape: [2], activation: 'relu', name: 'first' }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.dense({ units: 1, name: 'last' }),
    ],
  });
  model.compile({ loss: 'meanSquaredError', optimizer: tf.train.adam(0.05), metrics: ['mae'] });
  return model;
}
const [xs, ys] = [
  tf.tensor2d([
    [1, 2],
    [3, 4],
    [5, 6],
    [0, 1],
  ]),
  tf.tensor2d([[1], [2], [0], [4]]),
];
const trained = async (): Promise<tf.Sequential> => {
  const model = network();
  await model.fit(xs, ys, { epochs: 3, shuffle: false, verbose: 0 });
  return model;
};
const values = (model: tf.LayersModel): unknown => model.getWeights().map(weight => weight.arraySync());
const answers = (model: tf.LayersModel): unknown => (model.predict(xs) as tf.Tensor).arraySync();

const outputOf = (model: tf.GraphModel): unknown =>
  [model.predict(xs)].flat().map(one => (one as tf.Tensor).arraySync());

describe('ckpt://', () => {
  it('what is behind it is a path: a prefix that ends in a slash; no other scheme or format', async () => {
    const model = await trained();
    const run = fresh();
    await model.save(`ckpt://${run}/`);
    expect(readdirSync(run).sort()).toEqual(['.data-00000-of-00001', '.index', 'checkpoint']);
    for (const url of [`ckpt://${run}/`, `ckpt://${run}`, `ckpt://${run}/.index`])
      expect(answers(await tf.loadLayersModel(url))).toEqual(answers(model));
    const refused = { name: 'TensorBundleError', code: 'ERR_NOT_SUPPORTED' };
    for (const path of ['gs://bucket/model', 's3://bucket/model', `${run}/model.h5`, `${run}/model.json`])
      await expect(model.save(`ckpt://${path}`), path).rejects.toMatchObject(refused);
    await expect(tf.loadLayersModel('ckpt://gs://bucket/model')).rejects.toMatchObject(refused);
    await expect(tf.loadGraphModel('ckpt://gs://bucket/model')).rejects.toMatchObject(refused);
    expect(existsSync('gs:')).toBe(false);
  });

  it('a layers model comes back, uncompiled; the files are a checkpoint that Python reads', async () => {
    const model = await trained();
    const run = fresh();
    const result = await model.save(`ckpt://${run}/name`);
    expect(result.modelArtifactsInfo).toMatchObject({
      modelTopologyType: 'JSON',
      weightDataBytes: 4 * (6 + 3 + 12 + 3 + 1),
    });
    expect(await latestCheckpoint(run)).toBe(join(run, 'name'));
    const loaded = await tf.loadLayersModel(`ckpt://${run}/name`);
    expect([values(loaded), answers(loaded)]).toEqual([values(model), answers(model)]);
    expect(loaded.optimizer).toBeUndefined();
    const program = [
      'import sys, tf_keras as k, numpy as np',
      'l = k.layers',
      "m = k.Sequential([l.Dense(3, 'relu', input_shape=(2,)), l.BatchNormalization(), l.Dense(1)])",
      'm.load_weights(sys.argv[1]).assert_existing_objects_matched()',
      'print(m.predict(np.array([[1., 2.], [3., 4.], [5., 6.], [0., 1.]]), verbose=0).tolist())',
    ].join('\n');
    const theirs = JSON.parse(
      (await runPython({ code: program }, [join(run, 'name')])).trim().split('\n').at(-1)!,
    ) as number[][];
    for (const [i, [value]] of (answers(model) as number[][]).entries()) expect(theirs[i]![0]).toBeCloseTo(value!, 5);
  });

  it('with includeOptimizer the training goes on, by loadLayersModel and by loadModel', async () => {
    const model = await trained();
    const run = fresh();
    await model.save(`ckpt://${run}/name`, { includeOptimizer: true });
    const kept: io.ModelArtifacts[] = [];
    await model.save(
      tf.io.withSaveHandler(async artifacts => ({ modelArtifactsInfo: void kept.push(artifacts) as never })),
      {
        includeOptimizer: true,
      },
    );
    const theirs = await tf.loadLayersModel(tf.io.fromMemory(kept[0]!));
    const [loaded, exact] = [await tf.loadLayersModel(`ckpt://${run}/name`), await loadModel(`${run}/name`)];
    for (const one of [model, loaded, theirs, exact] as tf.LayersModel[])
      await one.fit(xs, ys, { epochs: 2, shuffle: false, verbose: 0 });
    expect(values(exact as tf.LayersModel)).toEqual(values(model));
    // As after a save and load of TensorFlow.js's own, whose optimizers forget some of their state.
    expect(values(loaded)).toEqual(values(theirs));
  });

  it('an overwrite is atomic, and metadata of the user comes along', async () => {
    const run = fresh();
    const [one, two] = [network(2), network(5)];
    await one.save(`ckpt://${run}/name`);
    two.setUserDefinedMetadata({ who: 'me' });
    await two.save(`ckpt://${run}/name`);
    const loaded = await tf.loadLayersModel(`ckpt://${run}/name`);
    expect([answers(loaded), loaded.getUserDefinedMetadata()]).toEqual([answers(two), { who: 'me' }]);
    expect(readdirSync(run).filter(name => name.endsWith('.index') || name.includes('00000-of'))).toHaveLength(2);
  });

  it('trainableOnly, as TensorFlow.js has it', async () => {
    const run = fresh();
    await (await trained()).save(`ckpt://${run}/name`, { trainableOnly: true });
    const names = (await listVariables(`${run}/name`)).map(({ name }) => name);
    expect(names.some(name => name.includes('moving_mean'))).toBe(false);
    expect(names.length).toBe(7);
    await expect(tf.loadLayersModel(`ckpt://${run}/name`, { strict: false })).resolves.toBeDefined();
  });

  it('a graph model comes back, with strings and quantized weights as they are', async () => {
    const artifacts: io.ModelArtifacts = {
      format: 'graph-model',
      generatedBy: 'test',
      convertedBy: null as never,
      modelTopology: {
        node: [
          {
            name: 'x',
            op: 'Placeholder',
            attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: { dim: [{ size: '-1' }, { size: '2' }] } } },
          },
          {
            name: 'w',
            op: 'Const',
            attr: {
              dtype: { type: 'DT_FLOAT' },
              value: { tensor: { dtype: 'DT_FLOAT', tensorShape: { dim: [{ size: '2' }, { size: '2' }] } } },
            },
          },
          {
            name: 's',
            op: 'Const',
            attr: {
              dtype: { type: 'DT_STRING' },
              value: { tensor: { dtype: 'DT_STRING', tensorShape: { dim: [{ size: '2' }] } } },
            },
          },
          {
            name: 'y',
            op: 'MatMul',
            input: ['x', 'w'],
            attr: { T: { type: 'DT_FLOAT' }, transpose_a: { b: false }, transpose_b: { b: false } },
          },
        ],
        versions: { producer: 1 },
        library: {},
      },
      signature: { inputs: { x: { name: 'x:0' } }, outputs: { y: { name: 'y:0' } } },
      userDefinedMetadata: { signature: {} },
      weightSpecs: [
        { name: 's', shape: [2], dtype: 'string' },
        { name: 'w', shape: [2, 2], dtype: 'float32', quantization: { dtype: 'uint8', scale: 0.5, min: -1 } },
      ],
      weightData: Uint8Array.of(1, 0, 0, 0, 65, 2, 0, 0, 0, 195, 164, 0, 2, 4, 8).buffer,
    };
    const model = await tf.loadGraphModel(tf.io.fromMemory(artifacts));
    const run = fresh();
    await model.save(`ckpt://${run}/graph`);
    const loaded = await tf.loadGraphModel(`ckpt://${run}/graph`);
    expect(outputOf(loaded)).toEqual(outputOf(model));
    expect((loaded.weights as Record<string, tf.Tensor[]>).s![0]!.dataSync()).toEqual(['A', 'ä']);
    // In as many buffers as there are weights.
    const handler = tf.io.getLoadHandlers(`ckpt://${run}/graph`)[0]!;
    const again = await handler.load!();
    expect(Buffer.concat((again.weightData as ArrayBuffer[]).map(one => new Uint8Array(one)))).toEqual(
      Buffer.from(artifacts.weightData as ArrayBuffer),
    );
    const files = fresh();
    await loaded.save(`file://${files}`);
    const third = await tf.loadGraphModel(`file://${files}/model.json`);
    expect(outputOf(third)).toEqual(outputOf(model));
  });

  it('what cannot be is said', async () => {
    const run = fresh();
    await expect(tf.loadLayersModel(`ckpt://${run}/name`)).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    mkdirSync(run);
    await expect(network().save(`ckpt://${join(run, 'a\0b')}`)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    await saveModel(network(), join(run, 'named'), { includeOptimizer: false });
    expect((await loadModel(join(run, 'named'))).optimizer).toBeUndefined();
  });
});

describe('file://', () => {
  it('is what TensorFlow.js loads, overwritten atomically, without what was before', async () => {
    const run = fresh();
    const models = [await trained(), network(2), network(7)];
    for (const model of models) {
      const result = await model.save(`file://${run}`);
      expect(result.modelArtifactsInfo.weightDataBytes).toBe(4 * model.countParams());
      const loaded = await tf.loadLayersModel(`file://${run}/model.json`);
      expect(answers(loaded)).toEqual(answers(model));
      expect(readdirSync(run)).toHaveLength(2);
    }
  });

  it('the optimizer too', async () => {
    const run = fresh();
    const model = await trained();
    await model.save(`file://${run}`, { includeOptimizer: true });
    const loaded = await tf.loadLayersModel(`file://${run}/model.json`);
    expect((await loaded.optimizer.getWeights()).length).toBe((await model.optimizer.getWeights()).length);
  });

  it.each(['file', 'ckpt'])(
    '%s:// has the values of the call, whatever happens meanwhile; saves side by side exclude each other',
    async scheme => {
      const run = fresh();
      const path = scheme === 'file' ? `${run}/model.json` : `${run}/m`;
      const model = await trained();
      const before = tf.memory().numTensors;
      const expected = answers(model);
      const save = model.save(`${scheme}://${scheme === 'file' ? run : path}`, { includeOptimizer: true });
      model.setWeights(model.getWeights().map(weight => tf.zerosLike(weight)));
      await save;
      const loaded = await tf.loadLayersModel(`${scheme}://${path}`);
      expect(answers(loaded)).toEqual(expected);
      loaded.dispose();
      const models = [network(1), network(4), network(9)];
      await Promise.all(models.map(one => one.save(`${scheme}://${scheme === 'file' ? run : path}`)));
      const last = await tf.loadLayersModel(`${scheme}://${path}`);
      expect(models.map(answers)).toContainEqual(answers(last));
      expect(readdirSync(run).filter(name => name.endsWith('.bin')).length).toBe(scheme === 'file' ? 1 : 0);
      for (const one of [last, ...models]) one.dispose();
      // The zeros, the outputs of `predict` and what TensorFlow.js keeps for the optimizers it loads.
      expect(tf.memory().numTensors - before).toBeLessThan(60);
    },
  );

  it('of saves that nobody waits for, the last that was called stays, however the directory is spelled', async () => {
    const run = fresh();
    const model = network();
    const store = await Directory.create(run);
    const saves: Promise<unknown>[] = [];
    // Who waits longer for the directory looks less often whether it is free.
    await store.exclusively(1000, undefined, async () => {
      for (const [i, directory] of [run, `${run}/`, relative(process.cwd(), run)].entries()) {
        model.setWeights(model.getWeights().map(weight => tf.fill(weight.shape, i)));
        saves.push(model.save(`file://${directory}`, { includeOptimizer: i % 2 === 0 }));
        await delay(120 - 60 * i);
      }
    });
    await store.close();
    await Promise.all(saves);
    const loaded = await tf.loadLayersModel(`file://${run}/model.json`);
    expect(new Set(loaded.getWeights().flatMap(weight => [...weight.dataSync()]))).toEqual(new Set([2]));
    expect(readdirSync(run)).toHaveLength(2);
  });

  it('files of weights that were cut are told of', async () => {
    const run = fresh();
    await network().save(`file://${run}`);
    for (const bytes of [10, 12]) {
      truncateSync(join(run, 'weights.bin'), bytes);
      await expect(tf.loadLayersModel(`file://${run}/model.json`)).rejects.toMatchObject({
        code: 'ERR_CORRUPT',
        found: bytes,
      });
    }
  });

  it('files of others stay, and so does the old model when a save fails', async () => {
    const run = fresh();
    mkdirSync(run);
    for (const name of ['weights-1.bin', 'group1-shard1of1.bin', 'notes.txt']) writeFileSync(join(run, name), name);
    const model = network(2);
    await model.save(`file://${run}`);
    await model.save(`file://${run}`);
    for (const name of ['weights-1.bin', 'group1-shard1of1.bin', 'notes.txt'])
      expect(readFileSync(join(run, name), 'utf8')).toBe(name);
    const broken = network(3);
    const [kernel] = broken.layers[0]!.weights;
    (kernel!.read() as tf.Tensor).dispose();
    const before = readFileSync(join(run, 'model.json'), 'utf8');
    await expect(broken.save(`file://${run}`)).rejects.toThrow();
    expect(readFileSync(join(run, 'model.json'), 'utf8')).toBe(before);
    expect(answers(await tf.loadLayersModel(`file://${run}/model.json`))).toEqual(answers(model));
    writeFileSync(join(run, 'model.json'), 'no JSON');
    await model.save(`file://${run}`);
    expect(answers(await tf.loadLayersModel(`file://${run}/model.json`))).toEqual(answers(model));
    const file = join(run, 'notes.txt');
    await expect(model.save(`file://${file}`)).rejects.toMatchObject({ name: 'TensorBundleError' });
    expect(existsSync(file)).toBe(true);
  });
});
