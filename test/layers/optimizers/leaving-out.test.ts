/**
 * What is left out of a restore stays as it was, whatever belongs to it; and numbers that an optimizer has no use for
 * are told.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as exact from '../../../src/optimizers.js';
import { Checkpoint, loadWeights, type RestoreStatus, saveWeights } from '../../../src/tfjs.js';
import { OPTIMIZERS } from './training.js';

/** One of each way to keep slots and numbers. */
const NAMES = [
  'sgd',
  'momentum',
  'adam',
  'adamax',
  'rmsprop momentum',
  'exact SGD',
  'exact Adam',
  'exact Nadam',
  'exact RMSprop',
];
const ALL: Readonly<Record<string, () => tf.Optimizer>> = {
  ...Object.fromEntries(NAMES.map(name => [name, OPTIMIZERS[name]!])),
  wrapped: () => new exact.LossScaleOptimizer(new exact.Adam({ learningRate: 0.01 })),
};

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-leaving-out-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function build(classes: number, optimizer: tf.Optimizer): tf.LayersModel {
  const body = tf.layers.dense({ units: 4, inputShape: [2], name: 'body' });
  const model = tf.sequential({ layers: [body, tf.layers.dense({ units: classes, name: 'head' })] });
  model.compile({ optimizer, loss: 'meanSquaredError' });
  return model;
}

async function learn(model: tf.LayersModel, classes: number, epochs = 2): Promise<void> {
  await model.fit(tf.ones([4, 2]), tf.ones([4, classes]), { epochs, verbose: 0, shuffle: false });
}

const rateOf = (optimizer: tf.Optimizer): number => (optimizer as unknown as { learningRate: number }).learningRate;

function setRate(optimizer: tf.Optimizer, rate: number): void {
  const { setLearningRate } = optimizer as tf.SGDOptimizer;
  if (setLearningRate) setLearningRate.call(optimizer, rate);
  else (optimizer as unknown as { learningRate: number }).learningRate = rate;
}

const told = ({ loaded, unused }: RestoreStatus, pattern: RegExp): string[] =>
  [...loaded, ...unused].filter(key => pattern.test(key));

/** What the optimizer keeps, under the paths of its keys as it would save them, by the names of layers. */
async function stateOf(model: tf.LayersModel): Promise<Record<string, string>> {
  const weights = (await model.optimizer.getWeights().catch(() => [])) as { name: string; tensor: tf.Tensor }[];
  const named = weights.map(({ name, tensor }, i) => [`${i} ${name}`, String([...tensor.dataSync()])] as const);
  return Object.fromEntries(named);
}

