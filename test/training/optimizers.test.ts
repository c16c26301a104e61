/**
 * Optimizers between Keras and Node: so many steps in one, the checkpoint restored in the other, as many more, against
 * all of them in Keras. The object graph is that of tf_keras, byte for byte.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadVariable } from '../../src/index.js';
import * as exact from '../../src/optimizers.js';
import { Checkpoint } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

const STEPS = 5;

interface Case {
  make(): tf.Optimizer;
  within: number;
  /** Where it is another number: of legacy optimizers, and of Keras going on. */
  legacy?: number;
  inKeras?: number;
}

/** With the largest difference allowed, relative to the weights: TensorFlow.js's formulas differ from Keras's. */
const OPTIMIZERS: Readonly<Record<string, Case>> = {
  sgd: { make: () => tf.train.sgd(0.1), within: 1e-6 },
  momentum: { make: () => tf.train.momentum(0.05, 0.9), within: 1e-6 },
  nesterov: { make: () => tf.train.momentum(0.05, 0.9, true), within: 1e-6 },
  adagrad: { make: () => tf.train.adagrad(0.1), within: 1e-6 },
  adadelta: { make: () => tf.train.adadelta(0.001), within: 2e-2 },
  adam: { make: () => tf.train.adam(0.01), within: 1e-2 },
  adamax: { make: () => tf.train.adamax(0.01), within: 1e-5 },
  rmsprop: { make: () => tf.train.rmsprop(0.01), within: 2e-2 },
  'rmsprop momentum': { make: () => tf.train.rmsprop(0.01, 0.9, 0.8), within: 1e-5 },
  'exact SGD': { make: () => new exact.SGD({ learningRate: 0.05, momentum: 0.9, nesterov: true }), within: 1e-6 },
  'exact Adagrad': { make: () => new exact.Adagrad({ learningRate: 0.1 }), within: 1e-6 },
  'exact Adadelta': { make: () => new exact.Adadelta({ learningRate: 1 }), within: 1e-6 },
  'exact Adam': { make: () => new exact.Adam({ learningRate: 0.01 }), within: 1e-6 },
  'exact Adam amsgrad': { make: () => new exact.Adam({ learningRate: 0.01, amsgrad: true }), within: 1e-6 },
  'exact AdamW': { make: () => new exact.AdamW({ learningRate: 0.01 }), within: 1e-6 },
  'exact Adamax': { make: () => new exact.Adamax({ learningRate: 0.01 }), within: 1e-6 },
  // The legacy one has another schedule. A Nadam of tf_keras that was restored multiplies its product once a variable
  // in the first steps, since it does not restore its counter of them.
  'exact Nadam': { make: () => new exact.Nadam({ learningRate: 0.01 }), within: 1e-6, legacy: 1e-2, inKeras: 1e-4 },
  'exact SGD with clipnorm': {
    make: () => new exact.SGD({ learningRate: 0.05, momentum: 0.5, clipnorm: 0.3 }),
    within: 1e-6,
  },
  'exact Adam with globalClipnorm': {
    make: () => new exact.Adam({ learningRate: 0.01, globalClipnorm: 0.5 }),
    within: 1e-6,
  },
  'exact Adagrad with clipvalue': {
    make: () => new exact.Adagrad({ learningRate: 0.1, clipvalue: 0.2 }),
    within: 1e-6,
  },
  'exact RMSprop with weightDecay': {
    make: () => new exact.RMSprop({ learningRate: 0.01, weightDecay: 0.1 }),
    within: 1e-6,
  },
  'exact RMSprop': {
    make: () => new exact.RMSprop({ learningRate: 0.01, momentum: 0.8, centered: true }),
    within: 1e-6,
  },
};
type Keys = 'new' | 'legacy';
/** AdamW has no legacy form; some options mean other things there. */
function hasLegacy(name: string): boolean {
  return name !== 'exact AdamW' && !name.includes(' with ');
}

const GENERATIONS: readonly (readonly [string, Keys])[] = Object.keys(OPTIMIZERS).flatMap(name =>
  (['new', 'legacy'] as const).flatMap(keys => (keys === 'legacy' && !hasLegacy(name) ? [] : [[name, keys] as const])),
);

let directory: string;
let fromPython: Record<string, number[][]>;
let fromNode: Record<string, number[][]>;
const measured: string[] = [];

async function python(action: 'write' | 'read'): Promise<Record<string, number[][]>> {
  await runPython('test/training/optimizers.py', [directory, action]);
  return JSON.parse(readFileSync(join(directory, `${action}.json`), 'utf8')) as Record<string, number[][]>;
}

interface Training {
  model: tf.LayersModel;
  optimizer: tf.Optimizer;
  checkpoint: Checkpoint;
}

