/** Functions that cannot become a graph, or do what they should not: what the error says, and that all is put back. */
import * as tf from '@tensorflow/tfjs-node';
import { expect, it, vi } from 'vitest';
import * as optimizers from '../../../src/optimizers.js';
import { record } from '../../../src/training/savedmodel/traced/recorder.js';

const X = { name: 'x', dtype: 'float32', shape: [2, 3] };
const HERE = /refused-recordings\.test\.ts/;

/** The error of the recording, after which nothing is left of it. */
function errorOf(fn: (x: tf.Tensor) => unknown, input = X): Error & { code?: string; found?: Record<string, string> } {
  const core = tf.engine();
  const kept = [core.runKernel, core.keep, core.makeVariable, Math.random, tf.layers.Layer.prototype.apply];
  const { binding } = tf.backend() as unknown as { binding: object };
  const { numTensors } = tf.memory();
  let error: unknown;
  try {
    record(fn, [input]);
  } catch (thrown) {
    error = thrown;
  }
  expect([core.runKernel, core.keep, core.makeVariable, Math.random, tf.layers.Layer.prototype.apply]).toEqual(kept);
  expect((tf.backend() as unknown as { binding: object }).binding).toBe(binding);
  expect(tf.memory().numTensors).toBe(numTensors);
  return error as Error;
}

it.each<[string, (x: tf.Tensor) => unknown]>([
  ['dataSync', x => x.sum().dataSync()],
  ['arraySync', x => x.arraySync()],
  ['bufferSync', x => x.bufferSync()],
  ['print', x => x.print()],
  ['toString', x => x.toString()],
  ['data', x => x.neg().data()],
  ['array', x => x.array()],
  ['buffer', x => x.buffer()],
  ['bytes', x => x.bytes()],
])('%s is refused', (_, read) => {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  const error = errorOf(x => (read(x) ? x : x));
  expect(error).toMatchObject({ code: 'ERR_NOT_SUPPORTED', found: { place: expect.stringMatching(HERE) } });
  expect(error.message).toMatch(/reads the values of a tensor/);
  log.mockRestore();
});

it('a function that catches the refusal, or fails for it, is refused', () => {
  const caught = errorOf(x => {
    try {
      return x.mul(x.dataSync()[0]!);
    } catch {
      return x;
    }
  });
  expect(caught.message).toMatch(/reads the values/);
  const failed = errorOf(x => {
    x.data().catch(() => {});
    throw new Error('later');
  });
  expect(failed.message).toMatch(/reads the values/);
});

it('an asynchronous function is refused, and its later failure is nobody’s', async () => {
  const error = errorOf(async x => {
    await Promise.resolve();
    return x.neg();
  });
  expect(error.message).toMatch(/asynchronous/);
  expect(errorOf(async x => (await x.data())[0]).message).toMatch(/reads the values/);
  await new Promise(resolve => setTimeout(resolve, 5));
});

it('the error names the layer, the kernel and the operation', () => {
  class Reading extends tf.layers.Layer {
    static readonly className = 'Reading';
    override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
      const x = Array.isArray(inputs) ? inputs[0]! : inputs;
      return x.mul(x.max().dataSync()[0]!);
    }
  }
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 3, inputShape: [3] }), new Reading({ name: 'r1' })],
  });
  const error = errorOf(x => model.apply(x));
  expect(error.message).toMatch(/in the layer 'r1' \(Reading\), at .*refused-recordings/);
  model.dispose();
  const inOperation = errorOf(x => tf.op({ mine_: (y: tf.Tensor) => y.mul(y.dataSync()[0]!) })(x));
  expect(inOperation.found).toMatchObject({ operation: 'mine' });
  const read = ({ backend, inputs }: { backend: unknown; inputs: { x?: tf.TensorInfo } }): tf.TensorInfo => {
    (backend as { readSync(dataId: object): void }).readSync(inputs.x!.dataId);
    return inputs.x!;
  };
  tf.registerKernel({ kernelName: 'MyRead', backendName: 'tensorflow', kernelFunc: read as never });
  const inKernel = errorOf(x => tf.engine().runKernel('MyRead', { x }));
  expect(inKernel.found).toMatchObject({ kernel: 'MyRead' });
  tf.unregisterKernel('MyRead', 'tensorflow');
});

it('values that do not depend on inputs can be read', () => {
  const outside = tf.tensor1d([1, 2, 3]);
  expect(errorOf(x => x.mul(outside.dataSync()[1]!).mul(tf.range(0, 3).sum().dataSync()[0]!))).toBeUndefined();
  outside.dispose();
});

it('what a function throws comes through', () => {
  const mine = new Error('mine');
  expect(
    errorOf(x => {
      x.neg();
      tf.tidy(() => {
        throw mine;
      });
    }),
  ).toBe(mine);
});

