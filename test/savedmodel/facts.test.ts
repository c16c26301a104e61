/** One SavedModel, looked at in all the ways in which Python looks at SavedModels. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OBJECT_GRAPH_KEY } from '../../src/graph/key.js';
import { decodeObjectGraph } from '../../src/graph/stored/decode.js';
import { CheckpointReader } from '../../src/index.js';
import { Adam } from '../../src/optimizers.js';
import { saveModel } from '../../src/savedmodel.js';
import { Counter } from '../../src/tfjs.js';
import { readStoredModel } from '../../src/training/savedmodel/stored/stored-model.js';
import { randomizeVariables } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';

const STEPS = 2;
const INPUTS = [
  [0.1, 0.7, 0.2],
  [0.5, 0.3, 0.9],
];
const TARGETS = [
  [1, 0],
  [0, 1],
];

type Resumed = [before: number, weights: number[][], after: number];

interface Answer {
  fingerprint: [string, string];
  read: string;
  show: [string, string];
  nodes: Record<string, unknown>;
  again: Record<string, unknown>;
  plain: { signatures: string[]; step: number; more: number[]; kernel: number[] };
  step: number;
  resumed: Resumed;
  checkpoint: Resumed;
}

let directory: string;
let saved: string;
let answer: Answer;
let kernel: number[];
/** After more steps in Node. */
let trained: number[][];

function make(): tf.LayersModel {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 4, activation: 'tanh', inputShape: [3] }),
      tf.layers.batchNormalization(),
      tf.layers.dropout({ rate: 0 }),
      tf.layers.reshape({ targetShape: [2, 2] }),
      tf.layers.lstm({ units: 3, recurrentActivation: 'sigmoid' }),
      tf.layers.dense({ units: 2, activation: 'softmax', trainable: false }),
    ],
  });
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'categoricalCrossentropy' });
  return model;
}

async function train(model: tf.LayersModel, steps: number): Promise<void> {
  const [x, y] = [tf.tensor2d(INPUTS), tf.tensor2d(TARGETS)];
  for (let i = 0; i < steps; i++) await model.trainOnBatch(x, y);
  tf.dispose([x, y]);
}

function values(model: tf.LayersModel): number[][] {
  return model.getWeights().map(weight => [...weight.dataSync()]);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle facts '));
  saved = join(directory, 'model');
  const model = make();
  // Not drawn anew each time: a gradient near 0 makes Adam's steps differ.
  randomizeVariables(model, 1);
  await train(model, 3);
  kernel = values(model)[0]!;
  const step = new Counter(41n);
  const more = [tf.variable(tf.scalar(3)), tf.variable(tf.scalar(4), false)];
  const saving = saveModel(model, saved, { extra: { step, more } });
  // The values are those of the moment of the call.
  await train(model, STEPS);
  await saving;
  trained = values(model);
  const job = join(directory, 'job.json');
  const again = join(directory, 'again');
  await writeFile(job, JSON.stringify({ dir: saved, again, inputs: INPUTS, targets: TARGETS, steps: STEPS }));
  await runPython('test/savedmodel/facts.py', [job]);
  answer = JSON.parse(await readFile(`${job}.answer`, 'utf8')) as Answer;
}, 120_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

function expectNear(found: number[][], expected: number[][]): void {
  expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  const wanted = expected.flat();
  expect(Math.max(...found.flat().map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-6);
}

describe('a SavedModel', () => {
  it('has the files of one', async () => {
    const found = await readdir(saved, { recursive: true });
    expect(found.sort()).toEqual([
      ...['assets', 'fingerprint.pb', 'keras_metadata.pb', 'saved_model.pb', 'variables'],
      ...['variables/variables.data-00000-of-00001', 'variables/variables.index'],
    ]);
  });

  it('has the nodes of its checkpoint, with their numbers', async () => {
    await using reader = await CheckpointReader.open(join(saved, 'variables', 'variables'));
    const { data } = await reader.read(OBJECT_GRAPH_KEY);
    const graph = decodeObjectGraph((data as Uint8Array[])[0]!, saved);
    const { nodes } = await readStoredModel(saved);
    // Functions, and lists that are made for them, come after them.
    const own = nodes.slice(0, graph.length);
    const edges = own.map(({ children }) =>
      children
        .filter(({ nodeId }) => nodeId < graph.length)
        .map(({ localName, nodeId }) => ({ name: localName, node: nodeId })),
    );
    expect(edges).toEqual(graph.map(({ children }) => children));
    expect(own.map(({ kind }) => kind.case === 'variable')).toEqual(
      graph.map(({ attributes }) => attributes.length > 0),
    );
  });

  it('has the objects of the SavedModel that Keras writes', () => {
    const { again, nodes } = answer;
    const own = Object.keys(nodes).filter(path => !(path in again));
    // The optimizer that Keras loads begins anew, so it has no state yet.
    expect(own.filter(path => !path.startsWith('root.optimizer'))).toEqual([]);
    const common = Object.entries(again).filter(([path]) => !path.startsWith('root.optimizer.'));
    expect(common.length).toBeGreaterThan(20);
    expect(Object.fromEntries(common.map(([path]) => [path, nodes[path]]))).toEqual(Object.fromEntries(common));
  });

  it('has the fingerprint that TensorFlow would give it', () => {
    const [written, expected] = answer.fingerprint;
    expect(written).toBe(expected);
    expect(answer.read).toMatch(/^\d+\/0\/0\/\d+$/);
  });

  it('can be shown by saved_model_cli', () => {
    expect(answer.show[0]).toContain("'serve'");
    expect(answer.show[1]).toContain('contains SignatureDefs');
  });

  it('gives its variables, and what was saved with it, to tf.saved_model.load', () => {
    expect(answer.plain).toEqual({ signatures: ['serving_default'], step: 41, more: [3, 4], kernel });
    expect(answer.step).toBe(41);
  });

  it('goes on in Keras with the state of its optimizer', () => {
    for (const [before, weights, after] of [answer.resumed, answer.checkpoint]) {
      expect([before, after]).toEqual([3, 3 + STEPS]);
      expectNear(weights, trained);
    }
  });
});
