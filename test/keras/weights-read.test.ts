/** Weights that Keras 3 and tf_keras saved, in models that are built here: the same outputs; what callers may say. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { Adam } from '../../src/optimizers.js';
import { gru, gruCell, loadWeights, MisplacedWeightsError } from '../../src/tfjs.js';
import { Scratch } from '../crash/scratch.js';
import { runPython } from '../oracle/python.js';

const { layers } = tf;
const folder = new Scratch('weights-read').directory();
const at = (name: string): string => join(folder, name);

type Weights = readonly (number | readonly (number | readonly number[])[])[];
interface Answers {
  readonly [name: string]: readonly (readonly number[])[];
}
let answers: Answers;
const named = (name: string): Record<string, Weights> => answers[name] as unknown as Record<string, Weights>;

beforeAll(async () => {
  await runPython('test/keras/weights_read.py', [folder, 'models']);
  answers = JSON.parse(readFileSync(at('answers.json'), 'utf8')) as Answers;
}, 120_000);

/** The same as `many_layers` in weights_read.py. Layers without a name there have none here. */
function manyLayers(): tf.LayersModel {
  const inputs = tf.input({ shape: [6, 4] });
  const lstm = layers.lstm({ units: 2, returnSequences: true, recurrentActivation: 'sigmoid' });
  const cells = [layers.lstmCell({ units: 2, recurrentActivation: 'sigmoid' }), gruCell({ units: 3 })];
  const steps = [
    layers.bidirectional({ layer: lstm as never, mergeMode: 'concat', name: 'bi' }),
    layers.timeDistributed({ layer: layers.dense({ units: 3 }), name: 'td' }),
    layers.rnn({ cell: cells as never, returnSequences: true }),
    layers.conv1d({ filters: 3, kernelSize: 2, name: 'c1' }),
    layers.batchNormalization({}),
    gru({ units: 2, dropout: 0.1 }),
    innerModel(),
    functional(),
  ];
  const shared = layers.dense({ units: 2, name: 'shared' });
  const all = [...steps, shared, shared, layers.dense({ units: 1, name: 'out' })];
  const outputs = all.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, inputs);
  return tf.model({ inputs, outputs });
}

function innerModel(): tf.LayersModel {
  return tf.sequential({
    name: 'inner',
    layers: [
      layers.dense({ units: 2, inputShape: [2], name: 'in1' }),
      layers.dropout({ rate: 0.2 }),
      layers.dense({ units: 2 }),
    ],
  });
}

/** The outputs of a model whose inputs have the shape [6, 4]. */
function expectOutputs(model: tf.LayersModel, expected: readonly (readonly number[])[]): void {
  const inputs = tf.tensor(
    Array.from({ length: 48 }, (_, i) => Math.sin(i)),
    [2, 6, 4],
  );
  const outputs = (model.predict(inputs) as tf.Tensor).arraySync() as number[][];
  outputs.forEach((row, i) => {
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(expected[i]![j]!, 5);
    });
  });
}

function functional(): tf.LayersModel {
  const inputs = tf.input({ shape: [2] });
  const dense = layers.dense({ units: 2 }).apply(inputs);
  return tf.model({ inputs, outputs: layers.prelu().apply(dense) as tf.SymbolicTensor, name: 'fm' });
}

function chain(...names: readonly string[]): tf.Sequential {
  const shape = { inputShape: [4] };
  return tf.sequential({
    layers: names.map((name, i) => layers.dense({ units: 4, name, ...(i === 0 ? shape : {}) })),
  });
}

function weightsOf(model: tf.LayersModel): Record<string, unknown> {
  return Object.fromEntries(model.layers.map(one => [one.name, one.getWeights().map(weight => weight.arraySync())]));
}

describe('many kinds of layers', () => {
  const files = [
    ...['keras.weights.h5', 'keras.h5', 'keras-parts.weights.json'].map(name => [name, 'keras'] as const),
    ...['tf_keras.weights.h5', 'tf_keras.h5', 'tf_keras-weights.h5'].map(name => [name, 'tf_keras'] as const),
  ];
  test.each(files)('%s', async (name, library) => {
    const model = manyLayers();
    model.compile({ optimizer: new Adam({}), loss: 'meanSquaredError' });
    (await loadWeights(model, at(name))).assertConsumed();
    expectOutputs(model, answers[library]!);
  });
});

