/**
 * From Node to Node: an optimizer that was restored goes on, bit for bit, as the one that was saved, under either kind
 * of keys.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Checkpoint } from '../../../src/tfjs.js';
import { expectSame, nested, OPTIMIZERS, type Training, train, variablesOf } from './training.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-resume-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const CASES = Object.keys(OPTIMIZERS).flatMap(name => (['new', 'legacy'] as const).map(keys => [name, keys] as const));

interface NestedTraining extends Training {
  readonly checkpoint: Checkpoint;
}

function begin(name: string): NestedTraining {
  const model = nested();
  const optimizer = OPTIMIZERS[name]!();
  return { optimizer, variables: variablesOf(model), checkpoint: new Checkpoint({ model, optimizer }) };
}

describe.each(CASES)('%s, %s keys', (name, keys) => {
  const path = (): string => join(directory, `${name} ${keys}`);
  let whole: NestedTraining;

  beforeAll(async () => {
    whole = begin(name);
    train(whole, 0, 5);
    await whole.checkpoint.write(path(), { optimizerKeys: keys });
    train(whole, 5, 10);
  });

  it('a fresh optimizer', async () => {
    const resumed = begin(name);
    (await resumed.checkpoint.read(path())).assertConsumed();
    expect(resumed.optimizer.iterations).toBe(5);
    train(resumed, 5, 10);
    expectSame(resumed.variables, whole.variables);
  });

  it('an optimizer that has trained', async () => {
    const resumed = begin(name);
    train(resumed, 0, 3);
    (await resumed.checkpoint.read(path())).assertConsumed();
    train(resumed, 5, 10);
    expectSame(resumed.variables, whole.variables);
  });

  it('saved again before a step', async () => {
    const between = begin(name);
    await between.checkpoint.read(path());
    await between.checkpoint.write(`${path()} same`, { optimizerKeys: keys });
    for (const ending of ['.index', '.data-00000-of-00001']) {
      expect(readFileSync(`${path()} same${ending}`).equals(readFileSync(`${path()}${ending}`)), ending).toBe(true);
    }
    await between.checkpoint.write(`${path()} again`, { optimizerKeys: keys === 'new' ? 'legacy' : 'new' });
    const resumed = begin(name);
    (await resumed.checkpoint.read(`${path()} again`)).assertConsumed();
    train(resumed, 5, 10);
    expectSame(resumed.variables, whole.variables);
  });
});

it('a learning rate that changed since the slots were begun', async () => {
  const [whole, resumed] = [begin('momentum'), begin('momentum')];
  train(whole, 0, 5);
  (whole.optimizer as tf.MomentumOptimizer).setLearningRate(0.01);
  train(whole, 5, 10);
  await whole.checkpoint.write(join(directory, 'rate'));
  train(whole, 10, 20);
  (await resumed.checkpoint.read(join(directory, 'rate'))).assertConsumed();
  expect((resumed.optimizer as unknown as { learningRate: number }).learningRate).toBe(0.01);
  train(resumed, 10, 20);
  expectSame(resumed.variables, whole.variables);
});

it('a model that was loaded with its optimizer, whose slots have names of other variables', async () => {
  const whole = begin('adam');
  train(whole, 0, 100);
  const model = nested();
  const optimizer = tf.train.adam(0.01, 0.9, 0.999);
  // As tf.loadLayersModel does; the powers of the betas are not those that were multiplied step by step then.
  await optimizer.setWeights(await whole.optimizer.getWeights());
  const loaded = { optimizer, variables: variablesOf(model), checkpoint: new Checkpoint({ model, optimizer }) };
  for (const [i, variable] of whole.variables.entries()) loaded.variables[i]!.assign(variable);
  train(loaded, 100, 102);
  await loaded.checkpoint.write(join(directory, 'loaded'), { optimizerKeys: 'legacy' });
  train(loaded, 102, 110);
  const resumed = begin('adam');
  (await resumed.checkpoint.read(join(directory, 'loaded'))).assertConsumed();
  train(resumed, 102, 110);
  expectSame(resumed.variables, loaded.variables);
});

it('a compiled model goes on with fit', async () => {
  const compiled = () => {
    const model = nested();
    model.compile({ optimizer: tf.train.adam(0.01, 0.9, 0.999), loss: 'meanSquaredError' });
    const x = tf.tidy(() => tf.linspace(-1, 1, 24).reshape([8, 3]));
    const fit = (epochs: number) => model.fit(x, x, { epochs, batchSize: 4, shuffle: false, verbose: 0 });
    return { fit, checkpoint: new Checkpoint(model), variables: variablesOf(model) };
  };
  const [whole, resumed] = [compiled(), compiled()];
  await whole.fit(2);
  await whole.checkpoint.write(join(directory, 'fit'));
  await whole.fit(3);
  (await resumed.checkpoint.read(join(directory, 'fit'))).assertConsumed();
  await resumed.fit(3);
  expectSame(resumed.variables, whole.variables);
});

it('without slots, those that exist or wait stay as they are', async () => {
  for (const name of Object.keys(OPTIMIZERS)) {
    const whole = begin(name);
    train(whole, 0, 4);
    const path = join(directory, `no slots ${name}`);
    await whole.checkpoint.write(path, { skipSlotVariables: true });
    await whole.checkpoint.write(`${path} full`);
    const resumed = begin(name);
    await resumed.checkpoint.read(`${path} full`);
    (await resumed.checkpoint.read(path, { skipSlotVariables: true })).assertConsumed();
    expect(resumed.optimizer.iterations).toBe(4);
    train(whole, 4, 8);
    train(resumed, 4, 8);
    expectSame(resumed.variables, whole.variables);
  }
});
