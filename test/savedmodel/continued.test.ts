/** A training that goes on in Keras as usual: compiled into a graph, with the state of the optimizer. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Adam, LossScaleOptimizer } from '../../src/optimizers.js';
import { loadModel, saveModel } from '../../src/savedmodel.js';
import { runPython } from '../oracle/python.js';

const INPUTS = [
  [0.1, 0.7],
  [0.5, 0.3],
];
const TARGETS = [[1], [0]];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle continued '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function train(model: tf.LayersModel, steps: number): Promise<void> {
  const [x, y] = [tf.tensor2d(INPUTS), tf.tensor2d(TARGETS)];
  for (let i = 0; i < steps; i++) await model.trainOnBatch(x, y);
  tf.dispose([x, y]);
}

function values(model: tf.LayersModel): number[] {
  return model.getWeights().flatMap(weight => [...weight.dataSync()]);
}

/** Only models may have such names: TensorFlow.js refuses them for what has weights or an output. */
it('with loss scaling, and with names of models that are no scopes for TensorFlow', async () => {
  const inner = tf.sequential({
    name: 'two words',
    layers: [tf.layers.dense({ units: 3, inputShape: [2], kernelInitializer: 'ones' })],
  });
  const head = tf.layers.dense({ units: 1, name: 'two_words', kernelInitializer: 'ones' });
  const model = tf.sequential({ name: 'Modèle n° 1', layers: [inner, head] });
  const optimizer = new LossScaleOptimizer(new Adam({ learningRate: 0.01 }), {
    initialScale: 8,
    dynamicGrowthSteps: 2,
  });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  await train(model, 3);
  const dir = join(directory, 'model');
  await saveModel(model, dir);
  const again = await loadModel(dir);
  await train(model, 2);

  const job = join(directory, 'job.json');
  await writeFile(job, JSON.stringify({ dir, inputs: INPUTS, targets: TARGETS, steps: 2 }));
  await runPython('test/savedmodel/continued.py', [job]);
  const answer = JSON.parse(await readFile(`${job}.answer`, 'utf8')) as { weights: number[]; [key: string]: unknown };
  const expected = values(model);
  const furthest = Math.max(...answer.weights.map((value, i) => Math.abs(value - expected[i]!)));
  expect(furthest).toBeLessThan(1e-6);
  expect(answer).toMatchObject({
    scale: 16,
    good: 1,
    iterations: 3,
    names: ['Mod_le_n__1', 'two_words_1', 'two_words'],
  });

  expect([again.name, ...again.layers.map(({ name }) => name)]).toEqual(['Modèle n° 1', 'two words', 'two_words']);
  expect(again.optimizer).toMatchObject({ dynamicScale: 16, stepCounter: 1 });
  await train(again, 2);
  expect(values(again)).toEqual(expected);
});
