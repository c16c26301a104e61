/** Every optimizer through `model.save` and `tf.loadLayersModel`: training goes on as if it had not stopped. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, describe, expect, it } from 'vitest';
import '../../src/register.js';
import { LossScaleOptimizer, SGD } from '../../src/optimizers.js';
import { copyWeights, loadModel, loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';
import { OPTIMIZERS } from '../layers/optimizers/training.js';
import { bitsOf, disposeAll, type Life, liveThrough, saveAndLoad } from './lives.js';
import { network, train } from './network.js';

const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-optimizers-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const { dense } = tf.layers;

describe.each([
  ['ckpt', ['rmsprop', 'exact SGD']],
  ['file', ['adam', 'adamax', 'exact Nadam']],
] as const)('%s://', (scheme, names) => {
  it.each(names)('%s', async name => {
    await liveThrough({ make: () => network(OPTIMIZERS[name]!()), train }, scheme, directory);
  });
});

describe('a LossScaleOptimizer', () => {
  const scaled = (name: string) => new LossScaleOptimizer(OPTIMIZERS[name]!(), { dynamicGrowthSteps: 3 });

  it.each(['adam', 'adamax'])('around %s, through file://', async name => {
    await liveThrough({ make: () => network(scaled(name)), train }, 'file', directory);
  });

  // TensorFlow.js has slots by their places alone: those of the frozen layer must not move to the next.
  it.each(['momentum', 'exact SGD'])('around %s: what is frozen since the model was compiled', async name => {
    const model = network(scaled(name));
    await train(model);
    model.layers[0]!.trainable = false;
    const through = await saveAndLoad(await saveAndLoad(model, 'file', directory), 'file', directory);
    const plain = await saveAndLoad(network(OPTIMIZERS[name]!()), 'ckpt', directory);
    copyWeights(model, plain);
    plain.layers[0]!.trainable = false;
    plain.compile({ optimizer: plain.optimizer, loss: 'meanSquaredError' });
    // The right slots, of an optimizer that was never scaled, by another way; a scale that is a power of two changes no
    // bit.
    await saveWeights(model, join(directory, 'slots'));
    await loadWeights(plain, join(directory, 'slots'));
    await train(through);
    await train(plain);
    expect(bitsOf(through)).toEqual(bitsOf(plain));
    const { dynamicScale, stepCounter } = through.optimizer as LossScaleOptimizer;
    expect([dynamicScale, stepCounter]).toEqual([2 ** 17, 2]);
    for (const one of [model, through, plain]) disposeAll(one);
  });
});

it.each(['ckpt', 'file'] as const)('more steps than an int32 holds, through %s://', async scheme => {
  for (const make of [OPTIMIZERS.sgd!, OPTIMIZERS['exact Adam']!, () => new LossScaleOptimizer(OPTIMIZERS.adam!())]) {
    const model = network(make());
    await train(model);
    Object.assign((model.optimizer as Partial<LossScaleOptimizer>).innerOptimizer ?? model.optimizer, {
      iterations_: 3e9,
    });
    const url = `${scheme}://${directory}/many-${scheme}`;
    const saving = model.save(url, { includeOptimizer: true });
    if (scheme === 'file') await expect(saving).rejects.toMatchObject({ code: 'ERR_TOO_LARGE', found: 3e9 });
    else {
      await saving;
      const loaded = await tf.loadLayersModel(url);
      expect(loaded.optimizer.iterations).toBe(3e9);
      disposeAll(loaded);
    }
    disposeAll(model);
  }
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
    // The weights of the nested model, which TensorFlow.js keeps: of the one that was saved and of the one that was
    // loaded.
    expect(tf.memory().numTensors).toBe(before + 8);
  });
});
