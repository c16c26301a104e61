/**
 * Checkpoints that nobody's optimizer wrote: refused before anything is changed, or taken as far as they make sense.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DType, TensorData } from '../../../src/format/dtypes.js';
import { VARIABLE_VALUE } from '../../../src/graph/attribute.js';
import { saveGraph } from '../../../src/graph/stored/captured-graph.js';
import { branch, type Edge, type Trackable, variableNode } from '../../../src/graph/trackable.js';
import { Checkpoint } from '../../../src/tfjs.js';
import { train } from './training.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-unusual-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function value(dtype: DType, shape: readonly number[], data: TensorData, fullName = ''): Trackable {
  return variableNode({
    name: VARIABLE_VALUE,
    ...{ dtype, shape, fullName, label: fullName },
    capture: () => ({ data: () => data, release: () => undefined }),
    assign: () => undefined,
  });
}

function list(...nodes: readonly Trackable[]): Trackable {
  return branch(nodes.map((node, i) => ({ name: String(i), node })));
}

/** An optimizer with these children, restored into Adam with one variable of two elements. */
async function restored(name: string, children: Readonly<Record<string, Trackable>>, extras: Trackable['extras'] = []) {
  const edges: Edge[] = Object.entries(children).map(([edge, node]) => ({ name: edge, node }));
  const path = join(directory, name);
  await saveGraph(branch([{ name: 'optimizer', node: { ...branch(edges), extras } }]), path);
  const optimizer = tf.train.adam(0.5, 0.9, 0.999);
  const w = tf.variable(tf.zeros([2]));
  const status = new Checkpoint({ optimizer, w }).read(path);
  return { optimizer, status, w };
}

const iterations = () => value('int64', [], BigInt64Array.of(3n));

it.each<[string, Record<string, Trackable>, string]>([
  ['a rate of text', { _learning_rate: value('string', [], [Buffer.from('fast')]) }, '_learning_rate'],
  ['a rate with a shape', { _learning_rate: value('float32', [2], Float32Array.of(1, 2)) }, '_learning_rate'],
  ['complex iterations', { _iterations: value('complex64', [], Float32Array.of(1, 2)) }, '_iterations'],
  ['legacy iterations with a shape', { iter: value('int64', [1], BigInt64Array.of(1n)) }, 'iter'],
  [
    'a slot of integers',
    { _momentums: list(value('int64', [2], BigInt64Array.of(1n, 2n), 'Adam/m/Variable')) },
    '_momentums/0',
  ],
  [
    'a slot of another shape',
    { _momentums: list(value('float32', [3], new Float32Array(3), 'Adam/m/Variable')) },
    '_momentums/0',
  ],
])('%s', async (name, children, key) => {
  const { optimizer, status } = await restored(name, {
    _iterations: iterations(),
    _velocities: list(value('float32', [2], Float32Array.of(1, 1), 'Adam/v/Variable')),
    ...children,
  });
  await expect(status).rejects.toThrow(
    expect.objectContaining({ code: 'ERR_MISMATCH', message: expect.stringContaining(key) }),
  );
  expect(optimizer.iterations).toBe(0);
  expect(Object.hasOwn(optimizer, 'applyGradients')).toBe(false);
});

it('any number of iterations takes no time', async () => {
  const { optimizer, status } = await restored('many', {
    _iterations: value('int64', [], BigInt64Array.of(1n << 62n)),
  });
  await status;
  expect(optimizer.iterations).toBe(2 ** 62);
});

it('what lies beside and is no number is not looked at', async () => {
  const extra = (name: string, number: number) => ({
    name,
    dtype: 'float32' as const,
    shape: [2],
    capture: () => ({ data: () => Float32Array.of(number, number), release: () => undefined }),
  });
  const { optimizer, status } = await restored(
    'beside',
    { _iterations: iterations(), _learning_rate: value('float32', [], Float32Array.of(0.25)) },
    [extra('iterations', 3), extra('learningRate', 0.25), extra('accBeta1', 7)],
  );
  await status;
  expect(optimizer.iterations).toBe(3);
  const { learningRate, accBeta1 } = optimizer as unknown as { learningRate: number; accBeta1: tf.Variable };
  expect(learningRate).toBe(0.25);
  expect(accBeta1.dataSync()[0]).toBeCloseTo(0.9 ** 4, 6);
});

it('items of a list without values, or with names that are no numbers, do not count', async () => {
  const slot = value('float32', [2], Float32Array.of(1, 1), 'Adam/m/Variable');
  const odd = branch([
    { name: 'x', node: branch([]) },
    { name: '1', node: slot },
  ]);
  const { optimizer, status, w } = await restored('odd', { _iterations: iterations(), _momentums: odd });
  expect((await status).loaded).toContain('optimizer/_momentums/1/.ATTRIBUTES/VARIABLE_VALUE');
  train({ optimizer, variables: [w] }, 0, 1);
  expect(w.dataSync().every(Number.isFinite)).toBe(true);
});

it('an optimizer of another class is refused', async () => {
  class Mine extends tf.Optimizer {
    static readonly className = 'Mine';
    applyGradients(): void {}
    getConfig() {
      return {};
    }
  }
  const save = new Checkpoint({ optimizer: new Mine() }).write(join(directory, 'mine'));
  await expect(save).rejects.toThrow(expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', found: 'Mine' }));
});
