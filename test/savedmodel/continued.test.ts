/** A training that goes on in Keras as usual: compiled into a graph, with the state of the optimizer. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Adam, LossScaleOptimizer, SGD } from '../../src/optimizers.js';
import { loadModel, saveModel } from '../../src/savedmodel.js';
import { runPython } from '../oracle/python.js';

const INPUTS = [
  [0.1, 0.7],
  [0.5, 0.3],
];
const TARGETS = [[1], [0]];

interface Answer {
  readonly iterations: number;
  readonly names: readonly string[];
  /** Scale, and good steps since it changed. */
  readonly scale?: readonly [number, number];
  readonly weights: readonly number[];
}

let directory: string;
let scaled: Answer;
let falling: Answer;
/** In Node. */
const expected: number[][] = [];

/** Only models may have such names: TensorFlow.js refuses them for what has weights or an output. */
function make(optimizer: tf.Optimizer): tf.LayersModel {
  const inner = tf.sequential({
    name: 'two words',
    layers: [tf.layers.dense({ units: 3, inputShape: [2], kernelInitializer: 'ones' })],
  });
  const head = tf.layers.dense({ units: 1, name: 'two_words', kernelInitializer: 'ones' });
  const model = tf.sequential({ name: 'Modèle n° 1', layers: [inner, head] });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

async function train(model: tf.LayersModel, steps: number): Promise<void> {
  const [x, y] = [tf.tensor2d(INPUTS), tf.tensor2d(TARGETS)];
  for (let i = 0; i < steps; i++) await model.trainOnBatch(x, y);
  tf.dispose([x, y]);
}

function values(model: tf.LayersModel): number[] {
  return model.getWeights().flatMap(weight => [...weight.dataSync()]);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle continued '));
  const optimizers = [
    new LossScaleOptimizer(new Adam({ learningRate: 0.01 }), { initialScale: 8, dynamicGrowthSteps: 2 }),
    new SGD({ learningRate: 0.1, momentum: 0.5, decay: 0.5 }),
  ];
  const jobs = [];
  for (const [i, optimizer] of optimizers.entries()) {
    const dir = join(directory, `model ${i}`);
    const model = make(optimizer);
    await train(model, 3);
    await saveModel(model, dir, { durable: false });
    await train(model, 2);
    expected.push(values(model));
    jobs.push({ dir, inputs: INPUTS, targets: TARGETS, steps: 2 });
  }
  const job = join(directory, 'job.json');
  await writeFile(job, JSON.stringify(jobs));
  await runPython('test/savedmodel/continued.py', [job]);
  [scaled, falling] = JSON.parse(await readFile(`${job}.answer`, 'utf8')) as [Answer, Answer];
}, 120_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

function expectNear(found: readonly number[], wanted: readonly number[]): void {
  expect(found).toHaveLength(wanted.length);
  expect(Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-6);
}

it('although the names of its models are no scopes for TensorFlow', () => {
  expect(scaled.names).toEqual(['Mod_le_n__1', 'two_words_1', 'two_words']);
});

it('with loss scaling', () => {
  expect(scaled).toMatchObject({ iterations: 3, scale: [16, 1] });
  expectNear(scaled.weights, expected[0]!);
});

it('with a learning rate that falls', () => {
  expect(falling.iterations).toBe(3);
  expectNear(falling.weights, expected[1]!);
});

it('and in Node, exactly', async () => {
  for (const [i, wanted] of expected.entries()) {
    const again = await loadModel(join(directory, `model ${i}`));
    expect([again.name, ...again.layers.map(({ name }) => name)]).toEqual(['Modèle n° 1', 'two words', 'two_words']);
    await train(again, 2);
    expect(values(again)).toEqual(wanted);
  }
});
