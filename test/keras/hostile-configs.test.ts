/**
 * Damaged and malicious configurations: each is refused with a typed error, or makes a model, quickly and in little
 * memory.
 */
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { TensorBundleError } from '../../src/errors.js';
import { modelFromKeras } from '../../src/training/keras/config/model-from-keras.js';
import { isDeep } from '../depth.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const BYTES = 4096;
const MAX_MS = 10_000;
const CODES = ['ERR_CORRUPT', 'ERR_NOT_SUPPORTED', 'ERR_TOO_LARGE'];

const tensor = (name: string, call = 0): Json => ({
  class_name: '__keras_tensor__',
  config: { shape: [null, 3], dtype: 'float32', keras_history: [name, call, 0] },
});
const policy: Json = { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' }, registered_name: null };
const input = (name: string, shape: Json = [null, 3]): Json => ({
  module: 'keras.layers',
  class_name: 'InputLayer',
  config: { batch_shape: shape, dtype: 'float32', name },
  name,
  inbound_nodes: [],
});
const dense = (name: string, from: Json[], units: Json = 3): Json => ({
  module: 'keras.layers',
  class_name: 'Dense',
  config: { name, trainable: true, dtype: policy, units, activation: 'relu', kernel_regularizer: l2 },
  name,
  inbound_nodes: from.map(one => ({ args: [one], kwargs: { training: false } })),
});
const l2: Json = { module: 'keras.regularizers', class_name: 'L2', config: { l2: 0.1 }, registered_name: null };
const lstm: Json = { class_name: 'LSTM', config: { name: 'lstm', units: 2, return_sequences: true } };

/** Both forms of Keras 3, and that of Keras 2. */
const functional: Json = {
  module: 'keras.src.models.functional',
  class_name: 'Functional',
  config: {
    name: 'model',
    trainable: true,
    layers: [
      input('in'),
      dense('d', [tensor('in'), tensor('d')]),
      {
        module: 'keras',
        class_name: 'Sequential',
        config: { name: 'inner', layers: [input('of_inner'), dense('e', [])] },
        name: 'inner',
        build_config: { input_shape: [null, 3] },
        inbound_nodes: [{ args: [tensor('d', 1)], kwargs: { mask: null } }],
      },
      {
        module: 'keras.src.ops.numpy',
        class_name: 'Multiply',
        config: { name: 'multiply' },
        name: 'multiply',
        inbound_nodes: [{ args: [tensor('inner'), 2], kwargs: {} }],
      },
    ],
    input_layers: ['in', 0, 0],
    output_layers: { out: ['multiply', 0, 0] },
  },
  compile_config: {
    optimizer: {
      class_name: 'Adam',
      config: {
        learning_rate: { class_name: 'CosineDecay', config: { initial_learning_rate: 0.1, decay_steps: 3, alpha: 0 } },
      },
    },
    loss: { out: { class_name: 'MeanSquaredError', config: { reduction: 'sum_over_batch_size' } } },
    metrics: [['mae'], null],
    loss_weights: null,
  },
};
const sequential: Json = {
  class_name: 'Sequential',
  config: [
    { class_name: 'Masking', config: { name: 'm', batch_input_shape: [null, 4, 2], mask_value: 0 } },
    { class_name: 'Bidirectional', config: { name: 'b', layer: lstm, merge_mode: 'concat' } },
    {
      class_name: 'RNN',
      config: {
        name: 'r',
        cell: {
          class_name: 'StackedRNNCells',
          config: { cells: [{ class_name: 'GRUCell', config: { units: 2, name: 'g' } }] },
        },
      },
    },
    {
      class_name: 'Dense',
      config: {
        output_dim: 2,
        init: 'glorot_uniform',
        activation: 'linear',
        name: 'd',
        W_regularizer: { name: 'WeightRegularizer', l1: 0, l2: 0.1 },
      },
    },
  ],
};
const training: Json = {
  optimizer_config: { class_name: 'SGD', config: { lr: 0.1, decay: 0.01, momentum: 0.9, nesterov: false } },
  loss: 'mse',
  metrics: ['acc'],
  sample_weight_mode: null,
  loss_weights: null,
};

/** A model, or the typed error; all that was made is disposed of. */
async function made(config: string, compiled?: string): Promise<string> {
  const before = tf.memory().numTensors;
  const start = performance.now();
  let found: string;
  try {
    const source = { config, training: compiled, path: 'FILE', bytes: BYTES, options: {} };
    const { model, setRate } = await modelFromKeras(source);
    setRate?.();
    model.optimizer?.dispose();
    model.dispose();
    found = 'made';
  } catch (error) {
    if (!(error instanceof TensorBundleError)) throw error;
    found = error.code;
    expect(CODES, error.message).toContain(found);
  }
  expect(performance.now() - start).toBeLessThan(MAX_MS);
  // TensorFlow.js itself leaves some of a model within a model.
  if (found !== 'made') expect(tf.memory().numTensors).toBe(before);
  return found;
}

const STRANGE: readonly Json[] = [
  ...[null, true, -1, 0, 1.5, 1e308, 2 ** 53, '', 'x', '__proto__', 'toString', [], {}, [null], ['in', 0, 0]],
  ...[[[[]]], { class_name: 'Dense' }, { class_name: 7, config: [] }, { args: [], kwargs: {} }, 'Sequential'],
];

/** The text with each value in turn replaced by something else. */
function* changes(base: Json): Generator<string> {
  const root = [structuredClone(base)];
  const holders: [Json[] | { [key: string]: Json }, string | number][] = [[root, 0]];
  for (const [holder, key] of holders) {
    const value = (holder as { [key: string]: Json })[key]!;
    if (typeof value === 'object' && value !== null)
      for (const inner of Object.keys(value)) holders.push([value as { [key: string]: Json }, inner]);
  }
  for (const [holder, key] of holders) {
    const place = holder as { [key: string]: Json };
    const value = place[key]!;
    for (const strange of STRANGE) {
      place[key] = strange;
      yield JSON.stringify(root[0]);
    }
    place[key] = value;
  }
}

/** So deep that no stack would be large enough. */
function nested(before: string, after: string): string {
  return `{"a":${before.repeat(1e5)}1${after.repeat(1e5)}}`;
}

describe('Damaged configurations', () => {
  it('are what they should be before they are damaged', async () => {
    expect(await made(JSON.stringify(functional))).toBe('made');
    expect(await made(JSON.stringify(sequential), JSON.stringify(training))).toBe('made');
  });

  it.each([
    ['functional', functional, false],
    ['sequential', sequential, false],
    ['training', training, true],
  ] as const)('with a strange value anywhere: %s', async (_, base, isTraining) => {
    const found = new Map<string, number>();
    let count = 0;
    for (const text of changes(base)) {
      // Some of them, in the fast tests.
      if (!isDeep && count++ % 23 > 0) continue;
      const result = await (isTraining ? made(JSON.stringify(sequential), text) : made(text, JSON.stringify(training)));
      found.set(result, (found.get(result) ?? 0) + 1);
    }
    expect(found.get('made')).toBeGreaterThan(0);
    expect([...found.values()].reduce((sum, one) => sum + one)).toBeGreaterThan(10);
  });

  it.each([
    ['not JSON', 'not json', 'ERR_CORRUPT'],
    ['a list', '[]', 'ERR_CORRUPT'],
    ['too deep', `${'{"a":'.repeat(300)}1${'}'.repeat(300)}`, 'ERR_CORRUPT'],
    ['far too deep', `${'['.repeat(1e6)}${']'.repeat(1e6)}`, 'ERR_CORRUPT'],
    ['numbers of NumPy within each other', nested('{"class_name":"__numpy__","config":{"value":', '}}'), 'ERR_CORRUPT'],
    ['arrays of NumPy within each other', nested('{"type":"ndarray","value":', '}'), 'ERR_CORRUPT'],
    ['a text without an end', `{"${'\\"'.repeat(2e6)}`, 'ERR_CORRUPT'],
    ['millions of brackets', '['.repeat(33e6), 'ERR_CORRUPT'],
    ['millions of objects', `{"a":[${'{},'.repeat(3e6)}1]}`, 'ERR_TOO_LARGE'],
    ['a long text', `{"a":"${'x'.repeat(40e6)}"}`, 'ERR_TOO_LARGE'],
    ['a prototype', '{"class_name":"Sequential","config":{"layers":[],"__proto__":{"a":1}}}', 'ERR_CORRUPT'],
  ])('%s', async (_, text, code) => {
    expect(await made(text)).toBe(code);
    expect(({} as { a?: number }).a).toBeUndefined();
  });

  it('ask for more memory than their weights have', async () => {
    const model = (layers: Json[]): string =>
      JSON.stringify({ class_name: 'Sequential', config: { name: 's', layers } });
    expect(await made(model([input('in'), dense('d', [], 1e9)]))).toBe('ERR_CORRUPT');
    expect(await made(model([input('in', [null, 2e9]), dense('d', [], 1000)]))).toBe('ERR_CORRUPT');
    const kernel = {
      class_name: 'Conv2D',
      config: { name: 'c', filters: 10, kernel_size: [30_000, 30_000], padding: 'same' },
    };
    expect(await made(model([input('in', [null, 8, 8, 3]), kernel]))).toBe('ERR_CORRUPT');
    const many = Array.from({ length: 21_000 }, (_, i) => dense(`d${i}`, []));
    expect(await made(model([input('in'), ...many]))).toBe('ERR_CORRUPT');
  });

  it('have masks that TensorFlow.js does not compute with', async () => {
    const embedding: Json = {
      ...(dense('e', [tensor('in')]) as object),
      class_name: 'Embedding',
      config: { name: 'e', input_dim: 4, output_dim: 3, mask_zero: true },
    };
    const merged = (kind: string): string =>
      JSON.stringify({
        class_name: 'Functional',
        config: {
          name: 'f',
          layers: [
            input('in'),
            input('other', [null, 3, 3]),
            embedding,
            { ...(dense('m', []) as object), class_name: kind, inbound_nodes: [both], config: { name: 'm' } },
          ],
          input_layers: [
            ['in', 0, 0],
            ['other', 0, 0],
          ],
          output_layers: [['m', 0, 0]],
        },
      });
    const both: Json = { args: [[tensor('e'), tensor('other')]], kwargs: {} };
    expect(await made(merged('Add'))).toBe('made');
    expect(await made(merged('Multiply'))).toBe('ERR_NOT_SUPPORTED');
  });

  it('have calls that lead nowhere, or in a circle', async () => {
    const model = (layers: Json[], output: string): string =>
      JSON.stringify({
        class_name: 'Functional',
        config: { name: 'f', layers, input_layers: ['in', 0, 0], output_layers: [[output, 0, 0]] },
      });
    expect(await made(model([input('in'), dense('a', [tensor('b')]), dense('b', [tensor('a')])], 'b'))).toBe(
      'ERR_CORRUPT',
    );
    expect(await made(model([input('in'), dense('a', [tensor('nobody')])], 'a'))).toBe('ERR_CORRUPT');
    expect(await made(model([input('in'), dense('__proto__', [tensor('in')])], '__proto__'))).not.toBe('made');
    // The worst order for TensorFlow.js, which would take minutes.
    const chain = Array.from({ length: 2000 }, (_, i) => dense(`d${i}`, [tensor(i === 0 ? 'in' : `d${i - 1}`)]));
    expect(await made(model([input('in'), ...chain.reverse()], 'd1999'))).toBe('made');
  });
});
