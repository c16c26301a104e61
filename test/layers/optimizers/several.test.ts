/**
 * Several networks and optimizers: a slot belongs to the variable that its optimizer was given, whatever is frozen and
 * whatever has the same name. Kernels have one shape, so that a slot in the wrong place would fit.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { io } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as exact from '../../../src/optimizers.js';
import { Checkpoint } from '../../../src/tfjs.js';
import { runPython } from '../../oracle/python.js';
import { expectSame, start, train, variablesOf } from './training.js';

const MAKERS = {
  adam: () => tf.train.adam(0.01),
  momentum: () => tf.train.momentum(1e-5, 0.9),
  'exact Adam': () => new exact.Adam({ learningRate: 0.01 }),
  scaled: () => new exact.LossScaleOptimizer(tf.train.adam(0.01), { initialScale: 8 }),
};
type Name = keyof typeof MAKERS;
const NAMES = Object.keys(MAKERS) as Name[];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle-several-'));
  for (const side of ['python', 'node']) mkdirSync(join(directory, side));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Dense layers of one shape. */
function network(...names: (string | undefined)[]): tf.Sequential {
  const layers = names.map(name => tf.layers.dense({ units: 3, inputShape: [3], ...(name && { name }) }));
  return start(tf.sequential({ layers }));
}

function compile(model: tf.LayersModel, optimizer: tf.Optimizer): void {
  model.compile({ optimizer, loss: 'meanSquaredError' });
}

/** The discriminator is compiled, then frozen, then put into a model that trains the generator. */
function gan(make: () => tf.Optimizer, names: (string | undefined)[] = []) {
  const generator = network(names[0], names[1]);
  const discriminator = network(names[0], names[1]);
  compile(discriminator, make());
  discriminator.trainable = false;
  const noise = tf.input({ shape: [3] });
  const output = discriminator.apply(generator.apply(noise) as tf.SymbolicTensor) as tf.SymbolicTensor;
  const combined = tf.model({ inputs: noise, outputs: output });
  compile(combined, make());
  return { generator, discriminator, combined };
}

type Gan = ReturnType<typeof gan>;

async function trainGan({ discriminator, combined }: Gan, steps: number): Promise<void> {
  const [x, y] = [tf.ones([2, 3]), tf.zeros([2, 3])];
  for (let i = 0; i < steps; i++) {
    discriminator.trainable = true;
    await discriminator.trainOnBatch(x, y);
    discriminator.trainable = false;
    await combined.trainOnBatch(x, x);
  }
  tf.dispose([x, y]);
}

function weightsIn(models: readonly tf.LayersModel[]): tf.Variable[] {
  return models.flatMap(({ layers }) => layers.flatMap(layer => layer.weights.map(one => one.read() as tf.Variable)));
}

describe('a GAN with a frozen discriminator', () => {
  const children = {
    'the models': ({ generator, discriminator, combined }: Gan) => ({ generator, discriminator, combined }),
    'two models, and the optimizers beside': ({ generator, discriminator, combined }: Gan) => ({
      generator,
      discriminator,
      combinedOptimizer: combined.optimizer,
      discriminatorOptimizer: discriminator.optimizer,
    }),
  };
  it.each(NAMES.flatMap(name => Object.keys(children).map(what => [name, what as keyof typeof children] as const)))(
    '%s, %s',
    async (name, what) => {
      const make = MAKERS[name];
      const whole = gan(make);
      await trainGan(whole, 3);
      const path = join(directory, `gan ${name} ${what}`);
      await new Checkpoint(children[what](whole)).write(path);
      for (const trainable of [true, false]) {
        const resumed = gan(make);
        resumed.discriminator.trainable = trainable;
        (await new Checkpoint(children[what](resumed)).read(path)).assertConsumed();
        if (trainable) await trainGan(whole, 3);
        await trainGan(resumed, 3);
        expectSame(
          weightsIn([resumed.generator, resumed.discriminator]),
          weightsIn([whole.generator, whole.discriminator]),
        );
      }
    },
  );
});

