/**
 * Every optimizer and every layer through `model.save` and `tf.loadLayersModel`: training goes on as if it had not
 * stopped.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { LossScaleOptimizer } from '../../src/optimizers.js';
import '../../src/register.js';
import { copyWeights } from '../../src/tfjs.js';
import { isLong } from '../depth.js';
import { CONVOLUTIONS } from '../layers/matrix-convolutions.js';
import { given } from '../layers/matrix-model.js';
import { NESTING } from '../layers/matrix-nesting.js';
import { RECURRENT } from '../layers/matrix-recurrent.js';
import { WRAPPERS } from '../layers/matrix-wrappers.js';
import { OPTIMIZERS } from '../layers/optimizers/training.js';
import { bitsOf, disposeAll, liveThrough, saveAndLoad } from './lives.js';
import { network, train } from './network.js';

const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-lives-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe.each(['ckpt', 'file'] as const)('%s://', scheme => {
  it.each(Object.entries(OPTIMIZERS))('%s', async (_, make) => {
    await liveThrough({ make: () => network(make()), train }, scheme, directory);
  });

  it.each(Object.entries(OPTIMIZERS))('%s in a LossScaleOptimizer', async (_, make) => {
    const scaled = () => new LossScaleOptimizer(make(), { initialScale: 2 ** 10, dynamicGrowthSteps: 3 });
    await liveThrough({ make: () => network(scaled()), train }, scheme, directory);
  });

  it.each([
    ['a layer that was frozen before', (model: tf.LayersModel) => (model.layers[0]!.trainable = false)],
    ['a nested model that was frozen before', (model: tf.LayersModel) => (model.layers[1]!.trainable = false)],
  ])('%s', async (_, change) => {
    for (const make of [OPTIMIZERS.adam!, OPTIMIZERS['exact Adam']!, OPTIMIZERS.rmsprop!])
      await liveThrough({ make: () => network(make(), model => void change(model)), train }, scheme, directory);
  });

  // TensorFlow.js trains what was to be trained when the model was compiled; the model that is loaded is compiled with
  // what is now.
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
      // With the optimizer as it is, and the model compiled anew, as the loaded one is: only where slots go by name is
      // that possible.
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

  // tfjs's JSON of a separable convolution lacks its depth multiplier, so that no loader makes the model again.
  const rows = Object.entries({ ...CONVOLUTIONS, ...RECURRENT, ...WRAPPERS, ...NESTING });
  const loadable = rows.filter(([title]) => !title.startsWith('separable'));
  // In turns by the one and the other scheme, which the models do not see; in the longest run by both.
  const turn = ['ckpt', 'file'].indexOf(scheme);
  it.each(loadable.filter((_, i) => isLong || i % 2 === turn))('the layers of %s', async (_, { make, vocabulary }) => {
    const compiled = (): tf.LayersModel => {
      const model = make(given);
      model.compile({ optimizer: tf.train.rmsprop(0.01, 0.9, 0.5), loss: 'meanSquaredError' });
      return model;
    };
    const sample = compiled();
    const inputs = sample.inputs.map(({ shape }, i) => {
      const full = shape.map((size, axis) => size ?? (axis === 0 ? 2 : 3));
      const limit = Array.isArray(vocabulary)
        ? (vocabulary as (number | undefined)[])[i]
        : (vocabulary as number | undefined);
      const values = tf
        .linspace(
          0,
          0.9,
          full.reduce((product, size) => product * size, 1),
        )
        .reshape(full);
      return limit === undefined ? values : values.mul(limit).floor();
    });
    const batchSize = inputs[0]!.shape[0]!;
    const wanted = [sample.predict(inputs.length > 1 ? inputs : inputs[0]!, { batchSize })].flat();
    const targets = wanted.map(one => tf.zerosLike(one));
    const run = async (model: tf.LayersModel): Promise<void> => {
      for (const layer of model.layers) if ((layer as { stateful?: boolean }).stateful) layer.resetStates();
      // Masks of Dropout come from Math.random: the same in each run.
      let state = 1;
      const random = vi.spyOn(Math, 'random').mockImplementation(() => {
        state = (state * 16_807) % 2_147_483_647;
        return state / 2_147_483_647;
      });
      try {
        await model.fit(inputs, targets, { epochs: 1, batchSize, shuffle: false, verbose: 0 });
      } finally {
        random.mockRestore();
      }
    };
    // What TensorFlow.js itself cannot train, or not twice in the same way, goes through the files without steps.
    const twin = compiled();
    copyWeights(sample, twin);
    const same = await run(sample)
      .then(() => run(twin))
      .then(
        () => bitsOf(sample).join() === bitsOf(twin).join(),
        () => false,
      );
    for (const one of [sample, twin]) disposeAll(one);
    await liveThrough({ make: compiled, train: same ? run : async () => undefined }, scheme, directory);
  });
});
