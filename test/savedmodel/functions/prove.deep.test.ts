/** The proofs of functions themselves: of SavedModels by TensorFlow, they find what is right and what is wrong. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runPython } from '../../oracle/python.js';
import type { Call, Consumer, Proof } from './proof.js';
import { expectProven, type Findings, lossOf, proveFunctions } from './prove.js';

const EVERYBODY: Consumer[] = ['load', 'session', 'cli', 'tfsm', 'lite', 'converter', 'node'];

const w = tf.variable(tf.range(0, 12).reshape([4, 3]).div(10).sub(0.5), true, 'w');
const dense = (x: tf.Tensor): tf.Tensor => x.matMul(w as unknown as tf.Tensor2D).relu();

function denseCall(rows: number, how: Partial<Call>): Call {
  const x = tf.randomUniform([rows, 4], -1, 1, 'float32', rows);
  const { grads } = tf.variableGrads(() => lossOf([dense(x)]), [w]);
  return { inputs: { x }, outputs: { y: dense(x) }, gradients: { w: grads.w! }, ...how };
}

/** Batch normalization by the statistics of the batch, and the moving averages after it. */
function kerasCalls(): Call[] {
  const x = tf.tensor2d([
    [1, 2, 3, 4],
    [-1, 0, 2, 5],
  ]);
  const product = x.matMul(tf.ones([4, 3]));
  const { mean, variance } = tf.moments(product, 0);
  return [
    { method: '__call__', inputs: { x }, outputs: { norm: product.div(Math.sqrt(1.001)) } },
    {
      method: '__call__',
      training: true,
      inputs: { x },
      outputs: { norm: product.sub(mean).div(variance.add(0.001).sqrt()) },
      after: { 'norm/moving_mean': mean.mul(0.1), 'norm/moving_variance': variance.mul(0.1).add(0.9) },
    },
    { signature: 'serving_default', inputs: { first_input: x }, outputs: { norm: product.div(Math.sqrt(1.001)) } },
  ];
}

let directory: string;
let proofs: Record<string, Proof>;
let findings: Findings;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle functions '));
  await runPython('test/savedmodel/functions/of_python.py', [directory]);
  const a = tf.tensor1d([1, 2, 3]);
  const b = tf.tensor1d([4, 5], 'int32');
  const both: Call = {
    signature: 'both',
    inputs: { a, b },
    outputs: { total: a.sum(), more: b.add(tf.scalar(1, 'int32')) },
  };
  const module = join(directory, 'module');
  const counted = denseCall(2, { method: 'counted', after: { calls: tf.scalar(1) } });
  const wrong = denseCall(2, { signature: 'serving_default' });
  const all: Proof[] = [
    {
      name: 'a module',
      dir: module,
      consumers: EVERYBODY,
      calls: [...[1, 5].map(rows => denseCall(rows, { signature: 'serving_default' })), both],
    },
    { name: 'its method', dir: module, consumers: ['load'], calls: [denseCall(3, { method: 'dense' }), counted] },
    { name: 'a model', dir: join(directory, 'model'), consumers: ['keras', ...EVERYBODY], calls: kerasCalls() },
    {
      name: 'other values',
      dir: module,
      consumers: EVERYBODY,
      calls: [{ ...wrong, outputs: { y: wrong.outputs.y!.add(0.001) } }],
    },
    {
      name: 'other gradients',
      dir: module,
      consumers: ['load'],
      calls: [{ ...wrong, gradients: { w: wrong.gradients!.w!.mul(2) } }],
    },
    { name: 'a variable that moves', dir: module, consumers: ['load'], calls: [{ ...counted, after: {} }] },
    {
      name: 'another shape',
      dir: module,
      consumers: EVERYBODY,
      calls: [{ ...wrong, outputs: { y: wrong.outputs.y!.flatten() } }],
    },
  ];
  proofs = Object.fromEntries(all.map(proof => [proof.name, proof]));
  findings = await proveFunctions(all);
}, 120_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each(['a module', 'its method', 'a model'])('%s is right everywhere', name => {
  expectProven(findings, proofs[name]!);
});

test('what is wrong is found, by everybody', () => {
  for (const consumer of EVERYBODY) {
    expect(findings['other values']![consumer]?.difference, consumer).toBeGreaterThan(0.0005);
    expect(findings['another shape']![consumer]?.error, consumer).toMatch(/instead of/);
  }
  expect(findings['other gradients']!.load!.difference).toBeGreaterThan(0.1);
  expect(findings['a variable that moves']!.load!.error).toMatch(/the call changed calls/);
});
