/** Weights in layouts that only Keras 1 and layers for cuDNN have, as tf_keras converts them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { beforeAll, expect, test } from 'vitest';
import { gru, loadWeights } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { runPython } from '../oracle/python.js';

const { layers } = tf;
const folder = new Scratch('older-weights').directory();

type Layer = ReturnType<typeof layers.dense>;
interface Case {
  readonly shape: readonly number[];
  make(options: { inputShape: number[] }): unknown;
}

const RECURRENT = { units: 3, recurrentActivation: 'sigmoid' } as const;
const both = (options: object): unknown =>
  layers.bidirectional({ layer: layers.lstm(RECURRENT) as never, mergeMode: 'concat', ...options });

/** The same as in legacy_read.py. */
const CASES: Readonly<Record<string, Case>> = {
  'cudnn-lstm': { shape: [5, 4], make: options => layers.lstm({ ...RECURRENT, ...options }) },
  'cudnn-gru': { shape: [5, 4], make: options => gru({ units: 3, ...options }) },
  'cudnn-bidirectional': { shape: [5, 4], make: both },
  'keras1-lstm': { shape: [5, 4], make: options => layers.lstm({ ...RECURRENT, ...options }) },
  'keras1-gru': { shape: [5, 4], make: options => layers.gru({ ...RECURRENT, ...options }) },
  'keras1-bidirectional': { shape: [5, 4], make: both },
  'keras1-conv1d': { shape: [5, 4], make: options => layers.conv1d({ filters: 3, kernelSize: 2, ...options }) },
  'keras1-conv1d-theano': { shape: [5, 4], make: options => layers.conv1d({ filters: 3, kernelSize: 2, ...options }) },
  'keras1-conv2d-transpose': {
    shape: [5, 4, 2],
    make: options => layers.conv2dTranspose({ filters: 3, kernelSize: 2, ...options }),
  },
  'other-order-conv2d': {
    shape: [5, 4, 2],
    make: options => layers.conv2d({ filters: 3, kernelSize: [2, 4], ...options }),
  },
  'keras1-convlstm2d': {
    shape: [2, 5, 4, 2],
    make: options =>
      layers.convLstm2d({ filters: 3, kernelSize: 2, recurrentActivation: 'hardSigmoid', ...options } as never),
  },
  'time-distributed': {
    shape: [2, 5, 4],
    make: options => layers.timeDistributed({ layer: layers.conv1d({ filters: 3, kernelSize: 2 }), ...options }),
  },
};

let answers: Readonly<Record<string, readonly number[]>>;

beforeAll(async () => {
  await runPython('test/keras/legacy_read.py', [folder]);
  answers = JSON.parse(readFileSync(join(folder, 'answers.json'), 'utf8')) as typeof answers;
}, 240_000);

test.each(Object.entries(CASES))('%s', async (name, { shape, make }) => {
  const first = make({ inputShape: [...shape] }) as Layer;
  const model = tf.sequential({ layers: [first] });
  if (model.outputs[0]!.shape.length > 2) model.add(layers.flatten());
  model.add(layers.dense({ units: 1 }));
  (await loadWeights(model, join(folder, `${name}.h5`))).assertConsumed();
  const length = 2 * shape.reduce((product, size) => product * size, 1);
  const inputs = tf.tensor(
    Array.from({ length }, (_, i) => Math.sin(i)),
    [2, ...shape],
  );
  const outputs = (model.predict(inputs) as tf.Tensor).dataSync();
  for (const [i, expected] of answers[name]!.entries()) expect(outputs[i]).toBeCloseTo(expected, 5);
});

test('they are the cases that Python made', () => {
  expect(Object.keys(CASES).sort()).toEqual(Object.keys(answers).sort());
});
