/**
 * Reports that models of Keras 3 do not load in TensorFlow.js (tensorflow/tfjs#8328, 8358, 8489, 8494, 8266): here they
 * do, and predict what Keras predicts.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadModel } from '../../src/tfjs.js';
import { isDeep } from '../depth.js';
import type { Input } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';
import { expectNear, predictions } from './numbers.js';

interface Answer {
  inputs: Input[];
  outputs: Input[];
  /** The first ones. */
  weights: Input[];
  targets?: Input[];
  trained?: Input[];
}

let folder: string;
let answers: Record<string, Answer>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tensorbundle reports '));
  await runPython('test/keras/reports.py', [folder, ...(isDeep ? ['deep'] : [])]);
  answers = JSON.parse(await readFile(join(folder, 'answer.json'), 'utf8')) as Record<string, Answer>;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const values = (all: readonly Input[]): number[][] => all.map(({ data }) => data);

async function expectSame(name: string): Promise<tf.LayersModel> {
  const model = await loadModel(join(folder, name));
  const { inputs, outputs } = answers[name]!;
  expectNear(predictions(model, inputs), values(outputs), 1e-5, name);
  return model;
}

it.each(['8328.keras', '8328.h5'])('#8328: batch_shape, calls in their new form, and training (%s)', async name => {
  const model = await expectSame(name);
  const { inputs, targets, trained } = answers[name]!;
  const [x, y] = [inputs[0]!, targets![0]!].map(({ data, shape }) => tf.tensor(data, shape)) as [tf.Tensor, tf.Tensor];
  await model.fit(x, y, { epochs: 3, shuffle: false, verbose: 0 });
  expectNear(predictions(model, inputs), values(trained!), 1e-6, `${name}, trained`);
  expect(model.metricsNames).toEqual(['loss', 'acc']);
});

it.each(['8358-2.keras', ...(isDeep ? ['8358-3.keras'] : [])])(
  '#8358: MobileNet, also with operations between layers (%s)',
  async name => {
    await expectSame(name);
  },
);

it('#8489: classes that TensorFlow.js lacks are named together, and can be registered', async () => {
  const lacking = loadModel(join(folder, '8489-lacking.keras'));
  await expect(lacking).rejects.toMatchObject({
    code: 'ERR_NOT_SUPPORTED',
    message: expect.stringMatching(
      /Doubled \('doubled'\), GroupNormalization \('group_normalization'\); .*registerClass.*model\.export\('dir'\)/,
    ),
  });
  class Doubled extends tf.layers.Layer {
    static readonly className = 'Doubled';
    readonly by: number;
    gain!: tf.LayerVariable;

    constructor(config: { by: number }) {
      super(config as object);
      this.by = config.by;
    }

    override build(shape: tf.Shape): void {
      this.gain = this.addWeight('gain', [shape.at(-1)!], 'float32', tf.initializers.ones());
      this.built = true;
    }

    override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.tidy(() => tf.mul(tf.mul([x].flat()[0]!, this.gain.read()), this.by));
    }
  }
  tf.serialization.registerClass(Doubled);
  await expectSame('8489.keras');
});

it('#8494: a Sequential that Keras 3 saved as HDF5', async () => {
  await expectSame('8494.h5');
});

it.each(['8266.keras', '8266-2.keras'])('#8266: every weight in its place (%s)', async name => {
  const model = await expectSame(name);
  expectNear(
    model.getWeights().map(one => [...one.dataSync()]),
    values(answers[name]!.weights),
    0,
    name,
  );
});

it.each(['masks-keras.keras', 'masks-tf_keras.keras'])(
  'masks reach the layers that Keras gives them (%s)',
  async name => {
    const model = await expectSame(name);
    // tf_keras writes the name 'adam' only.
    expect(model.optimizer.getConfig()).toMatchObject({ learningRate: expect.closeTo(0.001, 8), epsilon: 1e-7 });
    // A second call, because TensorFlow.js keeps things of the first.
    const { inputs, outputs } = answers[name]!;
    expectNear(predictions(model, inputs), values(outputs), 1e-5, name);
  },
);
