/** Every optimizer through `model.save` and `tf.loadLayersModel`: training goes on as if it had not stopped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, describe, expect, it } from 'vitest';
import '../../src/register.js';
import { SGD } from '../../src/optimizers.js';
import { loadModel, saveModel } from '../../src/tfjs.js';
import { OPTIMIZERS } from '../layers/optimizers/training.js';
import { bitsOf, disposeAll, type Life, liveThrough, saveAndLoad } from './lives.js';

const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-optimizers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const { dense } = tf.layers;
const [xs, ys] = tf.tidy(() => [
  tf.keep(tf.linspace(-1, 1, 12).reshape([4, 3])),
  tf.keep(tf.linspace(1, -1, 12).reshape([4, 3])),
]);

/** All kernels have one shape, so that only order and names tell them apart. */
function network(optimizer: tf.Optimizer, change: (model: tf.LayersModel) => void = () => undefined): tf.LayersModel {
  const layer = (name: string) => dense({ units: 3, inputShape: [3], activation: 'tanh', name });
  const inner = tf.sequential({ layers: [layer('b'), layer('c')], name: 'inner' });
  const model = tf.sequential({ layers: [layer('a'), inner, tf.layers.batchNormalization({ name: 'norm' }), layer('d')] });
  change(model);
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

const train = async (model: tf.LayersModel): Promise<void> => {
  await model.fit(xs!, ys!, { epochs: 2, batchSize: 2, shuffle: false, verbose: 0 });
};

describe.each(['ckpt', 'file'] as const)('%s://', scheme => {
  it.each(Object.entries(OPTIMIZERS))('%s', async (_, make) => {
    await liveThrough({ make: () => network(make()), train }, scheme, directory);
  });

  it.each([
    ['a layer that was frozen before', (model: tf.LayersModel) => (model.layers[0]!.trainable = false)],
    ['a nested model that was frozen before', (model: tf.LayersModel) => (model.layers[1]!.trainable = false)],
  ])('%s', async (_, change) => {
    for (const make of [OPTIMIZERS.adam!, OPTIMIZERS['exact Adam']!, OPTIMIZERS.rmsprop!])
      await liveThrough({ make: () => network(make(), model => void change(model)), train }, scheme, directory);
  });

  // TensorFlow.js trains what was to be trained when the model was compiled; the model that is loaded is compiled with what is now.
  it.each([
    ['frozen', true, false],
    ['no longer frozen', false, true],
  ])('what is %s since the model was compiled', async (_, before, now) => {
    for (const make of [OPTIMIZERS.adam!, OPTIMIZERS['exact SGD']!, OPTIMIZERS['rmsprop momentum']!]) {
      const model = network(make(), one => {
        one.layers[0]!.trainable = before;
      });
      await train(model);
      model.layers[0]!.trainable = now;
      const loaded = await saveAndLoad(model, scheme, directory);
      const again = await saveAndLoad(loaded, scheme, directory);
      // With the optimizer as it is, and the model compiled anew, as the loaded one is: only where slots go by name is that possible.
      await train(loaded);
      await train(again);
      expect(bitsOf(again)).toEqual(bitsOf(loaded));
      if (model.optimizer.getClassName() === 'KerasSGD') {
        model.compile({ optimizer: model.optimizer, loss: 'meanSquaredError' });
        await train(model);
        expect(bitsOf(loaded)).toEqual(bitsOf(model));
      }
      for (const one of [model, loaded, again]) disposeAll(one);
    }
  });
});

describe('by other ways', () => {
  const life: Life = { make: () => network(OPTIMIZERS['exact Adam']!()), train };

  it('from one scheme to the other and back, and through memory', async () => {
    for (const make of [OPTIMIZERS.rmsprop!, OPTIMIZERS['exact Nadam']!, OPTIMIZERS.momentum!]) {
      const whole = network(make());
      const prefix = join(directory, 'across');
      await life.train(whole, 0);
      await saveModel(whole, prefix);
      const one = await saveAndLoad(await loadModel(prefix), 'file', directory);
      const two = await saveAndLoad(one, 'ckpt', directory);
      const kept: io.ModelArtifacts[] = [];
      const keeping = tf.io.withSaveHandler(async artifacts => {
        kept.push(artifacts);
        return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
      });
      await two.save(keeping, { includeOptimizer: true });
      const three = await tf.loadLayersModel(tf.io.fromMemory(kept[0]!));
      await tf.io.copyModel(`ckpt://${directory}/ckpt`, `ckpt://${directory}/copy`).catch(() => undefined);
      const [handler] = tf.io.getLoadHandlers(`ckpt://${directory}/ckpt`);
      const four = await tf.loadLayersModel(handler!);
      for (const model of [whole, three, four]) await life.train(model, 1);
      expect(bitsOf(three)).toEqual(bitsOf(whole));
      expect(bitsOf(four)).toEqual(bitsOf(whole));
      for (const model of [whole, one, two, three, four]) disposeAll(model);
    }
  });

  it('slots that another model saved fit by order, or are refused', async () => {
    const [one, two] = [network(new SGD({ momentum: 0.9 })), network(new SGD({ momentum: 0.9 }))];
    await train(one);
    await two.optimizer.setWeights(await one.optimizer.getWeights());
    const slots = async (model: tf.LayersModel): Promise<number[][]> =>
      (await model.optimizer.getWeights()).map(({ tensor }) => [...tensor.dataSync()]);
    expect(await slots(two)).toEqual(await slots(one));
    const other = tf.sequential({ layers: [dense({ units: 3, inputShape: [3], name: 'other' })] });
    other.compile({ optimizer: two.optimizer, loss: 'meanSquaredError' });
    await expect(train(other)).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
    two.optimizer.dispose();
    await train(other);
  });

  it('a checkpoint of a layers model is no graph model, and says so', async () => {
    const before = tf.memory().numTensors;
    const model = network(OPTIMIZERS.adam!());
    await model.save(`ckpt://${directory}/layers`);
    disposeAll(model);
    await expect(tf.loadGraphModel(`ckpt://${directory}/layers`)).rejects.toThrow('tf.loadLayersModel');
    // The weights of the nested model, which TensorFlow.js keeps: of the one that was saved and of the one that was loaded.
    expect(tf.memory().numTensors).toBe(before + 8);
  });
});
