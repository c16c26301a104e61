/** Functions of the user, at sizes that were never traced, in everything that runs SavedModels. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { func, loadFunctions, saveModel } from '../../../src/savedmodel.js';
import { run } from '../../cli/program.js';
import type { Call, Consumer, Proof } from './proof.js';
import { expectProven, type Findings, proveFunctions } from './prove.js';

const EVERYBODY: Consumer[] = ['load', 'session', 'cli', 'tfsm', 'lite', 'converter', 'node'];

const values = (shape: number[], seed: number): tf.Tensor => tf.randomUniform(shape, -1, 1, 'float32', seed);

/** Two signatures; one of them has two inputs and two outputs, and a table that is no variable. */
async function lookups(dir: string): Promise<Call[]> {
  const weights = tf.variable(values([4, 2], 1), true, 'served/weights');
  const table = values([200, 3], 2);
  const score = func(
    x => tf.softmax(x.matMul(weights as unknown as tf.Tensor2D)),
    [{ shape: [null, 4], dtype: 'float32', name: 'x' }],
  );
  const look = func(
    (ids, scale) => ({ rows: table.gather(ids).mul(scale), sum: ids.sum() }),
    [
      { shape: [null], dtype: 'int32' },
      { shape: [], dtype: 'float32' },
    ],
  );
  await saveModel({ weights, inner: { score, look } }, dir, { signatures: { score, look }, durable: false });
  const x = values([7, 4], 3);
  const ids = tf.tensor1d([3, 150, 7, 7, 0], 'int32');
  const scale = tf.scalar(2);
  return [
    { signature: 'score', inputs: { x }, outputs: { output_0: score(x as tf.Tensor2D) } },
    { method: 'inner.score', inputs: { x }, outputs: { output_0: score(x as tf.Tensor2D) } },
    { signature: 'look', inputs: { ids, scale }, outputs: look(ids, scale) },
  ];
}

/** A loop in JavaScript over steps, which keeps a result of each. */
async function walk(dir: string): Promise<Call[]> {
  const cell = tf.variable(values([3, 3], 4), true, 'served/cell');
  const walked = func(
    steps => {
      let state = tf.zeros([1, 3]);
      const states = tf.unstack(steps, 1).map(step => {
        state = tf.tanh(step.add(state.matMul(cell as unknown as tf.Tensor2D)));
        return state;
      });
      return { last: state, all: tf.stack(states, 1), mean: steps.sum().div(steps.shape[1]) };
    },
    [{ shape: [1, null, 3], dtype: 'float32', name: 'steps' }],
  );
  await saveModel({ cell, walked }, dir, { durable: false });
  return [3, 19].map(count => {
    const steps = values([1, count, 3], count);
    return { signature: 'serving_default', inputs: { steps }, outputs: walked(steps as tf.Tensor3D) };
  });
}

/** What a function assigns. A graph model of TensorFlow.js has no variables. */
async function count(dir: string): Promise<Call[]> {
  const total = tf.variable(tf.scalar(0), false, 'served/total');
  const tally = func(
    x => {
      total.assign(total.add(x.sum()) as tf.Scalar);
      return { total: total.clone() };
    },
    [{ shape: [null], dtype: 'float32' }],
  );
  await saveModel({ total, tally }, dir, { durable: false });
  const after = { 'served/total': tf.scalar(7) };
  return [
    { signature: 'serving_default', inputs: { x: tf.tensor1d([1, 2, 4]) }, outputs: { total: tf.scalar(7) }, after },
  ];
}

const SUBJECTS = { lookups, walk, count };
let directory: string;
let findings: Findings;
const proofs: Proof[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle served '));
  for (const [name, save] of Object.entries(SUBJECTS)) {
    const dir = join(directory, name);
    const consumers = EVERYBODY.filter(one => name !== 'count' || one !== 'converter');
    proofs.push({ name, dir, calls: await save(dir), consumers });
  }
  findings = await proveFunctions(proofs);
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

test.each(Object.keys(SUBJECTS))('%s', name => {
  expectProven(findings, proofs.find(proof => proof.name === name)!);
  // Also the loop, since its batch is fixed.
  expect(findings[name]!.lite!.note).toBe('built-in operations');
});

test('loadFunctions runs all signatures side by side, with the sizes and names that were given', async () => {
  using functions = await loadFunctions(join(directory, 'lookups'));
  expect(Object.keys(functions).sort()).toEqual(['look', 'score']);
  expect(functions.look!.inputs).toEqual([
    { name: 'ids', dtype: 'int32', shape: [null] },
    { name: 'scale', dtype: 'float32', shape: [] },
  ]);
  expect(functions.look!.outputs.map(({ name, shape }) => ({ name, shape }))).toEqual([
    { name: 'rows', shape: [null, 3] },
    { name: 'sum', shape: [] },
  ]);
  for (const { signature, inputs, outputs } of proofs[0]!.calls) {
    if (signature === undefined) continue;
    const found = [await functions[signature]!(inputs)].flat();
    for (const [i, expected] of Object.values(outputs).entries())
      tf.test_util.expectArraysClose(found[i]!.dataSync(), expected.dataSync());
  }
});

test('the command shows them as they were written', () => {
  const { code, out } = run(['saved-model', 'show', join(directory, 'lookups')]);
  expect(code).toBe(0);
  const [, signatures, functions] = out.split('\n\n');
  expect(signatures!.split('\n').map(line => line.trim().split(/ +/).slice(0, 4).join(' '))).toEqual([
    'Signatures (2)',
    'look tensorflow/serving/predict',
    'in ids int32 [?]',
    'in scale float32 []',
    'out rows float32 [?,3]',
    'out sum int32 []',
    'score tensorflow/serving/predict',
    'in x float32 [?,4]',
    'out output_0 float32 [?,2]',
  ]);
  expect(functions).toBe(
    [
      'Functions (2)',
      '  inner/score(x)',
      '    (x: float32[?,4]) -> float32[?,2]',
      '    uses weights',
      '  inner/look(ids, scale)',
      '    (ids: int32[?], scale: float32[]) -> {rows: float32[?,3], sum: int32[]}',
    ].join('\n'),
  );
});
