/** Functions that make a step of a training with an optimizer of the object, run by TensorFlow. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as optimizers from '../../../src/optimizers.js';
import { func, saveModel } from '../../../src/savedmodel.js';
import { runPython } from '../../oracle/python.js';

export const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
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

export const DATA = [
  tf.linspace(-1, 1, 12).reshape([4, 3]) as tf.Tensor2D,
  tf.tensor2d([[1], [0], [-1], [2]]),
] as const;

/** The inputs of a step. */
function rowsOf(batch: number | null) {
  return [
    { shape: [batch, 3], dtype: 'float32' },
    { shape: [batch, 1], dtype: 'float32' },
  ] as const;
}

/** A small network with an optimizer, and its step. */
export function makePart(optimizer: tf.Optimizer, batch: readonly [number | null] = [null]) {
  const kernel = tf.variable(tf.tensor2d([[0.5], [-0.25], [1]]));
  const bias = tf.variable(tf.tensor1d([0.1]));
  const weights = [kernel, bias];
  const step = func(
    (x: tf.Tensor2D, y: tf.Tensor2D) => {
      const loss = (): tf.Scalar =>
        tf.losses.meanSquaredError(
          y,
          x
            .matMul(kernel as tf.Tensor2D)
            .add(bias)
            .tanh(),
        );
      return optimizer.minimize(loss, true, weights)!;
    },
    rowsOf(...batch),
  );
  return { weights, optimizer, step };
}

type Part = ReturnType<typeof makePart>;

interface Steps {
  readonly losses: number[];
  readonly weights: unknown[];
}

export function steps({ step, weights }: Part, count: number): Steps {
  const losses = Array.from({ length: count }, () => step(...DATA).dataSync()[0]!);
  return { losses, weights: weights.map(one => one.arraySync() as number[]) };
}

interface Answer {
  readonly first: Readonly<Record<string, Steps>>;
  readonly again: Readonly<Record<string, Steps>>;
}

/** Names of OPTIMIZERS. Each makes its first steps in TensorFlow; and with `stepped_`, two in TensorFlow.js before. */
export function describeSteps(names: readonly string[]): void {
  const parts = Object.fromEntries(
    names.map(name => {
      const part = makePart(OPTIMIZERS[name.replace('stepped_', '')]!());
      if (name.startsWith('stepped_')) steps(part, 2);
      return [name, part];
    }),
  );
  let directory: string;
  let answer: Answer;
  const expected: Answer = { first: {}, again: {} };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle steps '));
    await saveModel(parts, join(directory, 'saved'));
    const data = DATA.map(one => one.arraySync());
    const job = { directory: join(directory, 'saved'), again: join(directory, 'python'), names, data };
    const printed = await runPython('test/savedmodel/functions/training_steps.py', [], { input: JSON.stringify(job) });
    answer = JSON.parse(printed) as Answer;
    for (const [moment, count] of [
      ['first', 3],
      ['again', 2],
    ] as const) {
      for (const [name, part] of Object.entries(parts)) Object.assign(expected[moment], { [name]: steps(part, count) });
    }
  }, 120_000);

  afterAll(async () => {
    tf.disposeVariables();
    await rm(directory, { recursive: true, force: true });
  });

  describe.each(names)('%s', name => {
    test.each(['first', 'again'] as const)('in TensorFlow, %s', moment => {
      const found = answer[moment][name]!;
      const wanted = expected[moment][name]!;
      expectNear(found.losses, wanted.losses);
      for (const [i, one] of found.weights.entries()) expectNear(one, wanted.weights[i]);
    });
  });
}

export function expectNear(found: unknown, wanted: unknown): void {
  const [a, b] = [found, wanted].map(one => tf.tensor(one as number[]));
  expect(a!.shape).toEqual(b!.shape);
  expect(a!.sub(b!).abs().max().dataSync()[0]).toBeLessThan(1e-5);
}
