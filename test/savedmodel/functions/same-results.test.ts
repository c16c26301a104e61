/** How the results of a function and of its graph are compared, and with what values. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { evaluateGraph } from '../../../src/training/savedmodel/dynamic/evaluate.js';
import { trace } from '../../../src/training/savedmodel/dynamic/trace.js';

type Shape = (number | null)[];

function traced(
  fn: (...inputs: tf.Tensor[]) => tf.Tensor,
  dtype: string,
  ...shapes: Shape[]
): ReturnType<typeof trace> {
  return trace(
    fn,
    shapes.map((shape, i) => ({ name: `x${i}`, dtype, shape })),
  );
}

const ELSEWHERE = /does something else where dimension 0 of 'x0' is/;
const isLarge = ({ shape }: tf.Tensor): boolean => shape[0]! > 20;

it('small results are compared as exactly as large ones', () => {
  expect(() => traced(x => x.mul(1e-3).mul(isLarge(x) ? 0.05 : 0.01), 'float32', [null])).toThrow(ELSEWHERE);
});

it('integers must be equal', () => {
  const fn = (x: tf.Tensor): tf.Tensor =>
    x.mul(tf.scalar(0, 'int32')).add(tf.scalar(1_000_000 + (isLarge(x) ? 1 : 0), 'int32'));
  expect(() => traced(fn, 'int32', [null])).toThrow(ELSEWHERE);
});

it('where results are not numbers for some values, others are compared', () => {
  expect(() =>
    traced(
      x =>
        x
          .sub(2)
          .log()
          .mul(isLarge(x) ? 5 : 3),
      'float32',
      [null],
    ),
  ).toThrow(ELSEWHERE);
  expect(() =>
    traced(
      x =>
        x
          .mean()
          .log()
          .mul(isLarge(x) ? 5 : 3),
      'float32',
      [null],
    ),
  ).toThrow(ELSEWHERE);
});

it('variables are compared with other values than they have, which they keep', () => {
  const zeros = tf.variable(tf.zeros([1500]));
  expect(() => traced(x => x.add(zeros.slice([isLarge(x) ? 5 : 0], [x.shape[0]!])), 'float32', [null])).toThrow(
    ELSEWHERE,
  );
  expect([...new Set(zeros.dataSync())]).toEqual([0]);
  zeros.dispose();
});

it('what is not random is compared, whatever is random beside it', () => {
  const noisy = (x: tf.Tensor): tf.Tensor => (isLarge(x) ? x.sin() : x.cos()).add(tf.randomUniform(x.shape));
  expect(() => traced(noisy, 'float32', [null])).toThrow(ELSEWHERE);
  expect(() => traced(x => x.add(tf.randomNormal(x.shape)), 'float32', [null])).not.toThrow();
});

it('0 and −0 are two constants', () => {
  const fn = (x: tf.Tensor): tf.Tensor => tf.div(1, tf.concat([tf.fill([x.shape[0]!], 0), tf.fill([x.shape[0]!], -0)]));
  const { graph } = traced(fn, 'float32', [null]);
  const [result] = evaluateGraph(graph, [tf.ones([2])]) as [tf.Tensor];
  expect([...result.dataSync()]).toEqual([1, 1, -1, -1].map(sign => sign * Number.POSITIVE_INFINITY));
  result.dispose();
});

it('complex numbers of any number', () => {
  const { graph } = traced(x => tf.mul(x, x), 'complex64', [null]);
  expect(graph.outputs.map(({ node }) => node.outputs[0])).toEqual([{ dtype: 8, shape: [null] }]);
});

it('integers that divide', () => {
  expect(() => traced((x, d) => tf.floorDiv(x, d), 'int32', [null], [null])).not.toThrow();
});

it('integers that are indices of a single row', () => {
  expect(() => traced(i => tf.gather(tf.tensor2d([[1, 2]]), i as tf.Tensor1D), 'int32', [null])).not.toThrow();
});

it('a variable of complex numbers that the function does not use', () => {
  const values = tf.complex([1, 2], [3, 4]);
  const variable = tf.variable(values);
  try {
    expect(() => traced(x => x.mul(2), 'float32', [null])).not.toThrow();
    expect([...variable.dataSync()]).toEqual([1, 3, 2, 4]);
  } finally {
    tf.dispose([values, variable]);
  }
});

it.each([[{ a: 1 }], [[3, null]], ['two']])('a layer of the user with a field `layers`: %j', found => {
  class Own extends tf.layers.Layer {
    static readonly className = 'OwnWithLayers';
    readonly layers = found;
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.relu(Array.isArray(inputs) ? inputs[0]! : inputs);
    }
  }
  const layer = new Own({});
  expect(() => traced(x => layer.apply(x) as tf.Tensor, 'float32', [null, 2])).not.toThrow();
});

it('a function that throws at all sizes throws its own error, soon', () => {
  let calls = 0;
  const fails = (): tf.Tensor => {
    calls++;
    throw new RangeError('a mistake');
  };
  const shapes = Array.from({ length: 5 }, (): Shape => [null, null]);
  expect(() => traced(fails, 'float32', ...shapes)).toThrow(new RangeError('a mistake'));
  expect(calls).toBeLessThan(400);
});

it('scopes that the function opens are ended, and its backend is not used further', () => {
  const { state } = tf.engine() as unknown as { state: { scopeStack: unknown[] } };
  const before = state.scopeStack.length;
  const opens = (x: tf.Tensor): tf.Tensor => {
    tf.engine().startScope('left open');
    throw new Error(`a mistake with ${x.shape[0]}`);
  };
  expect(() => traced(opens, 'float32', [3])).toThrow('a mistake with 3');
  expect(state.scopeStack).toHaveLength(before);
  const chooses = (x: tf.Tensor): tf.Tensor => {
    void tf.setBackend('cpu');
    return x.mul(2);
  };
  expect(() => traced(chooses, 'float32', [3])).toThrow();
  expect(tf.getBackend()).toBe('tensorflow');
  expect([...tf.add(1, 2).dataSync()]).toEqual([3]);
});
