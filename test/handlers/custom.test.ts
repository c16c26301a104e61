/**
 * Custom layers with layers inside, and models in models whose layers are called the same, through `file://` and
 * `ckpt://`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, describe, expect, it } from 'vitest';
import '../../src/register.js';
import { copyWeights, saveModel } from '../../src/tfjs.js';

const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-custom-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

type Layer = tf.layers.Layer;
const { dense } = tf.layers;

/** Its layers are named by TensorFlow.js, which counts; their kernels have one shape. */
class Block extends tf.layers.Layer {
  static className = 'HandlersBlock';
  readonly inner: Layer[] = [
    dense({ units: 3, activation: 'tanh' }),
    tf.layers.batchNormalization(),
    dense({ units: 3, activation: 'tanh' }),
  ];
  override build(shape: tf.Shape): void {
    for (const layer of this.inner) {
      layer.build(shape);
      layer.built = true;
    }
    this.built = true;
  }
  override get trainableWeights(): tf.LayerVariable[] {
    return this.inner.flatMap(layer => layer.trainableWeights);
  }
  override get nonTrainableWeights(): tf.LayerVariable[] {
    return this.inner.flatMap(layer => layer.nonTrainableWeights);
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return this.inner.reduce((y, layer) => layer.apply(y) as tf.Tensor, [inputs].flat()[0]!);
  }
}

/** Says of none of its layers that it has them. */
class Silent extends Block {
  static override className = 'HandlersSilent';
  override get trainableWeights(): tf.LayerVariable[] {
    return [];
  }
  override get nonTrainableWeights(): tf.LayerVariable[] {
    return [];
  }
}
tf.serialization.registerClass(Block);
tf.serialization.registerClass(Silent);

const custom = (Type: new (args: object) => Layer): tf.LayersModel => {
  const layers = [
    dense({ units: 3, inputShape: [3], name: 'in' }),
    new Type({ name: 'one' }),
    new Type({ name: 'two' }),
  ];
  return tf.sequential({ layers: [...layers, dense({ units: 1, name: 'out' })] });
};

/** Two models in a model, each with a layer of the same name. */
function towers(): tf.LayersModel {
  const tower = (name: string) => tf.sequential({ layers: [dense({ units: 3, inputShape: [3], name: 'd' })], name });
  const input = tf.input({ shape: [3], name: 'in' });
  const joined = tf.layers
    .add({ name: 'sum' })
    .apply([tower('first').apply(input), tower('second').apply(input)] as never);
  return tf.model({ inputs: input, outputs: dense({ units: 1, name: 'd' }).apply(joined) as tf.SymbolicTensor });
}

const [x, y] = [tf.linspace(-1, 1, 12).reshape([4, 3]), tf.tensor([[1], [0], [1], [0]])];
const train = async (model: tf.LayersModel): Promise<void> => {
  await model.fit(x, y, { epochs: 3, shuffle: false, verbose: 0 });
};
const predictions = (model: tf.LayersModel): number[] => [...(model.predict(x) as tf.Tensor).dataSync()];

async function throughFiles(model: tf.LayersModel, scheme: string): Promise<tf.LayersModel> {
  const path = join(directory, scheme);
  await model.save(`${scheme}://${path}`, { includeOptimizer: true });
  return await tf.loadLayersModel(`${scheme}://${path}${scheme === 'file' ? '/model.json' : ''}`);
}

describe.each(['file', 'ckpt'])('%s://', scheme => {
  it.each([
    ['layers in custom layers', () => custom(Block)],
    ['layers of one name in several models', towers],
  ])('%s', async (_, make) => {
    const [whole, first] = [make(), make()];
    copyWeights(whole, first);
    const optimizers = [() => tf.train.adam(0.01), () => tf.train.rmsprop(0.01)];
    for (const optimizer of optimizers) {
      for (const model of [whole, first]) model.compile({ optimizer: optimizer(), loss: 'meanSquaredError' });
      let model = first;
      for (let turn = 0; turn < 2; turn++) {
        for (const one of [whole, model]) await train(one);
        // Other layers are made meanwhile: what is loaded gets names that others had.
        dense({ units: 3 });
        model = await throughFiles(model, scheme);
        expect(predictions(model)).toEqual(predictions(whole));
      }
      copyWeights(whole, first);
    }
  });
});

describe('weights that a custom layer does not list', () => {
  it('ckpt:// has them; file:// has not, and says so', async () => {
    const model = custom(Silent);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    expect(predictions(await throughFiles(model, 'ckpt'))).toEqual(predictions(model));
    const warnings: string[] = [];
    const listen = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', listen);
    for (let i = 0; i < 2; i++) await throughFiles(model, 'file');
    await nextTurn();
    process.off('warning', listen);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/inner\/0\/kernel.*ckpt:\/\//);
    await saveModel(model, join(directory, 'model'));
  });
});

describe('trainableOnly', () => {
  it('saves what is trained, and loads with strict: false', async () => {
    const model = custom(Block);
    model.layers[0]!.trainable = false;
    for (const scheme of ['file', 'ckpt']) {
      const path = join(directory, `trainable-${scheme}`);
      await model.save(`${scheme}://${path}`, { trainableOnly: true });
      const url = `${scheme}://${path}${scheme === 'file' ? '/model.json' : ''}`;
      await expect(tf.loadLayersModel(url)).rejects.toThrow();
      const loaded = await tf.loadLayersModel(url, { strict: false });
      const values = (one: tf.LayersModel): number[][] =>
        one.trainableWeights.map(weight => [...weight.read().dataSync()]);
      expect(values(loaded)).toEqual(values(model));
    }
  });
});
