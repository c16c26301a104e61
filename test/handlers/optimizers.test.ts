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