describe.each(Object.keys(ALL))('%s', name => {
  const save = async (keys: 'new' | 'legacy' = 'new'): Promise<{ model: tf.LayersModel; path: string }> => {
    const model = build(3, ALL[name]!());
    await learn(model, 3);
    const path = join(directory, `${name} ${keys}`);
    await saveWeights(model, path, { optimizerKeys: keys });
    return { model, path };
  };

  it.each(['new', 'legacy'] as const)('numbers that are excluded stay (%s)', async keys => {
    const { path } = await save(keys);
    for (const read of [
      (model: tf.LayersModel, exclude: RegExp) => loadWeights(model, path, { exclude }),
      (model: tf.LayersModel, exclude: RegExp) => new Checkpoint(model).read(path, { exclude }),
    ]) {
      const one = build(3, ALL[name]!());
      setRate(one.optimizer, 0.5);
      const status = await read(one, /learning_rate/);
      expect(told(status.assertConsumed(), /learning_rate/)).toEqual([]);
      expect([rateOf(one.optimizer), one.optimizer.iterations]).toEqual([0.5, 2]);
      const other = build(3, ALL[name]!());
      setRate(other.optimizer, 0.5);
      const rest = await read(other, /iter(ations)?$/);
      expect(told(rest.assertConsumed(), /_iterations|iter\//).filter(key => !/inner_optimizer/.test(key))).toEqual([]);
      expect(other.optimizer.iterations).toBe(0);
      expect(rateOf(other.optimizer)).toBe(rateOf(ALL[name]!()));
    }
  });

  it.each(['new', 'legacy'] as const)('a head of another size is left out with its slots (%s)', async keys => {
    const { path } = await save(keys);
    for (const exclude of [/^head\//, /^layer_with_weights-1/]) {
      const model = build(5, ALL[name]!());
      await learn(model, 5);
      const [, , kernel, bias] = model.getWeights().map(weight => [...weight.dataSync()]);
      const before = await stateOf(model);
      const status = await loadWeights(model, path, { exclude });
      expect(status.missing).toEqual([]);
      status.assertConsumed();
      expect(
        model
          .getWeights()
          .slice(2)
          .map(weight => [...weight.dataSync()]),
      ).toEqual([kernel, bias]);
      const after = await stateOf(model);
      const heads = Object.keys(before).filter(key => /head/.test(key));
      expect(heads.map(key => after[key])).toEqual(heads.map(key => before[key]));
      const fresh = build(5, ALL[name]!());
      (await loadWeights(fresh, path, { exclude })).assertConsumed();
      await learn(fresh, 5, 1);
      expect(fresh.optimizer.iterations).toBe(3);
      expect(fresh.getWeights().every(weight => weight.dataSync().every(Number.isFinite))).toBe(true);
    }
    // Without a filter it is refused, and nothing has changed.
    const model = build(5, ALL[name]!());
    await expect(loadWeights(model, path)).rejects.toThrow(expect.objectContaining({ code: 'ERR_MISMATCH' }));
    expect(model.optimizer.iterations).toBe(0);
  });

  it('include takes a layer with its slots, and no number', async () => {
    const { path, model: trained } = await save();
    const model = build(5, ALL[name]!());
    setRate(model.optimizer, 0.5);
    const status = await loadWeights(model, path, { include: /^body\// });
    status.assertConsumed();
    expect(told(status, /layer_with_weights-1|_learning_rate|_iterations/)).toEqual([]);
    expect([rateOf(model.optimizer), model.optimizer.iterations]).toEqual([0.5, 0]);
    const [kernel] = model.getWeights();
    expect([...kernel!.dataSync()]).toEqual([...trained.getWeights()[0]!.dataSync()]);
  });

  it('includeOptimizer: false takes weights only, wherever the optimizer lies', async () => {
    const { model: trained, path: root } = await save();
    const beside = join(directory, `${name} beside`);
    await new Checkpoint({ model: trained, optimizer: trained.optimizer }).write(beside);
    const below = join(directory, `${name} below`);
    await new Checkpoint({ model: trained }).write(below, { optimizerKeys: 'legacy' });
    for (const path of [root, beside, below]) {
      const model = build(3, ALL[name]!());
      await learn(model, 3, 1);
      setRate(model.optimizer, 0.5);
      const before = await stateOf(model);
      const status = await loadWeights(model, path, { includeOptimizer: false });
      expect(status.assertConsumed().loaded).toHaveLength(4);
      expect(await stateOf(model)).toEqual(before);
      expect([rateOf(model.optimizer), model.optimizer.iterations]).toEqual([0.5, 1]);
      expect(model.getWeights().map(weight => [...weight.dataSync()])).toEqual(
        trained.getWeights().map(weight => [...weight.dataSync()]),
      );
    }
  });
});

it('the scale of a wrapped one is left out, or taken, by itself', async () => {
  const path = join(directory, 'scale');
  const model = build(3, ALL.wrapped!());
  await learn(model, 3);
  await saveWeights(model, path);
  for (const [exclude, state] of [
    [/learning_rate/, [32768, 2, 0.5, 2]],
    [/dynamic_scale/, [8, 0, 0.01, 2]],
  ] as const) {
    const optimizer = new exact.LossScaleOptimizer(new exact.Adam({ learningRate: 0.5 }), { initialScale: 8 });
    (await loadWeights(build(3, optimizer), path, { exclude })).assertConsumed();
    const { dynamicScale, stepCounter, learningRate, iterations } = optimizer;
    expect([dynamicScale, stepCounter, learningRate, iterations]).toEqual(state);
  }
});

describe('numbers without a use', () => {
  const momentum = 0.9;
  const unusedOf = async (path: string, optimizer: tf.Optimizer): Promise<string[]> => {
    const status = await loadWeights(build(3, optimizer), path);
    return status.unused.map(key => key.split('/.')[0]!.replace('optimizer/', '')).filter(key => !key.includes('/'));
  };

  it('decay and momentum of legacy keys', async () => {
    const model = build(3, new exact.SGD({ decay: 0.5, momentum }));
    await learn(model, 3);
    const path = join(directory, 'decay legacy');
    await saveWeights(model, path, { optimizerKeys: 'legacy' });
    expect(await unusedOf(path, tf.train.sgd(0.1))).toEqual(['decay', 'momentum']);
    expect(await unusedOf(path, tf.train.momentum(0.1, 0.5))).toEqual(['decay']);
    const optimizer = new exact.SGD();
    expect(await unusedOf(path, optimizer)).toEqual([]);
    expect(optimizer.decay).toBe(0.5);
  });

  it('momentum of an RMSprop that has slots for it, in one that has none, and the reverse', async () => {
    const path = join(directory, 'rmsprop momentum');
    const model = build(3, new exact.RMSprop({ momentum }));
    await learn(model, 3);
    await saveWeights(model, path, { optimizerKeys: 'legacy' });
    for (const optimizer of [new exact.RMSprop({ centered: true }), tf.train.rmsprop(0.1)]) {
      expect(await unusedOf(path, optimizer)).toEqual(['momentum']);
      expect((optimizer as exact.RMSprop).momentum).toBe(0);
    }
    const plain = join(directory, 'rmsprop');
    await saveWeights(build(3, new exact.RMSprop()), plain, { optimizerKeys: 'legacy' });
    expect(await unusedOf(plain, new exact.RMSprop({ momentum }))).toEqual(['momentum']);
  });

  it('a decay goes from Node to Node under new keys, too', async () => {
    const path = join(directory, 'decay new');
    await saveWeights(build(3, new exact.Adam({ decay: 0.1 })), path);
    const model = build(3, new exact.Adam());
    (await loadWeights(model, path)).assertConsumed();
    expect((model.optimizer as exact.Adam).decay).toBe(0.1);
    const other = build(3, new exact.Adam({ decay: 0.3 }));
    await loadWeights(other, path, { exclude: /decay/ });
    expect((other.optimizer as exact.Adam).decay).toBe(0.3);
  });
});
