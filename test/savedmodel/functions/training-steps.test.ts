/** Functions that make a step of a training with an optimizer of the object: TensorFlow trains on with them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { CheckpointReader } from '../../../src/index.js';
import * as optimizers from '../../../src/optimizers.js';
import { func, saveModel } from '../../../src/savedmodel.js';
import { Checkpoint } from '../../../src/tfjs.js';
import { runPython } from '../../oracle/python.js';

const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  nesterov: () => tf.train.momentum(0.1, 0.9, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.5),
  adam: () => tf.train.adam(0.05),
  adamax: () => tf.train.adamax(0.05),
  rmsprop: () => tf.train.rmsprop(0.02),
  centered: () => tf.train.rmsprop(0.02, 0.9, 0.5, 1e-7, true),
  SGD: () => new optimizers.SGD({ learningRate: 0.1, momentum: 0.9, nesterov: true }),
  Adagrad: () => new optimizers.Adagrad({ learningRate: 0.1 }),
  Adadelta: () => new optimizers.Adadelta({ learningRate: 0.5 }),
  RMSprop: () => new optimizers.RMSprop({ learningRate: 0.02, momentum: 0.5, centered: true, clipnorm: 1 }),
};

const DATA = [
  tf.linspace(-1, 1, 12).reshape([4, 3]) as tf.Tensor2D,
  tf.tensor2d([[1], [0], [-1], [2]]),
] as const;

const ROWS = [
  { shape: [null, 3], dtype: 'float32' },
  { shape: [null, 1], dtype: 'float32' },
] as const;

/** A small network with an optimizer, and its step. */
function makePart(optimizer: tf.Optimizer) {
  const kernel = tf.variable(tf.tensor2d([[0.5], [-0.25], [1]]));
  const bias = tf.variable(tf.tensor1d([0.1]));
  const weights = [kernel, bias];
  const step = func((x: tf.Tensor2D, y: tf.Tensor2D) => {
    const loss = (): tf.Scalar => tf.losses.meanSquaredError(y, x.matMul(kernel as tf.Tensor2D).add(bias).tanh());
    return optimizer.minimize(loss, true, weights)!;
  }, ROWS);
  return { weights, optimizer, step };
}

type Part = ReturnType<typeof makePart>;

interface Steps {
  readonly losses: number[];
  readonly weights: (number | number[] | number[][])[];
}

function steps({ step, weights }: Part, count: number): Steps {
  const losses = Array.from({ length: count }, () => step(...DATA).dataSync()[0]!);
  return { losses, weights: weights.map(one => one.arraySync() as number[]) };
}

interface Answer {
  readonly first: Readonly<Record<string, Steps>>;
  readonly again: Readonly<Record<string, Steps>>;
  readonly momentums: number[][];
  readonly betas: number;
  readonly velocity: number[][];
  readonly keras_velocity: number[][];
}

let directory: string;
let answer: Answer;
let parts: Readonly<Record<string, Part>>;
const expected: Record<'first' | 'again', Record<string, Steps>> = { first: {}, again: {} };
const started: Record<string, number[] | number> = {};