describe('two networks with layers of the same names', () => {
  it.each(NAMES)('%s: one is frozen when it is saved; saved again before a step', async name => {
    const make = () => ({
      ...{ one: network('a', 'b'), two: network('a', 'b'), optimizerOne: MAKERS[name](), optimizerTwo: MAKERS[name]() },
    });
    const trainBoth = (
      { one, two, optimizerOne, optimizerTwo }: ReturnType<typeof make>,
      first: number,
      last: number,
    ) => {
      const [ofOne, ofTwo] = [one, two].map(model => weightsIn([model]));
      for (const model of [one, two]) model.trainable = true;
      train({ optimizer: optimizerOne, variables: ofOne! }, first, last);
      train({ optimizer: optimizerTwo, variables: [...ofTwo!].reverse().slice(0, 4) }, first, last);
      one.trainable = false;
    };
    const whole = make();
    trainBoth(whole, 0, 3);
    const path = join(directory, `twins ${name}`);
    await new Checkpoint(whole).write(path);
    const between = make();
    (await new Checkpoint(between).read(path)).assertConsumed();
    await new Checkpoint(between).write(`${path} again`);
    trainBoth(whole, 3, 6);
    for (const end of ['', ' again']) {
      const resumed = make();
      (await new Checkpoint(resumed).read(path + end)).assertConsumed();
      trainBoth(resumed, 3, 6);
      expectSame(weightsIn([resumed.one, resumed.two]), weightsIn([whole.one, whole.two]));
    }
  });

  it.each(['adam', 'momentum', 'exact Adam'] as const)(
    '%s: two models from files, with their optimizers',
    async name => {
      const files: io.ModelArtifacts[] = [];
      const rows = tf.tensor2d([[1, 0, 2]]);
      const learn = (model: tf.LayersModel, scale: number) =>
        model.fit(rows, tf.tensor2d([[scale, 1, scale]]), { epochs: 3, verbose: 0 });
      for (const scale of [5, -5]) {
        const model = network('out', 'end');
        compile(model, MAKERS[name]());
        await learn(model, scale);
        const handler = tf.io.withSaveHandler(async artifacts => {
          files.push(artifacts);
          return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
        });
        await model.save(handler, { includeOptimizer: true });
      }
      // As in the process that wrote them, where one was the first of its name; here the second model's names are the
      // first's.
      const names = (file: io.ModelArtifacts): io.ModelArtifacts => ({
        ...file,
        weightSpecs: file.weightSpecs!.map(spec => ({ ...spec, name: spec.name.replace(/(kernel|bias)_\d+/, '$1') })),
      });
      const load = async () => ({
        actor: await tf.loadLayersModel(tf.io.fromMemory(names(files[0]!))),
        critic: await tf.loadLayersModel(tf.io.fromMemory(names(files[1]!))),
      });
      const whole = await load();
      const path = join(directory, `loaded ${name}`);
      await new Checkpoint(whole).write(path);
      await new Checkpoint({ critic: whole.critic }).write(`${path} critic`);
      const make = () => {
        const models = { actor: network('out', 'end'), critic: network('out', 'end') };
        for (const model of Object.values(models)) compile(model, MAKERS[name]());
        return models;
      };
      const [resumed, alone] = [make(), make()];
      (await new Checkpoint(resumed).read(path)).assertConsumed();
      (await new Checkpoint({ critic: alone.critic }).read(`${path} critic`)).assertConsumed();
      for (const { actor, critic } of [whole, resumed]) {
        await learn(actor, 5);
        await learn(critic, -5);
      }
      await learn(alone.critic, -5);
      expectSame(weightsIn(Object.values(resumed)), weightsIn(Object.values(whole)));
      expectSame(weightsIn([alone.critic]), weightsIn([whole.critic]));
    },
  );

  it.each(['adam', 'exact Adam'] as const)('%s: an optimizer that setWeights gave slots of one of them', async name => {
    const [first, second] = [network('a', 'b'), network('a', 'b')];
    const source = MAKERS[name]();
    train({ optimizer: source, variables: variablesOf(first) }, 0, 2);
    const optimizer = MAKERS[name]();
    await optimizer.setWeights(await source.getWeights());
    const path = join(directory, `set ${name}`);
    await expect(new Checkpoint({ first, second, optimizer }).write(path)).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_STATE', message: expect.stringContaining("the optimizer 'optimizer'") }),
    );
    await new Checkpoint({ first, optimizer }).write(path);
  });
});

