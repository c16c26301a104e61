/**
 * Positions that moved: a layer without weights in one of two branches changes the order of the layers, and with it
 * where a checkpoint has whose weights. tf_keras gives one branch the other's; names that users gave show it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  Checkpoint,
  copyWeights,
  type LoadWeightsOptions,
  loadWeights,
  MisplacedWeightsError,
  ModelCheckpoint,
  saveWeights,
} from '../../src/tfjs.js';
import {
  type Answer,
  branches,
  distance,
  itRefusesWhatMoved,
  mapIn,
  type Names,
  predict,
  refusal,
  runKeras,
  valuesOf,
  X,
} from './misplaced.js';

const l = tf.layers;
let directory: string;
let answer: Answer;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle misplaced '));
  answer = await runKeras(directory, ['dense', 'distributed', 'nested']);
}, 180_000);
afterAll(() => rm(directory, { recursive: true, force: true }));

const at = (...parts: string[]): string => join(directory, ...parts);

describe('positions that moved', () => {
  itRefusesWhatMoved(
    ['dense', 'distributed'],
    () => directory,
    () => answer,
  );

  it('nested models whose layers have the same names: Keras 3 notes names of models, tf_keras does not', async () => {
    const moved = branches('nested', ['a', 'b'], true);
    const error = await refusal(moved, () => loadWeights(moved, at('keras3', 'nested', 'w')));
    expect(error.message).toMatch(/'a'.*'b'|'b'.*'a'/);
    await loadWeights(moved, at('tf_keras', 'nested', 'w'));
    expect(distance(predict(moved), answer['tf_keras/nested moved']!)).toBeLessThan(1e-5);
    const same = branches('nested');
    await loadWeights(same, at('keras3', 'nested', 'w'));
    expect(distance(predict(same), answer['keras3/nested']!)).toBeLessThan(1e-5);
  });

  it.each(['saved', 'exported', 'below/w', 'trained/w'])('in every form: %s', async form => {
    const same = branches('dense');
    (await loadWeights(same, at(form))).assertExistingObjectsMatched();
    expect(distance(predict(same), answer.forms!)).toBeLessThan(1e-5);
    const moved = branches('dense', ['a', 'b'], true);
    await refusal(moved, () => loadWeights(moved, at(form)));
  });

  it('names find them in a checkpoint that has no object graph', async () => {
    const moved = branches('dense', ['a', 'b'], true);
    (await loadWeights(moved, at('saver', 'w'))).assertConsumed();
    expect(distance(predict(moved), answer.forms!)).toBeLessThan(1e-5);
  });

  it('and the slots of an optimizer follow the weights', async () => {
    const moved = branches('dense', ['a', 'b'], true);
    moved.compile({ optimizer: tf.train.momentum(0.1, 0.5), loss: 'meanSquaredError' });
    const error = await refusal(moved, () => loadWeights(moved, at('trained', 'w')));
    const same = branches('dense');
    same.compile({ optimizer: tf.train.momentum(0.1, 0.5), loss: 'meanSquaredError' });
    const map = mapIn(error);
    const ones = tf.ones([2, 4, 8]);
    for (const [model, options] of [
      [same, {}],
      [moved, { map }],
    ] as const) {
      await loadWeights(model, at('trained', 'w'), options);
      for (const layer of model.layers)
        if (layer.getClassName() === 'Dropout') (layer as unknown as { rate: number }).rate = 0;
      await model.fit(X, ones, { verbose: 0, shuffle: false });
    }
    for (const name of ['a', 'b']) {
      const [one, other] = [same, moved].map(model => [...model.getLayer(name).getWeights()[0]!.dataSync()]);
      expect(distance(one!, other!)).toBeLessThan(1e-6);
    }
  });
});

describe('what is loaded as before', () => {
  it.each<[string, Names]>([
    ['automatic names of TensorFlow.js', [undefined, undefined]],
    ["names as Keras's, which came with an architecture", ['dense', 'dense_1']],
    ['the same, one further', ['dense_2', 'dense_3']],
    ['one name that a user gave', ['first', 'dense_1']],
    ['names that the checkpoint does not know', ['x', 'y']],
  ])('a later session of Python, whose names go on counting: %s', async (_what, names) => {
    expect(answer['later names']).toEqual(['dense_1', 'dense_2']);
    const model = branches('dense', names);
    (await loadWeights(model, at('later', 'w'))).assertConsumed();
    expect(distance(predict(model), answer.later!)).toBeLessThan(1e-5);
  });

  it.each<[string, Names]>([
    ['none is known', ['x', 'y']],
    ['one is, in its place', ['a', 'y']],
    ['none was given', [undefined, undefined]],
    ['names of other classes', ['conv2d', 'lstm_1']],
  ])('a renamed model: %s', async (_what, names) => {
    const model = branches('dense', names);
    (await loadWeights(model, at('tf_keras', 'dense', 'w'))).assertConsumed();
    expect(distance(predict(model), answer['tf_keras/dense']!)).toBeLessThan(1e-5);
  });

  it('a layer without weights that has the name of one with weights', async () => {
    const inputs = tf.input({ shape: [4, 3] });
    const layers = ['x', 'y'].map(name => l.dense({ units: 4, activation: 'tanh', name }).apply(inputs));
    const dropped = l.dropout({ rate: 0.5, name: 'a' }).apply(l.concatenate().apply(layers as tf.SymbolicTensor[]));
    const model = tf.model({ inputs, outputs: dropped as tf.SymbolicTensor });
    (await loadWeights(model, at('tf_keras', 'dense', 'w'))).assertConsumed();
  });

  it('what was exchanged on purpose, by `map` for layers and for variables', async () => {
    const [a, b] = ['layer_with_weights-0', 'layer_with_weights-1'];
    const byVariable = {
      'a/kernel': `${b}/kernel`,
      'a/bias': `${b}/bias`,
      'b/kernel': `${a}/kernel`,
      'b/bias': `${a}/bias`,
    };
    for (const map of [{ a: b, b: a }, byVariable] as Record<string, string>[]) {
      const model = branches('dense');
      (await loadWeights(model, at('tf_keras', 'dense', 'w'), { map })).assertConsumed();
      // What tf_keras makes of positions that moved.
      expect(distance(predict(model), answer['tf_keras/dense moved']!)).toBeLessThan(1e-5);
    }
  });

  it('nested models whose layers share names, in part renamed', async () => {
    const part = (outer: string, inner: string): tf.Sequential =>
      tf.sequential({ name: outer, layers: [l.dense({ units: 3, inputShape: [3], name: inner })] });
    const whole = (...inner: [string, string]): tf.Sequential =>
      tf.sequential({ layers: [part('encoder', inner[0]), part('decoder', inner[1])] });
    const trained = whole('same', 'same');
    await saveWeights(trained, at('parts', 'w'));
    const renamed = whole('same', 'other');
    (await loadWeights(renamed, at('parts', 'w'))).assertConsumed();
    expect(valuesOf(renamed)).toBe(valuesOf(trained));
  });

  it('what is left out', async () => {
    const model = branches('dense', ['a', 'b'], true);
    const status = await loadWeights(model, at('tf_keras', 'dense', 'w'), { exclude: /^[ab]\// });
    expect(status.loaded).toEqual([]);
  });
});

describe('wherever positions count', () => {
  const saved = async (): Promise<{ trained: tf.LayersModel; path: string }> => {
    const trained = branches('dense');
    trained.weights.forEach((weight, i) => void weight.write(tf.fill(weight.shape as number[], i + 1)));
    await saveWeights(trained, at('node', 'w'));
    return { trained, path: at('node', 'w') };
  };

  it.each<LoadWeightsOptions>([
    {},
    { skipMismatch: true },
    { exclude: /bias/ },
    { include: /^a\// },
    { map: { model: '' } },
  ])('with the options %j', async options => {
    const { path } = await saved();
    const moved = branches('dense', ['a', 'b'], true);
    const map = options.map && { [moved.name]: '' };
    await refusal(moved, () => loadWeights(moved, path, { ...options, ...(map && { map }) }));
  });

  it('where sizes differ, of what would still fit', async () => {
    const build = (units: [number, number], dropout: boolean): tf.LayersModel => {
      const inputs = tf.input({ shape: [4] });
      const narrow = l.dense({ units: 2 }).apply(inputs) as tf.SymbolicTensor;
      const a = l.dense({ units: units[0], name: 'a' }).apply(inputs);
      let b = l.dense({ units: units[1], name: 'b' }).apply(narrow);
      if (dropout) b = l.dropout({ rate: 0.5 }).apply(b);
      return tf.model({ inputs, outputs: l.concatenate().apply([a, b] as tf.SymbolicTensor[]) as tf.SymbolicTensor });
    };
    const trained = build([3, 3], false);
    await saveWeights(trained, at('sizes', 'w'));
    const moved = tf.sequential({
      layers: [
        l.dense({ units: 2, inputShape: [4] }),
        l.dense({ units: 3, name: 'b' }),
        l.dense({ units: 3, name: 'a' }),
      ],
    });
    await refusal(moved, () => loadWeights(moved, at('sizes', 'w'), { skipMismatch: true }));
  });

  it('a Checkpoint, a callback that begins from a checkpoint, copies in memory', async () => {
    const { trained, path } = await saved();
    const moved = branches('dense', ['a', 'b'], true);
    await new Checkpoint({ model: trained, step: tf.variable(tf.scalar(1)) }).write(at('node', 'c'));
    const step = tf.variable(tf.scalar(0));
    await refusal(moved, () => new Checkpoint({ model: moved, step }).restore(at('node', 'c')));
    expect(step.dataSync()[0]).toBe(0);
    moved.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const callback = new ModelCheckpoint({ filepath: path, saveWeightsOnly: true, loadWeightsOnRestart: true });
    const ones = tf.ones([2, 4, 8]);
    await refusal(moved, () => moved.fit(X, ones, { verbose: 0, callbacks: [callback] }));
    for (const by of ['order', 'path'] as const) await refusal(moved, () => copyWeights(trained, moved, { by }));
    const renamed = branches('dense', ['x', 'y']);
    copyWeights(trained, renamed).assertConsumed();
  });

  it('a layer that was put before another: the first would take the weights of the second', async () => {
    const head = (): tf.layers.Layer => l.dense({ units: 3, name: 'head' });
    const body = (): tf.layers.Layer => l.dense({ units: 3, inputShape: [3], name: 'body' });
    await saveWeights(tf.sequential({ layers: [body(), head()] }), at('deeper', 'w'));
    const deeper = tf.sequential({ layers: [body(), l.dense({ units: 3, name: 'extra' }), head()] });
    const error = await refusal(deeper, () => loadWeights(deeper, at('deeper', 'w')));
    expect(error).toMatchObject({ expected: 'extra', found: 'head' });
    const map = { head: 'layer_with_weights-1' };
    await refusal(deeper, () => loadWeights(deeper, at('deeper', 'w'), { map }));
    const status = await loadWeights(deeper, at('deeper', 'w'), { map, exclude: /^extra\// });
    expect(status.loaded).toHaveLength(4);
  });

  it('lists of layers; names of the user are no positions', async () => {
    const layer = (name: string, value: number): tf.layers.Layer => {
      const made = l.dense({ units: 1, useBias: false, name });
      made.apply(tf.zeros([1, 1]));
      made.setWeights([tf.fill([1, 1], value)]);
      return made;
    };
    const [a, b] = [layer('a', 1), layer('b', 2)];
    await new Checkpoint({ blocks: [a, b] }).write(at('lists', 'list'));
    await new Checkpoint({ first: a, second: b }).write(at('lists', 'names'));
    const names = new Checkpoint({ first: b, second: a });
    const list = new Checkpoint({ blocks: [b, a] });
    await expect(list.read(at('lists', 'list'))).rejects.toBeInstanceOf(MisplacedWeightsError);
    expect([a, b].map(one => one.getWeights()[0]!.dataSync()[0])).toEqual([1, 2]);
    (await names.read(at('lists', 'names'))).assertConsumed();
    expect([a, b].map(one => one.getWeights()[0]!.dataSync()[0])).toEqual([2, 1]);
    // Of layers that are not built yet, before anything waits.
    const later = ['b', 'a'].map(name => l.dense({ units: 1, useBias: false, name }));
    await expect(new Checkpoint({ blocks: later }).read(at('lists', 'list'))).rejects.toBeInstanceOf(
      MisplacedWeightsError,
    );
    const right = ['a', 'b'].map(name => l.dense({ units: 1, useBias: false, name }));
    const status = await new Checkpoint({ blocks: right }).read(at('lists', 'list'));
    for (const one of right) one.apply(tf.zeros([1, 1]));
    status.assertConsumed();
  });

  it('layers in the fields of a custom layer', async () => {
    class Blocks extends l.Layer {
      static className = 'MisplacedBlocks';
      readonly blocks: tf.layers.Layer[];
      constructor(names: readonly string[], config: object) {
        super(config);
        this.blocks = names.map(name => l.dense({ units: 3, name }));
      }
      override build(shape: tf.Shape): void {
        for (const block of this.blocks) block.build(shape);
        this.built = true;
      }
      override call(x: tf.Tensor): tf.Tensor {
        return x;
      }
    }
    const model = (...names: string[]): tf.LayersModel => {
      const layers = [new Blocks(names, { inputShape: [3] })];
      return tf.sequential({ layers });
    };
    await saveWeights(model('a', 'b'), at('custom', 'w'));
    (await loadWeights(model('a', 'b'), at('custom', 'w'))).assertConsumed();
    (await loadWeights(model('x', 'b'), at('custom', 'w'))).assertConsumed();
    const moved = model('b', 'a');
    await refusal(moved, () => loadWeights(moved, at('custom', 'w')));
  });
});
