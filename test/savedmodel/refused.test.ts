/** What saveModel refuses, what it leaves out with a warning, and what it writes of names and frozen layers. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveModel } from '../../src/savedmodel.js';
import { readStoredModel } from '../../src/training/savedmodel/stored/stored-model.js';

const l = tf.layers;

interface Metadata {
  readonly name: string;
  readonly trainable: boolean | null;
  readonly config: {
    readonly layers: readonly { readonly config: { readonly name: string; readonly trainable: boolean } }[];
  };
  readonly training_config?: { readonly loss: unknown; readonly metrics: unknown; readonly optimizer_config: object };
}

class Doubling extends tf.layers.Layer {
  static readonly className = 'Doubling';
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return [inputs].flat()[0]!.mul(2);
  }
}

/** TensorFlow.js does not export the base class. */
const Zeros = tf.initializers.zeros().constructor as new () => ReturnType<typeof tf.initializers.zeros>;

class Halves extends Zeros {
  static readonly className = 'Halves';
  override apply(shape: number[]): tf.Tensor {
    return tf.fill(shape, 0.5);
  }
}

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle refused '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** What is written of the root, and the warnings meanwhile. */
async function saved(model: tf.LayersModel): Promise<{ root: Metadata; warnings: string[] }> {
  const warnings: string[] = [];
  const note = (warning: Error): number => warnings.push(warning.message);
  process.on('warning', note);
  const dir = join(directory, 'model');
  try {
    await saveModel(model, dir, { durable: false });
    await new Promise(setImmediate);
  } finally {
    process.off('warning', note);
  }
  const { keras } = await readStoredModel(dir);
  return { root: JSON.parse(keras!.get(0)!.metadata) as Metadata, warnings };
}

describe('saveModel', () => {
  it('names everything at once that Keras lacks, and writes nothing', async () => {
    const model = tf.sequential({
      layers: [
        l.dense({ units: 2, inputShape: [2], activation: 'gelu_new' as never, name: 'first' }),
        new Doubling({ name: 'second' }),
        l.dense({ units: 2, kernelInitializer: new Halves(), name: 'third' }),
      ],
    });
    const saving = saveModel(model, join(directory, 'lacking'), { saveTraces: false });
    await expect(saving).rejects.toMatchObject({
      code: 'ERR_NOT_SUPPORTED',
      found: [
        "the activation gelu_new of the layer 'first' (Dense)",
        "the layer 'second' of the class Doubling",
        "Halves as kernel_initializer of the layer 'third' (Dense)",
      ],
    });
    expect(await readdir(directory)).not.toContain('lacking');
  });

  it('refuses a model that is not built, one without an optimizer to include, and unknown options', async () => {
    const dir = join(directory, 'none');
    const built = tf.sequential({ layers: [l.dense({ units: 1, inputShape: [1] })] });
    const codes = [
      saveModel(tf.sequential(), dir),
      saveModel(built, dir, { includeOptimizer: true }),
      saveModel(built, dir, { durrable: true } as never),
      saveModel(built, dir, { extra: { step: 3 as never } }),
      saveModel({} as never, dir),
    ];
    for (const saving of codes) await expect(saving).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    expect(await readdir(directory)).not.toContain('none');
    await expect(saveModel(built, `${dir}.keras`)).rejects.toThrow('but a save writes a SavedModel (a directory)');
  });

  it('leaves out metrics that Keras computes otherwise, and says so', async () => {
    const model = tf.sequential({ layers: [l.dense({ units: 2, inputShape: [2] })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', metrics: ['precision', 'mse', tf.metrics.r2Score] });
    const { root, warnings } = await saved(model);
    expect(root.training_config).toMatchObject({
      loss: 'mean_squared_error',
      metrics: [{ class_name: 'MeanMetricWrapper', config: { name: 'mse', fn: 'mse' } }],
      optimizer_config: { class_name: 'SGD' },
    });
    expect(warnings.join()).toMatch(/Keras has nothing equal to the metric precision, the metric r2Score of the model/);
  });

  it('is not compiled in Keras without its loss', async () => {
    const model = tf.sequential({ layers: [l.dense({ units: 1, inputShape: [1] })] });
    const ownLoss = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => x.sub(y).square().mean();
    model.compile({ optimizer: 'sgd', loss: ownLoss as never });
    const { root, warnings } = await saved(model);
    expect(root.training_config).toBeUndefined();
    expect(warnings.join()).toContain("the loss 'ownLoss'");
  });

  it('gives layers the names of Keras, but none that another layer has', async () => {
    const layers = [
      l.dense({ units: 1, inputShape: [1] }),
      l.dense({ units: 1, name: 'dense' }),
      l.dense({ units: 1 }),
      l.dense({ units: 1, name: 'dense_2' }),
    ];
    const { root } = await saved(tf.sequential({ layers }));
    expect(root.config.layers.map(({ config }) => config.name)).toEqual([
      ...['dense_1_input', 'dense_1', 'dense', 'dense_3', 'dense_2'],
    ]);
  });

  it('marks the layers of a frozen model', async () => {
    const inner = tf.sequential({ layers: [l.dense({ units: 1, inputShape: [1] })] });
    const model = tf.sequential({ layers: [inner, l.dense({ units: 1 })] });
    inner.trainable = false;
    const { root } = await saved(model);
    const [, frozen, free] = root.config.layers as unknown as [
      unknown,
      { config: Metadata['config'] },
      { config: object },
    ];
    expect(frozen.config.layers.map(({ config }) => config.trainable)).toEqual([undefined, false]);
    expect(free.config).toMatchObject({ trainable: true });
  });
});