it.each<[string, (x: tf.Tensor) => unknown, RegExp]>([
  ['nothing', () => undefined, /must return a tensor.*undefined/],
  ['a number', () => 3, /must return a tensor.*3/],
  ['a nested list', x => [[x]], /item 0 is none/],
  ['a nested object', x => ({ a: x, b: { x } }), /'b' is none/],
  ['a number in an object', x => ({ a: x, b: 3 }), /'b' is none/],
  [
    'a disposed tensor',
    x =>
      tf
        .tidy(() => x.neg())
        .sum()
        .dispose() ?? disposed(x),
    /disposed/,
  ],
])('a function that returns %s', (_, fn, message) => {
  expect(errorOf(fn).message).toMatch(message);
});

function disposed(x: tf.Tensor): tf.Tensor {
  const y = x.neg();
  y.dispose();
  return y;
}

it('nothing can be recorded within', () => {
  expect(errorOf(x => record(y => y, [X]) && x).message).toMatch(/cannot trace another/);
});

it('variables are not disposed of', () => {
  const weight = tf.variable(tf.tensor1d([1, 2, 3]), true, 'kept');
  const error = errorOf(x => {
    const y = x.mul(weight);
    weight.dispose();
    return y;
  });
  expect(error.message).toMatch(/disposes of the variable 'kept' \(at .*refused-recordings/);
  expect(weight.isDisposed).toBe(false);
  expect(errorOf(() => tf.disposeVariables() ?? tf.scalar(1)).message).toMatch(/disposes of the variable/);
  expect(weight.dataSync()).toEqual(new Float32Array([1, 2, 3]));
  weight.dispose();
});

it('a variable in every call is refused; one of the first call stays as it was made', () => {
  expect(errorOf(x => tf.variable(x)).message).toMatch(/makes the variable .* in every call/);
  const count = Object.keys(tf.engine().registeredVariables).length;
  let weight: tf.Variable | undefined;
  const { graph } = record(
    x => {
      weight ??= tf.variable(tf.tensor1d([1, 2, 3]));
      weight.assign(weight.add(1));
      return x.mul(weight);
    },
    [X],
  );
  expect(graph.assignments.map(({ variable }) => variable)).toEqual([weight]);
  expect(weight!.dataSync()).toEqual(new Float32Array([1, 2, 3]));
  expect(Object.keys(tf.engine().registeredVariables)).toHaveLength(count + 1);
  weight!.dispose();
});

it('tensors that a call keeps', () => {
  let table: tf.Tensor | undefined;
  const memoized = record(
    x => {
      table ??= tf.keep(tf.range(0, 3).square());
      return x.mul(table);
    },
    [X],
  );
  expect(memoized.graph.nodes.map(node => (node.kind === 'operation' ? node.op : node.kind))).toEqual([
    'constant',
    'Mul',
  ]);
  let state: tf.Tensor | undefined;
  const stateful = (x: tf.Tensor): tf.Tensor => {
    state = tf.keep(state ? state.add(x) : x.neg());
    return state.square();
  };
  record(stateful, [X]);
  expect(() => record(stateful, [X])).toThrow(/an earlier call made and kept/);
  state = tf.ones([2, 3]);
  expect(() =>
    record(
      x => {
        const next = tf.keep(state!.add(x));
        state!.dispose();
        state = next;
        return next.square();
      },
      [X],
    ),
  ).toThrow(/uses a tensor from outside, and disposes of it/);
  tf.dispose([table!, state!]);
});

it('optimizers whose steps differ by a count that is not a variable', () => {
  const weight = tf.variable(tf.tensor1d([1, 2, 3]));
  const step = (optimizer: tf.Optimizer) => (x: tf.Tensor) =>
    optimizer.minimize(() => weight.mul(x).sum() as tf.Scalar, true)!;
  const refused = [
    new optimizers.Adam(),
    new optimizers.Adamax(),
    new optimizers.Nadam(),
    new optimizers.SGD({ learningRate: 0.1, decay: 0.1 }),
  ];
  for (const one of refused) {
    expect(() => record(step(one), [X])).toThrow(/counts them in JavaScript/);
    one.dispose();
  }
  for (const one of [new optimizers.SGD({ learningRate: 0.1 }), new optimizers.RMSprop({}), new optimizers.Adagrad()]) {
    record(step(one), [X]);
    one.dispose();
  }
  weight.dispose();
});

it('disposed inputs', () => {
  const { graph } = record(
    x => {
      const y = x.neg();
      x.dispose();
      return y;
    },
    [X],
  );
  expect(graph.nodes).toHaveLength(1);
});
