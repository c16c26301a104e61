/** CheckpointView, TrackableView and initFromCheckpoint, beside TensorFlow's. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CheckpointWriter } from '../../src/index.js';
import { type AssignmentMap, Checkpoint, CheckpointView, initFromCheckpoint, TrackableView } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';

let directory: string;
let prefix: string;
let named: string;
let answer: {
  descendants: number[];
  children: Record<string, Record<string, number>>;
  v: number[];
  unmatched: number[];
  initialised: [number[], number];
};

function variable(values: number[], name?: string): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor1d(values), true, name));
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-views-'));
  const [v, w] = [variable([1, 2]), variable([3])];
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], name: 'd' })] });
  const optimizer = tf.train.adam();
  optimizer.minimize(() => (model.predict(tf.ones([1, 1])) as tf.Tensor).sum() as tf.Scalar);
  prefix = await new Checkpoint({ z: { b: v, a: [w, v] }, model, optimizer }).save(join(directory, 'ckpt'));
  named = join(directory, 'named');
  await using writer = new CheckpointWriter(named);
  writer.add('old/scope/kernel', { dtype: 'float32', shape: [2], data: Float32Array.of(5, 6) });
  writer.add('old/scope/bias', { dtype: 'float32', shape: [], data: Float32Array.of(7) });
  await writer.finish();
  await runPython('test/training/views.py', [directory, prefix]);
  answer = JSON.parse(readFileSync(join(directory, 'answer.json'), 'utf8')) as typeof answer;
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('views', () => {
  it('of a checkpoint have the nodes and edges that TensorFlow sees', async () => {
    const view = await CheckpointView.open(prefix);
    expect(view.descendants()).toEqual(answer.descendants);
    for (const node of view.descendants()) {
      expect(Object.fromEntries(view.children(node))).toEqual(answer.children[node]);
    }
    expect(() => view.children(999)).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND' }));
    expect(await codeOf(CheckpointView.open(named))).toBe('ERR_NOT_SUPPORTED');
  });

  it('match and compare live objects', async () => {
    const view = await CheckpointView.open(prefix);
    const [b, other] = [variable([0, 0]), variable([1])];
    const live = { z: { b }, other };
    const match = view.match(live);
    expect([...match].filter(([, object]) => object === b).map(([node]) => node)).toEqual(answer.v);
    const difference = view.diff(live);
    // TensorFlow's Checkpoint has a counter, which ours gets only when it counts.
    const counter = view.children(0).get('save_counter')!;
    expect(difference.unmatchedNodes.filter(node => node !== counter)).toEqual(
      answer.unmatched.filter(node => node !== counter),
    );
    expect(difference.unmatchedObjects).toEqual([other]);
    expect(difference.matched).toEqual(match);
  });

  it('of live objects', () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });
    const [v, list] = [variable([1]), [variable([2])]];
    const tree = { model, list, v };
    const view = new TrackableView(tree);
    expect(Object.fromEntries(view.children(tree))).toEqual(tree);
    const [layer] = model.layers;
    expect(view.children(layer).get('kernel')).toBe(layer!.weights[0]!.read());
    expect(view.descendants().slice(0, 4)).toEqual([tree, model, list, v]);
    expect(() => view.children({})).toThrow(expect.objectContaining({ code: 'ERR_NOT_FOUND' }));
  });
});

describe('initFromCheckpoint', () => {
  it('gives the variables of a scope the values of another, as TensorFlow does', async () => {
    const kernel = variable([0, 0], 'mine/kernel');
    const bias = tf.tidy(() => tf.variable(tf.scalar(0), true, 'mine/bias'));
    const status = await initFromCheckpoint(named, { 'old/scope/': 'mine/' });
    status.assertConsumed();
    expect([[...kernel.dataSync()], bias.dataSync()[0]]).toEqual(answer.initialised);
    tf.dispose([kernel, bias]);
  });

  it('takes single tensors by their names, into variables and names of variables', async () => {
    const [kernel, other] = [variable([0, 0]), variable([0, 0], 'other')];
    await initFromCheckpoint(named, { 'old/scope/kernel': kernel });
    expect([...kernel.dataSync()]).toEqual([5, 6]);
    await initFromCheckpoint(prefix, { 'z/b': 'other' });
    expect([...other.dataSync()]).toEqual([1, 2]);
    const layer = tf.layers.dense({ units: 1, inputShape: [1] });
    tf.sequential({ layers: [layer] });
    await initFromCheckpoint(prefix, { 'z/a/0': layer.weights[1]! });
    expect([...layer.getWeights()[1]!.dataSync()]).toEqual([3]);
    tf.dispose([kernel, other]);
  });

  it.each<[string, (kernel: tf.Variable) => AssignmentMap, string]>([
    ['a tensor that is not there', kernel => ({ 'old/scope/nothing': kernel }), 'ERR_NOT_FOUND'],
    ['a variable that is not there', () => ({ 'old/scope/kernel': 'nobody' }), 'ERR_NOT_FOUND'],
    ['a scope without variables', () => ({ 'old/scope/': 'nowhere/' }), 'ERR_NOT_FOUND'],
    ['a scope for a tensor', () => ({ 'old/scope/': 'nobody' }), 'ERR_INVALID_ARGUMENT'],
    ['a variable for a scope', kernel => ({ 'old/scope/': kernel }), 'ERR_INVALID_ARGUMENT'],
    ['two values', kernel => ({ 'old/scope/kernel': kernel, 'old/scope/bias': kernel }), 'ERR_INVALID_ARGUMENT'],
    ['another shape', kernel => ({ 'old/scope/bias': kernel }), 'ERR_MISMATCH'],
    ['no variable', () => ({ 'old/scope/kernel': 5 as unknown as string }), 'ERR_INVALID_ARGUMENT'],
    ['no map', () => null as unknown as AssignmentMap, 'ERR_INVALID_ARGUMENT'],
  ])('refuses %s, and changes nothing', async (_what, map, code) => {
    const kernel = variable([8, 9]);
    expect(await codeOf(initFromCheckpoint(named, map(kernel)))).toBe(code);
    expect([...kernel.dataSync()]).toEqual([8, 9]);
    kernel.dispose();
  });
});