describe('one optimizer', () => {
  it.each(NAMES)('%s: for two networks at once, and for one of two parts', async name => {
    const make = () => {
      const [one, two, three] = [network('a'), network('a'), network('encoder', 'decoder')];
      const [both, encoder, decoder] = [MAKERS[name](), MAKERS[name](), MAKERS[name]()];
      const checkpoint = new Checkpoint({ decoder, one, two, three, encoder, both });
      const trainAll = (first: number, last: number): void => {
        const parts = variablesOf(three);
        train({ optimizer: both, variables: [...variablesOf(two), ...variablesOf(one)] }, first, last);
        train({ optimizer: encoder, variables: parts.slice(0, 2) }, first, last);
        train({ optimizer: decoder, variables: parts.slice(2) }, first, last);
      };
      return { checkpoint, trainAll, weights: weightsIn([one, two, three]) };
    };
    const [whole, resumed] = [make(), make()];
    whole.trainAll(0, 3);
    const path = join(directory, `parts ${name}`);
    await whole.checkpoint.write(path);
    (await resumed.checkpoint.read(path)).assertConsumed();
    whole.trainAll(3, 6);
    resumed.trainAll(3, 6);
    expectSame(resumed.weights, whole.weights);
  });

  it.each(NAMES)('%s: for two networks by turns, of which TensorFlow.js gives both the same slots', async name => {
    const make = () => {
      const [one, two, optimizer] = [network('a'), network('a'), MAKERS[name]()];
      const trainBoth = (first: number, last: number): void => {
        for (let step = first; step < last; step++) {
          train({ optimizer, variables: variablesOf(step % 2 === 0 ? one : two) }, step, step + 1);
        }
      };
      return { checkpoint: new Checkpoint({ one, two, optimizer }), trainBoth, weights: weightsIn([one, two]) };
    };
    const [whole, resumed] = [make(), make()];
    whole.trainBoth(0, 3);
    const path = join(directory, `turns ${name}`);
    await whole.checkpoint.write(path);
    (await resumed.checkpoint.read(path)).assertConsumed();
    whole.trainBoth(3, 6);
    resumed.trainBoth(3, 6);
    expectSame(resumed.weights, whole.weights);
  });

  it('whose variable was disposed, and another got the name', async () => {
    const optimizer = new exact.Adam();
    const first = tf.variable(tf.ones([2]), true, 'reused');
    train({ optimizer, variables: [first] }, 0, 2);
    first.dispose();
    const second = tf.variable(tf.ones([3]), true, 'reused');
    expect(optimizer.slotsOf('reused')).toEqual([]);
    train({ optimizer, variables: [second] }, 2, 3);
    expect(optimizer.slotsOf('reused').map(({ shape }) => shape)).toEqual([[3], [3]]);
    second.dispose();
  });
});

describe('a network that is not here', () => {
  it('its optimizer gives its slots to no other', async () => {
    const make = () => ({ one: network('a', 'b'), two: network('c', 'd'), optimizer: new exact.Adam() });
    const whole = make();
    train({ optimizer: whole.optimizer, variables: variablesOf(whole.two) }, 0, 2);
    const path = join(directory, 'not here');
    await new Checkpoint(whole).write(path);
    const { one, optimizer } = make();
    const status = await new Checkpoint({ one, optimizer }).read(path);
    expect(status.unused.filter(key => key.startsWith('optimizer/'))).toHaveLength(8);
    tf.tidy(() =>
      optimizer.applyGradients(variablesOf(one).map(({ name, shape }) => ({ name, tensor: tf.zeros(shape) }))),
    );
    for (const { name } of variablesOf(one)) expect(optimizer.slotsOf(name)[0]!.max().dataSync()[0]).toBe(0);
  });
});