describe('earlier versions of Keras', () => {
  const FIXTURES = 'test/fixtures/keras';

  test.each(['keras-2.12.0', 'keras-2.13.1', 'keras-3.3.3'])('%s', async name => {
    const inputs = tf.input({ shape: [6, 4] });
    const lstm = layers.lstm({ units: 2, returnSequences: true, recurrentActivation: 'sigmoid' });
    const shared = layers.dense({ units: 2, name: 'shared' });
    const all = [
      layers.bidirectional({ layer: lstm as never, mergeMode: 'concat', name: 'bi' }),
      layers.timeDistributed({ layer: layers.dense({ units: 3 }), name: 'td' }),
      gru({ units: 2, dropout: 0.1 }),
      innerModel(),
      layers.batchNormalization({}),
      ...[shared, shared, layers.dense({ units: 1, name: 'out' })],
    ];
    const outputs = all.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, inputs);
    const model = tf.model({ inputs, outputs });
    (await loadWeights(model, `${FIXTURES}/${name}.weights.h5`)).assertConsumed();
    expectOutputs(model, JSON.parse(readFileSync(`${FIXTURES}/${name}.json`, 'utf8')) as number[][]);
  });
});

describe('types', () => {
  test.each(['float16', 'bfloat16', 'float64'])('%s becomes float32', async dtype => {
    const model = tf.sequential({ layers: [layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
    (await loadWeights(model, at(`${dtype}.weights.h5`))).assertConsumed();
    expect(weightsOf(model)).toEqual({ d: answers[dtype] });
  });

  test('the integers of a quantized layer are not taken for its weights', async () => {
    const model = tf.sequential({ layers: [layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
    const before = weightsOf(model);
    await expect(loadWeights(model, at('int8.weights.h5'))).rejects.toThrow(
      'layer d expects variables 2; the file has 3 at layers/dense/vars: only their number says which they are',
    );
    expect(weightsOf(model)).toEqual(before);
  });
});

describe('names and order', () => {
  const FILES = ['keras-named.weights.h5', 'tf_keras-named.weights.h5', 'named.h5'];

  test.each(['keras-named.weights.h5', 'named.h5'])('%s: layers of the same names in any order', async name => {
    const model = chain('third', 'first', 'second');
    (await loadWeights(model, at(name))).assertConsumed();
    expect(weightsOf(model)).toEqual(named(name.startsWith('keras') ? 'keras-named' : 'tf_keras-named'));
  });

  test.each(FILES)('%s: other names are no hindrance, since the order counts then', async name => {
    const model = chain('a', 'b', 'c');
    (await loadWeights(model, at(name))).assertConsumed();
    const { first, second, third } = named(name.startsWith('keras') ? 'keras-named' : 'tf_keras-named');
    expect(weightsOf(model)).toEqual({ a: first, b: second, c: third });
  });

  test.each(['keras-named.weights.h5', 'named.h5'])('%s: weights of another layer are noticed', async name => {
    const model = chain('second', 'first', 'other');
    const before = weightsOf(model);
    const error = await loadWeights(model, at(name)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(MisplacedWeightsError);
    expect(weightsOf(model)).toEqual(before);
    const map = JSON.parse(/\{ map: (\{.*\}) \}/.exec((error as Error).message)![1]!) as Record<string, string>;
    (await loadWeights(model, at(name), { map })).assertConsumed();
    const { first, second, third } = named(name.startsWith('keras') ? 'keras-named' : 'tf_keras-named');
    expect(weightsOf(model)).toEqual({ second, first, other: third });
  });

  test('frozen layers had other places in the older files', async () => {
    const inner = tf.sequential({
      name: 'inner',
      layers: [...'abc'].map(name => layers.dense({ units: 4, name, ...(name === 'a' && { inputShape: [4] }) })),
    });
    const model = tf.sequential({ layers: [inner, layers.dense({ units: 1, name: 'out' })] });
    (await loadWeights(model, at('frozen.h5'))).assertConsumed();
    expect(weightsOf(inner)).toEqual(named('frozen'));
  });

  test('by name, as Keras with by_name=True', async () => {
    const model = chain('third', 'new', 'first', 'other');
    const before = weightsOf(model);
    const status = await loadWeights(model, at('named.h5'), { byName: true });
    expect(status.loaded).toHaveLength(4);
    expect(status.missing).toEqual([
      'new/new/kernel:0',
      'new/new/bias:0',
      'other/other/kernel:0',
      'other/other/bias:0',
    ]);
    expect(status.unused).toEqual(['second/second/bias:0', 'second/second/kernel:0']);
    const { first, third } = named('tf_keras-named');
    expect(weightsOf(model)).toEqual({ ...before, first, third });
    await expect(loadWeights(model, at('keras-named.weights.h5'), { byName: true })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    });
  });
});

describe('options', () => {
  test('shapes that differ are named, and nothing is changed unless they are to be skipped', async () => {
    const model = tf.sequential({
      layers: [
        layers.dense({ units: 5, inputShape: [4], name: 'first' }),
        layers.dense({ units: 4, name: 'second' }),
        layers.dense({ units: 4, name: 'third' }),
      ],
    });
    const before = weightsOf(model);
    const path = at('keras-named.weights.h5');
    await expect(loadWeights(model, path)).rejects.toThrow(
      'layer first expects kernel [4,5]; the file has [4,4] at layers/dense/vars/0 (and 2 more); nothing was changed',
    );
    expect(weightsOf(model)).toEqual(before);
    const status = await loadWeights(model, path, { skipMismatch: true });
    expect(status.mismatched.map(({ key }) => key)).toEqual([
      'layers/dense/vars/0',
      'layers/dense/vars/1',
      'layers/dense_1/vars/0',
    ]);
    const { second, third } = named('keras-named');
    expect(weightsOf(model)).toEqual({ ...before, second: [(before.second as unknown[])[0], second![1]], third });
  });

  test.each([
    ['keras-named.weights.h5', /layers\/dense_1/],
    ['keras-named.weights.h5', /^second\//],
    ['named.h5', /^second\/second\/(kernel|bias):0$/],
  ] as const)('%s: %s alone is loaded, or left out', async (name, pattern) => {
    const model = chain('first', 'second', 'third');
    const before = weightsOf(model);
    const stored = named(name.startsWith('keras') ? 'keras-named' : 'tf_keras-named');
    await loadWeights(model, at(name), { include: pattern });
    expect(weightsOf(model)).toEqual({ ...before, second: stored.second });
    const status = await loadWeights(model, at(name), { exclude: pattern });
    expect(status.loaded).toHaveLength(4);
    expect(weightsOf(model)).toEqual(stored);
  });

  test.each([
    ['keras-named.weights.h5', 'layers/dense_2', '/layers/dense/vars/1'],
    ['named.h5', 'third', 'first/first/bias'],
  ] as const)('%s: a map to a layer and to a variable', async (name, layer, variable) => {
    const model = chain('a', 'b');
    const status = await loadWeights(model, at(name), {
      map: { a: layer, 'b/bias': variable },
      include: /^a\/|^b\/bias/,
    });
    expect(status.loaded).toHaveLength(3);
    const { first, third } = named(name.startsWith('keras') ? 'keras-named' : 'tf_keras-named');
    const { a, b } = weightsOf(model) as Record<string, unknown[]>;
    expect(a).toEqual(third);
    expect(b![1]).toEqual(first![1]);
    await expect(loadWeights(model, at(name), { map: { a: 'nowhere' } })).rejects.toThrow(
      "map looks for 'a' at 'nowhere', which the file does not have; it has",
    );
  });
});

test.each([
  ['ring.weights.h5', 'ERR_CORRUPT'],
  ['tree.weights.h5', 'ERR_TOO_LARGE'],
])('%s, whose groups lead to each other, is refused', async (name, code) => {
  await expect(loadWeights(chain('first'), at(name))).rejects.toMatchObject({ code });
});
