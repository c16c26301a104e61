/** Slots that are restored before the optimizer's first step, which makes them: until then they wait. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as exact from '../../../src/optimizers.js';
import { Checkpoint } from '../../../src/tfjs.js';
import { expectSame, nested, OPTIMIZERS, start, tensorsLeft, train, variablesOf } from './training.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-waiting-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function begin(optimizer: tf.Optimizer, model = nested()) {
  return { model, optimizer, variables: variablesOf(model), checkpoint: new Checkpoint({ model, optimizer }) };
}

/** A training of five steps, and where it is saved. */
async function saved(make: () => tf.Optimizer, name: string, optimizerKeys: 'new' | 'legacy' = 'new') {
  const training = begin(make());
  train(training, 0, 5);
  const path = join(directory, name);
  await training.checkpoint.write(path, { optimizerKeys });
  return { ...training, path };
}

it.each(Object.keys(OPTIMIZERS))('%s: the first step makes at most the tensors that it makes without', async name => {
  const make = OPTIMIZERS[name]!;
  const { path } = await saved(make, `tensors ${name}`);
  const [fresh, restored] = [begin(make()), begin(make())];
  await restored.checkpoint.read(path);
  expect(tensorsLeft(() => train(restored, 5, 6))).toBeLessThanOrEqual(tensorsLeft(() => train(fresh, 5, 6)));
  expect(tensorsLeft(() => train(restored, 6, 8))).toBe(0);
});

it('restored any number of times, the last counts, and the object is as it was after one step', async () => {
  const make = OPTIMIZERS.adam!;
  const whole = await saved(make, 'often');
  const other = begin(make());
  train(other, 3, 6);
  await other.checkpoint.write(join(directory, 'often other'));
  const restored = begin(make());
  const { applyGradients } = restored.optimizer;
  await restored.checkpoint.read(join(directory, 'often other'));
  const waiting = restored.optimizer.applyGradients;
  for (let i = 0; i < 3; i++) await restored.checkpoint.read(whole.path);
  expect(restored.optimizer.applyGradients).toBe(waiting);
  expect(Object.keys(restored.optimizer)).not.toContain('applyGradients');
  train(whole, 5, 9);
  train(restored, 5, 9);
  expectSame(restored.variables, whole.variables);
  expect(restored.optimizer.applyGradients).toBe(applyGradients);
  expect(Object.hasOwn(restored.optimizer, 'applyGradients')).toBe(false);
});

it('an applyGradients of the user is called, whether it was there before or came later', async () => {
  const make = OPTIMIZERS.momentum!;
  const whole = await saved(make, 'own');
  train(whole, 5, 8);
  for (const when of ['before', 'after']) {
    const restored = begin(make());
    let calls = 0;
    const wrap = (): void => {
      const { applyGradients } = restored.optimizer;
      restored.optimizer.applyGradients = function (gradients): void {
        calls++;
        applyGradients.call(this, gradients);
      };
    };
    if (when === 'before') wrap();
    await restored.checkpoint.read(whole.path);
    if (when === 'after') wrap();
    train(restored, 5, 8);
    expect(calls).toBe(3);
    expectSame(restored.variables, whole.variables);
  }
});

it('slots that setWeights makes meanwhile are left alone', async () => {
  const make = OPTIMIZERS.momentum!;
  const whole = await saved(make, 'meanwhile');
  const restored = begin(make());
  await restored.checkpoint.read(whole.path);
  await restored.optimizer.setWeights(
    (await whole.optimizer.getWeights()).map(({ name, tensor }, i) => ({
      name,
      tensor: i === 0 ? tensor : tf.zerosLike(tensor),
    })),
  );
  const zeros = begin(make());
  restored.variables.forEach((variable, i) => {
    zeros.variables[i]!.assign(variable);
  });
  train(zeros, 5, 7);
  train(restored, 5, 7);
  expectSame(restored.variables, zeros.variables);
});

describe('a step with some of the variables', () => {
  it('leaves the rest waiting, where slots go by names', async () => {
    const make = OPTIMIZERS['exact Adam']!;
    const whole = await saved(make, 'some');
    const restored = begin(make());
    await restored.checkpoint.read(whole.path);
    for (const { optimizer, variables } of [whole, restored]) {
      train({ optimizer, variables: variables.slice(2, 5) }, 5, 7);
      train({ optimizer, variables }, 7, 9);
    }
    expectSame(restored.variables, whole.variables);
  });
});

it('a kind of slot that the checkpoint lacks begins at zero beside the others', async () => {
  const { path, variables } = await saved(() => new exact.Adam(), 'kinds');
  const optimizer = new exact.Adam({ amsgrad: true });
  const restored = begin(optimizer);
  const status = await restored.checkpoint.read(path);
  expect(status.unused).toEqual([]);
  tf.tidy(() => {
    optimizer.applyGradients(restored.variables.map(({ name, shape }) => ({ name, tensor: tf.zeros(shape) })));
  });
  restored.variables.forEach(({ name }, i) => {
    const [m, v, largest] = optimizer.slotsOf(name);
    // A gradient of zero leaves nine tenths.
    expect(m!.max().dataSync()[0]).not.toBe(0);
    expect([...largest!.dataSync()]).toEqual([...v!.dataSync()]);
    expect(variables[i]!.shape).toEqual(m!.shape);
  });
});