const fieldsOf = (optimizer: tf.Optimizer) =>
  optimizer as unknown as Readonly<Record<string, { readonly variable: tf.Variable }[]>>;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle steps '));
  const made = Object.entries(OPTIMIZERS).flatMap(([name, make]) => {
    const stepped = makePart(make());
    steps(stepped, 2);
    return [
      [name, makePart(make())],
      [`stepped_${name}`, stepped],
    ] as const;
  });
  parts = Object.fromEntries(made);
  const tensors = tf.memory().numTensors;
  await saveModel(parts, join(directory, 'saved'));
  // What is new are the slots that the first trace made.
  await saveModel(parts, join(directory, 'again'));
  const after = tf.memory().numTensors;
  expect(after).toBeGreaterThan(tensors);
  await saveModel(parts, join(directory, 'third'));
  expect(tf.memory().numTensors).toBe(after);
  started.momentums = fieldsOf(parts.stepped_adam!.optimizer).accumulatedFirstMoment![0]!.variable.arraySync() as number[];
  started.velocity = fieldsOf(parts.stepped_momentum!.optimizer).accumulations![0]!.variable.arraySync() as number[];
  const data = DATA.map(one => one.arraySync());
  const names = Object.keys(parts);
  const job = { directory: join(directory, 'saved'), again: join(directory, 'python'), names, data };
  const printed = await runPython('test/savedmodel/functions/training_steps.py', [], { input: JSON.stringify(job) });
  answer = JSON.parse(printed) as Answer;
  for (const [name, part] of Object.entries(parts)) expected.first[name] = steps(part, 3);
  for (const [name, part] of Object.entries(parts)) expected.again[name] = steps(part, 2);
}, 120_000);

afterAll(async () => {
  tf.disposeVariables();
  await rm(directory, { recursive: true, force: true });
});

function expectNear(found: unknown, wanted: unknown): void {
  const [a, b] = [found, wanted].map(one => tf.tensor(one as number[]));
  expect(a!.shape).toEqual(b!.shape);
  expect(a!.sub(b!).abs().max().dataSync()[0]).toBeLessThan(1e-5);
}

describe.each(Object.keys(OPTIMIZERS).flatMap(name => [name, `stepped_${name}`]))('%s', name => {
  test.each(['first', 'again'] as const)('in TensorFlow, %s', moment => {
    const found = answer[moment][name]!;
    const wanted = expected[moment][name]!;
    expectNear(found.losses, wanted.losses);
    for (const [i, one] of found.weights.entries()) expectNear(one, wanted.weights[i]);
  });
});

it('begins with the state of the call', () => {
  expectNear(answer.momentums, started.momentums);
  expect(answer.betas).toBeCloseTo(0.9 ** 3, 6);
  expectNear(answer.velocity, started.velocity);
  // In Keras's form, as a checkpoint has it.
  expectNear(answer.keras_velocity, tf.tensor(started.velocity as number[]).mul(-0.1).arraySync());
});

describe('the variables of the SavedModel', () => {
  it('are restored in TensorFlow.js, which uses every value', async () => {
    const fresh = Object.fromEntries(Object.entries(OPTIMIZERS).map(([name, make]) => [name, makePart(make())]));
    const saved = join(directory, 'one');
    await saveModel(fresh, saved);
    const others = Object.fromEntries(Object.entries(OPTIMIZERS).map(([name, make]) => [name, makePart(make())]));
    const status = await new Checkpoint(others).read(join(saved, 'variables/variables'));
    expect(status.unused).toEqual([]);
    expect(status.missing).toEqual([]);
  });

  it('are those of a checkpoint, and what no variable of Keras’s optimizer has', async () => {
    const { stepped_adam: adam, stepped_momentum: momentum } = parts;
    await saveModel({ adam, momentum }, join(directory, 'two'));
    await new Checkpoint({ adam, momentum }).write(join(directory, 'checkpoint'));
    const names = await Promise.all(
      ['two/variables/variables', 'checkpoint'].map(async path => {
        const reader = await CheckpointReader.open(join(directory, path));
        const found = [...reader.keys()].filter(key => !key.startsWith('.TENSORBUNDLE') && !key.startsWith('_CHECK'));
        await reader.close();
        return found;
      }),
    );
    const added = names[0]!.filter(name => !names[1]!.includes(name));
    expect(names[1]!.filter(name => !names[0]!.includes(name))).toEqual([]);
    expect(added.map(name => name.replace('/.ATTRIBUTES/VARIABLE_VALUE', ''))).toEqual([
      'adam/optimizer/tfjs/accBeta1',
      'adam/optimizer/tfjs/accBeta2',
      'momentum/optimizer/tfjs/accumulations_0',
      'momentum/optimizer/tfjs/accumulations_1',
    ]);
  });
});
