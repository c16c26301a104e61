/** Programs with loops as SavedModels: at other lengths and batches, with gradients, by everything that runs them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { func, saveModel } from '../../../src/savedmodel.js';
import { randomizeVariables } from '../../layers/keras.js';
import { layers, modelOf, programs, w } from './looping.js';
import type { Call, Consumer, Proof } from './proof.js';
import { expectProven, type Findings, lossOf, proveFunctions } from './prove.js';

const CONSUMERS: Consumer[] = ['load', 'session', 'node'];
const SHAPES = [
  [2, 5, 3],
  [1, 17, 3],
];

let directory: string;
let findings: Findings;
const proofs = new Map<string, Proof | Error>();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle loops '));
  // So that all programs have gradients, those of the input.
  const scale = tf.variable(tf.scalar(0.9), true, 'scale');
  for (const [name, , fn] of programs) await add(name, x => fn(x.mul(scale)), [scale, w]);
  for (const [index, [name, , make]] of layers.entries()) {
    const model = modelOf(make());
    randomizeVariables(model, index);
    const variables = model.trainableWeights.map(weight => weight.read() as tf.Variable);
    await add(name, x => model.apply(x) as tf.Tensor, variables);
  }
  findings = await proveFunctions([...proofs.values()].flatMap(proof => (proof instanceof Error ? [] : [proof])));
}, 900_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

async function add(name: string, fn: (x: tf.Tensor) => tf.TensorContainer, variables: tf.Variable[]): Promise<void> {
  const proof = await saved(name, fn, variables).catch((error: Error) => error);
  proofs.set(name, proof);
}

async function saved(
  name: string,
  fn: (x: tf.Tensor) => tf.TensorContainer,
  variables: readonly tf.Variable[],
): Promise<Proof> {
  const named = (x: tf.Tensor): tf.NamedTensorMap => {
    const returned = fn(x);
    const outputs = returned instanceof tf.Tensor ? [returned] : (returned as tf.Tensor[]);
    return Object.fromEntries(outputs.map((output, i) => [`y${i}`, output]));
  };
  const run = func(named, [{ shape: [null, null, 3], dtype: 'float32', name: 'x' }]);
  const dir = join(directory, String(proofs.size));
  await saveModel({ run, variables: [...variables] }, dir, { durable: false, signatures: run });
  const calls = SHAPES.flatMap((shape): Call[] => {
    const x = tf.randomNormal(shape, 0, 1, 'float32', 5);
    const call = { inputs: { x }, outputs: named(x) };
    const { grads } = tf.variableGrads(() => lossOf(Object.values(named(x))), [...variables]);
    const gradients = Object.fromEntries(Object.entries(grads).filter(([, one]) => one !== null));
    return [
      { ...call, signature: 'serving_default' },
      { ...call, method: 'run', gradients },
    ];
  });
  return { name, dir, calls, consumers: CONSUMERS };
}

it.each([...programs, ...layers].map(([name]) => name))('%s', name => {
  const proof = proofs.get(name)!;
  if (proof instanceof Error) throw proof;
  expectProven(findings, proof);
  expect(proof.calls).toHaveLength(2 * SHAPES.length);
});