function start(name: string): Training {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  tf.tidy(() => model.setWeights([tf.linspace(-1, 1, 6).reshape([3, 2]), tf.tensor1d([0.5, -0.5])]));
  const optimizer = OPTIMIZERS[name]!.make();
  return { model, optimizer, checkpoint: new Checkpoint({ model, optimizer }) };
}

function train({ model, optimizer }: Training, first: number, last: number): void {
  for (let step = first; step < last; step++) {
    tf.tidy(() => {
      const gradients = model.trainableWeights.map((weight, i) => {
        const variable = weight.read();
        const values = Float32Array.from({ length: variable.size }, (_, j) =>
          Math.fround(Math.sin(j + step * 3 + i) * 10 ** -(step % 4)),
        );
        return { name: (variable as tf.Variable).name, tensor: tf.tensor(values, variable.shape) };
      });
      optimizer.applyGradients(gradients);
    });
  }
}

/** Largest difference, relative to the largest weight. */
function difference(model: tf.LayersModel, expected: readonly number[][]): number {
  const found = model.getWeights().flatMap(weight => [...weight.dataSync()]);
  const wanted = expected.flat();
  expect(found).toHaveLength(wanted.length);
  const largest = Math.max(...wanted.map(Math.abs));
  return Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!))) / largest;
}

/** Of what Keras has begun and Node goes on with. */
function limit(name: string, generation: string): number {
  const { within, legacy = within } = OPTIMIZERS[name]!;
  return generation === 'legacy' ? legacy : within;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-optimizers-'));
  for (const side of ['python', 'node']) mkdirSync(join(directory, side));
  fromPython = await python('write');
  for (const [name, keys] of GENERATIONS) {
    const training = start(name);
    train(training, 0, STEPS);
    await training.checkpoint.save(join(directory, 'node', `${name} ${keys}`), { optimizerKeys: keys });
  }
  fromNode = await python('read');
}, 300_000);
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  console.log(measured.join('\n'));
});

describe('written here', () => {
  it.each(GENERATIONS)('%s (%s): the object graph is that of tf_keras', async (name, keys) => {
    const graph = async (side: string): Promise<Uint8Array> => {
      const path = join(directory, side, `${name} ${keys}-1`);
      return (await loadVariable(path, '_CHECKPOINTABLE_OBJECT_GRAPH')).data[0] as Uint8Array;
    };
    expect(Buffer.from(await graph('node')).toString('latin1')).toBe(
      Buffer.from(await graph('python')).toString('latin1'),
    );
  });

  it.each(GENERATIONS)('%s (%s): Keras goes on', (name, keys) => {
    const wanted = fromPython[`${name} ${keys}`]!.flat();
    const found = fromNode[`${name} ${keys}`]!.flat();
    const largest = Math.max(...wanted.map(Math.abs));
    const relative = Math.max(...found.map((value, i) => Math.abs(value - wanted[i]!))) / largest;
    measured.push(`${name} ${keys}: ${STEPS} steps here, ${STEPS} in Keras: ${relative.toExponential(1)}`);
    const { within, legacy = within, inKeras = within } = OPTIMIZERS[name]!;
    expect(relative).toBeLessThan(keys === 'legacy' ? legacy : inKeras);
  });
});

describe('written by Keras', () => {
  const readable = Object.keys(OPTIMIZERS).flatMap(name =>
    ['new', 'legacy', 'keras3'].flatMap(generation =>
      generation === 'legacy' && !hasLegacy(name) ? [] : [[name, generation] as const],
    ),
  );

  it.each(readable)('%s (%s): Node goes on', async (name, generation) => {
    const training = start(name);
    const status = await training.checkpoint.restore(join(directory, 'python', `${name} ${generation}-1`));
    status.assertExistingObjectsMatched();
    expect(status.unused).toEqual([]);
    expect(training.optimizer.iterations).toBe(STEPS);
    train(training, STEPS, 2 * STEPS);
    const relative = difference(training.model, fromPython[`${name} ${generation}`]!);
    measured.push(`${name} ${generation}: ${STEPS} steps in Keras, ${STEPS} here: ${relative.toExponential(1)}`);
    expect(relative).toBeLessThan(limit(name, generation));
  });

  it.each(readable)('%s (%s): into an optimizer that has trained', async (name, generation) => {
    const training = start(name);
    train(training, 0, 3);
    const before = tf.memory().numTensors;
    const status = await training.checkpoint.restore(join(directory, 'python', `${name} ${generation}-1`));
    expect(tf.memory().numTensors).toBe(before);
    status.assertExistingObjectsMatched();
    train(training, STEPS, 2 * STEPS);
    expect(difference(training.model, fromPython[`${name} ${generation}`]!)).toBeLessThan(limit(name, generation));
  });
});