describe('between Keras and here', () => {
  type Moments = Record<string, number[][][]>;
  let wanted: Moments;
  let fromNode: Moments;

  /** Each with its optimizers, and what these were given. */
  const WORLDS = {
    gan: () => {
      const models = gan(() => new exact.Adam({ learningRate: 0.01 }), ['a', 'b']);
      const { discriminator, generator, combined } = models;
      const trained = [
        { optimizer: discriminator.optimizer, variables: weightsIn([discriminator]) },
        { optimizer: combined.optimizer, variables: weightsIn([generator]) },
      ];
      return { children: models, trained };
    },
    twins: () => {
      const [one, two] = [network('a', 'b'), network('a', 'b')];
      const [optimizerOne, optimizerTwo] = [0, 1].map(() => new exact.Adam({ learningRate: 0.01 }));
      const trained = [
        { optimizer: optimizerOne!, variables: weightsIn([one!]) },
        { optimizer: optimizerTwo!, variables: weightsIn([two!]) },
      ];
      return { children: { one: one!, two: two!, optimizerOne: optimizerOne!, optimizerTwo: optimizerTwo! }, trained };
    },
  };
  type World = keyof typeof WORLDS;

  function step({ trained }: ReturnType<(typeof WORLDS)[World]>, gradient: (number: number, place: number) => number) {
    for (const [number, { optimizer, variables }] of trained.entries()) {
      tf.tidy(() => {
        const named = variables.map(({ name, shape }, i) => ({ name, tensor: tf.fill(shape, gradient(number, i)) }));
        optimizer.applyGradients(named);
      });
    }
  }

  function moments({ trained }: ReturnType<(typeof WORLDS)[World]>): number[][][] {
    return trained.map(({ optimizer, variables }) =>
      variables.map(({ name }) => [...(optimizer as exact.Adam).slotsOf(name)[0]!.dataSync()]),
    );
  }

  async function python(action: 'write' | 'read'): Promise<Moments> {
    await runPython('test/layers/optimizers/several.py', [directory, action]);
    return JSON.parse(readFileSync(join(directory, `${action}.json`), 'utf8')) as Moments;
  }

  beforeAll(async () => {
    wanted = await python('write');
    for (const name of ['gan', 'twins'] as const) {
      const world = WORLDS[name]();
      step(world, (number, place) => name.length * 100 + number * 10 + place);
      await new Checkpoint(world.children).write(join(directory, 'node', `${name} new`));
    }
    fromNode = await python('read');
  }, 300_000);

  it.each(['gan', 'twins'] as const)('%s: each moment is with its variable, whoever wrote it', async name => {
    expect(fromNode[`${name} new`]).toEqual(wanted[`${name} new`]);
    for (const generation of ['new', 'keras3']) {
      const path = join(directory, 'python', `${name} ${generation}`);
      const [world, between, later] = [WORLDS[name](), WORLDS[name](), WORLDS[name]()];
      (await new Checkpoint(world.children).read(path)).assertExistingObjectsMatched();
      // Passed on by somebody who makes no step: nothing is guessed.
      await new Checkpoint(between.children).read(path);
      await new Checkpoint(between.children).write(`${path} again`);
      (await new Checkpoint(later.children).read(`${path} again`)).assertConsumed();
      for (const one of [world, later]) {
        // Of a gradient of zero nine tenths are left.
        step(one, () => 0);
        const found = moments(one).map(of => of.map(values => values.map(value => value / 0.9)));
        const expected = wanted[`${name} ${generation}`]!;
        expect(found.map(of => of.map(values => values.length))).toEqual(expected.map(of => of.map(v => v.length)));
        const ratios = found.flat(2).map((value, i) => Math.fround(value) / expected.flat(2)[i]!);
        for (const ratio of ratios) expect(ratio, generation).toBeCloseTo(1, 5);
      }
    }
  });
});
