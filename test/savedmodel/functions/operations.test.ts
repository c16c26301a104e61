/** The lists of operations.ts are complete, and say what is so. */
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, describe, expect, test } from 'vitest';
import { record } from '../../../src/training/savedmodel/traced/recorder.js';
import { NO_OPERATIONS, OPERATIONS, UNTRACED } from './traced-operations.js';

const NAMESPACES = [
  'browser',
  'fused',
  'image',
  'linalg',
  'losses',
  'math',
  'node',
  'signal',
  'sparse',
  'spectral',
  'string',
  'train',
];

function functionsIn(namespace: string): string[] {
  const all = new Map<string, unknown>([['', tf], ...Object.entries(tf)]).get(namespace) as object;
  const names = Object.entries(all).filter(([name, value]) => typeof value === 'function' && /^[a-z]/.test(name));
  return names.map(([name]) => (namespace === '' ? name : `${namespace}.${name}`));
}

const kernels = new Set<string>();
const { runKernel } = tf.engine();
tf.engine().runKernel = ((name: string, ...rest: unknown[]) => {
  kernels.add(name);
  return (runKernel as (...given: unknown[]) => unknown).call(tf.engine(), name, ...rest);
}) as typeof runKernel;

afterAll(() => {
  tf.engine().runKernel = runKernel;
  tf.disposeVariables();
});

test('each function of TensorFlow.js is in one list', () => {
  const listed = [...new Set(OPERATIONS.map(({ name }) => name)), ...Object.keys(UNTRACED), ...NO_OPERATIONS];
  expect(listed.toSorted()).toEqual(['', ...NAMESPACES].flatMap(functionsIn).toSorted());
});

describe('becomes a graph', () => {
  test.each(OPERATIONS.map(one => [[one.name, one.about].filter(Boolean).join(', '), one] as const))('%s', (_, one) => {
    const before = tf.memory().numTensors - Object.keys(tf.engine().registeredVariables).length;
    const inputs = one.inputs.map(({ dtype, shape }, i) => ({
      name: `x${i}`,
      dtype,
      shape: shape.map(size => size ?? 4),
    }));
    const { graph } = record(one.fn, inputs);
    expect(graph.outputs.length).toBeGreaterThan(0);
    expect(tf.memory().numTensors - Object.keys(tf.engine().registeredVariables).length).toBe(before);
  });
});

test('every kernel of TensorFlow.js for Node was reached', () => {
  const all = tf.getKernelsForBackend('tensorflow').map(({ kernelName }) => kernelName);
  expect(all.filter(name => !kernels.has(name))).toEqual([]);
});

describe('does not become a graph', () => {
  const tried = Object.entries(UNTRACED).flatMap(([name, { fn, reason }]) => (fn ? [[name, reason, fn] as const] : []));
  test.each(tried)('%s: %s', (_, reason, fn) => {
    const message = /no kernel/.test(reason)
      ? /not registered|not found|is not a function/
      : /reads the values|Math\.random|randomGamma/;
    const inputs = [{ name: 'x', dtype: 'float32', shape: [4, 1] }];
    expect(() => record(fn, inputs)).toThrow(message);
  });
});