describe('variables that do not exist yet either', () => {
  const build = (model: tf.Sequential): tf.Sequential => {
    model.add(tf.layers.dense({ units: 6, inputShape: [3], name: 'l1' }));
    model.add(tf.layers.dense({ units: 3, name: 'l2' }));
    return start(model);
  };

  it.each(['new', 'legacy'] as const)('%s keys', async optimizerKeys => {
    const make = OPTIMIZERS.adam!;
    const whole = begin(make(), build(tf.sequential()));
    train(whole, 0, 5);
    const path = join(directory, `unbuilt ${optimizerKeys}`);
    await whole.checkpoint.write(path, { optimizerKeys });
    const [model, optimizer] = [tf.sequential(), make()];
    await new Checkpoint({ model, optimizer }).read(path);
    build(model);
    const restored = { optimizer, variables: variablesOf(model) };
    // Given by `start` after they were restored.
    restored.variables.forEach((variable, i) => {
      variable.assign(whole.variables[i]!);
    });
    train(whole, 5, 9);
    train(restored, 5, 9);
    expectSame(restored.variables, whole.variables);
  });

  it('that turn out to be others: the step says so, and the next is made without', async () => {
    const make = OPTIMIZERS.adam!;
    const whole = begin(make(), build(tf.sequential()));
    train(whole, 0, 5);
    const path = join(directory, 'unbuilt others');
    await whole.checkpoint.write(path);
    const alone = make();
    await new Checkpoint({ optimizer: alone }).read(path);
    const variable = tf.variable(tf.zeros([7]));
    const training = { optimizer: alone, variables: [variable] };
    expect(() => train(training, 5, 6)).toThrow(expect.objectContaining({ code: 'ERR_MISMATCH' }));
    expect([...variable.dataSync()]).toEqual(new Array(7).fill(0));
    train(training, 5, 6);
    expect(variable.dataSync()[1]).not.toBe(0);
  });
});

describe('variables without names', () => {
  const raw = (...sizes: number[]) => {
    const variables = sizes.map((size, i) => tf.tidy(() => tf.variable(tf.linspace(-1, i, size))));
    const optimizer = OPTIMIZERS.adam!();
    return { optimizer, variables, checkpoint: (names: string) => checkpointOf(names, variables, optimizer) };
  };
  const checkpointOf = (names: string, variables: readonly tf.Variable[], optimizer: tf.Optimizer) =>
    new Checkpoint({ optimizer, ...Object.fromEntries(variables.map((variable, i) => [names[i]!, variable])) });

  it('are told apart by their shapes, then by the order of the step', async () => {
    const whole = raw(2, 3, 2);
    train(whole, 0, 5);
    const path = join(directory, 'raw');
    await whole.checkpoint('zab').write(path);
    const restored = raw(2, 3, 2);
    (await restored.checkpoint('zab').read(path)).assertConsumed();
    train(whole, 5, 6);
    train(restored, 5, 6);
    expectSame(restored.variables, whole.variables);
  });

  it('may come in another order, if the shapes say which is which', async () => {
    const whole = raw(2, 3);
    train(whole, 0, 5);
    const path = join(directory, 'raw order');
    await whole.checkpoint('ba').write(path);
    const restored = raw(2, 3);
    (await restored.checkpoint('ba').read(path)).assertConsumed();
    for (const { optimizer, variables } of [whole, restored]) {
      const ordered = optimizer === whole.optimizer ? variables : [...variables].reverse();
      tf.tidy(() => {
        optimizer.applyGradients(ordered.map(({ name, shape }) => ({ name, tensor: tf.ones(shape) })));
      });
    }
    expectSame(restored.variables, whole.variables);
  });

  it('of which none has the shape are a mismatch at once', async () => {
    const whole = raw(2, 3);
    train(whole, 0, 2);
    const path = join(directory, 'raw shapes');
    await new Checkpoint({ optimizer: whole.optimizer, a: whole.variables[0]!, b: whole.variables[1]! }).write(path);
    const others = raw(2, 4);
    const read = new Checkpoint({ optimizer: others.optimizer, c: others.variables[0]!, d: others.variables[1]! }).read(
      path,
    );
    await expect(read).rejects.toThrow(expect.objectContaining({ code: 'ERR_MISMATCH' }));
    expect(others.optimizer.iterations).toBe(0);
  });
});

it('an optimizer that is alone in its checkpoint', async () => {
  const make = OPTIMIZERS['rmsprop momentum']!;
  const whole = begin(make());
  train(whole, 0, 5);
  const path = join(directory, 'alone');
  await new Checkpoint({ optimizer: whole.optimizer }).write(path);
  const restored = begin(make());
  restored.variables.forEach((variable, i) => {
    variable.assign(whole.variables[i]!);
  });
  (await new Checkpoint({ optimizer: restored.optimizer }).read(path)).assertConsumed();
  train(whole, 5, 9);
  train(restored, 5, 9);
  expectSame(restored.variables, whole.variables);
});
