/** What `loadModel` refuses, leaves uncompiled or takes with other names, and what it says. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TensorBundleError } from '../../src/index.js';
import { loadModel, saveModel } from '../../src/savedmodel.js';
import { Counter } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';
import { loadWarned } from './reading.js';

let folder: string;
let predicted: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tensorbundle refused '));
  predicted = Number(await runPython('test/savedmodel/not_loaded.py', [folder]));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function refusal(name: string): Promise<TensorBundleError> {
  const before = tf.memory().numTensors;
  const error: unknown = await loadModel(join(folder, name)).catch((thrown: unknown) => thrown);
  expect(tf.memory().numTensors).toBe(before);
  expect(error).toBeInstanceOf(TensorBundleError);
  return error as TensorBundleError;
}

describe('what TensorFlow.js lacks', () => {
  it('is listed in one error, layers and options', async () => {
    const { code, message } = await refusal('lacking');
    expect(code).toBe('ERR_NOT_SUPPORTED');
    expect(message).toContain("GroupNormalization ('norm'), Conv1DTranspose ('back', 'back_again')");
    expect(message).toContain('tf.serialization.registerClass');
    for (const option of [
      "Conv1D 'grouped': groups: 2",
      'GlobalMaxPooling1D \'pool\': data_format: "channels_first"',
      "Dropout 'monte_carlo': a call with training: true",
    ])
      expect(message).toContain(option);
  });

  it('can be registered; a loss that is a function is given again', async () => {
    const { message } = await refusal('custom');
    expect(message).toContain("Scaled ('scaled')");
    class Scaled extends tf.layers.Layer {
      static className = 'Scaled';
      gain: tf.LayerVariable | undefined;
      readonly factor: number;

      constructor(config: { factor: number; name?: string }) {
        super(config as never);
        this.factor = config.factor;
      }

      override build(shape: tf.Shape): void {
        this.gain = this.addWeight('gain', [shape.at(-1)!], 'float32', tf.initializers.ones());
        this.built = true;
      }

      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return tf.tidy(() => [inputs].flat()[0]!.mul(this.gain!.read()).mul(this.factor));
      }

      override getConfig(): tf.serialization.ConfigDict {
        return { ...super.getConfig(), factor: this.factor };
      }
    }
    tf.serialization.registerClass(Scaled);
    const { model, warnings } = await loadWarned(join(folder, 'custom'));
    expect((model.predict(tf.ones([1, 3])) as tf.Tensor).dataSync()[0]).toBeCloseTo(predicted, 5);
    expect(model.optimizer).toBeUndefined();
    expect(warnings.join()).toMatch(/there is no loss .*; there is no metric AUC here; so it is not compiled/);
    const dir = join(folder, 'custom');
    const given = await loadModel(dir, { loss: 'meanSquaredError', metrics: 'mae' });
    expect(given.optimizer.getClassName()).toBe('KerasSGD');
    expect(given.metricsNames).toEqual(['loss', 'mae']);
    const bare = await loadModel(dir, { compile: false });
    expect(bare.optimizer).toBeUndefined();
  });
});

describe('what is no Keras model', () => {
  it.each([
    ['subclassed', /of the user-defined class Subclassed, whose layers only its Python code connects/],
    ['exported', /no Keras metadata: Keras 3's model.export .* loadFunctions/],
    ['module', /no Keras metadata/],
    ['tf1', /TensorFlow 1 wrote/],
    ['model.keras', /a file of Keras; loadModel of tensorbundle\/tfjs reads it/],
    ['training/ckpt-1', /it is a checkpoint; use loadModel of tensorbundle\/tfjs/],
    ['training', /it is a checkpoint/],
    ['custom/saved_model.pb', /give the directory around it/],
  ])('%s', async (name, message) => {
    const error = await refusal(name);
    expect(error.code).toBe('ERR_NOT_SUPPORTED');
    expect(error.message).toMatch(message);
  });

  it('nothing', async () => {
    expect((await refusal('nothing')).code).toBe('ERR_NOT_FOUND');
    // What is wrong is said of this path, not of one at which else was looked for a hint.
    await expect(loadModel('no\0path')).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
  });
});

describe("this package's own SavedModels", () => {
  it('come back exactly, with the state of the optimizer and the extra objects', async () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    model.compile({ optimizer: tf.train.adam(0.01), loss: 'meanSquaredError', metrics: ['mae'] });
    const [x, y] = [tf.ones([4, 3]), tf.ones([4, 2])];
    await model.fit(x, y, { verbose: 0 });
    const dir = join(folder, 'ours');
    const step = new Counter(17);
    await saveModel(model, dir, { extra: { step } });
    const again = new Counter(0);
    const loaded = await loadModel(dir, { extra: { step: again } });
    expect(Number(again.value)).toBe(17);
    expect(loaded.optimizer.getClassName()).toBe('Adam');
    await model.fit(x, y, { verbose: 0, shuffle: false });
    await loaded.fit(x, y, { verbose: 0, shuffle: false });
    expect([...loaded.getWeights()[0]!.dataSync()]).toEqual([...model.getWeights()[0]!.dataSync()]);
    const other = new Counter(0);
    await expect(loadModel(dir, { extra: { other } })).rejects.toMatchObject({ code: 'ERR_UNMATCHED' });
  });
});
