/**
 * Models with layers, activations and initializers of user-defined classes: TensorFlow runs them without these classes,
 * tf_keras and this package make the model again with them.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Adam } from '../../../src/optimizers.js';
import { loadFunctions, loadModel, saveModel } from '../../../src/savedmodel.js';
import { ModelCheckpoint, saveModel as saveInFormat } from '../../../src/tfjs.js';
import { randomizeVariables } from '../../layers/keras.js';
import { modelProof } from './model-proof.js';
import type { Proof } from './proof.js';
import { expectProven, type Findings, proveFunctions } from './prove.js';

const l = tf.layers;

type Inputs = tf.Tensor | tf.Tensor[];

const only = (inputs: Inputs): tf.Tensor => [inputs].flat()[0]!;

class Scale extends tf.layers.Layer {
  static readonly className: string = 'Scale';
  readonly startAt: number;
  gain!: tf.LayerVariable;
  offset!: tf.LayerVariable;

  constructor(config: { startAt?: number; name?: string } = {}) {
    super(config);
    this.startAt = config.startAt ?? 1;
  }

  override build(shape: tf.Shape): void {
    this.gain = this.addWeight('gain', [shape.at(-1)!], 'float32', tf.initializers.ones());
    this.offset = this.addWeight('offset', [], 'float32', tf.initializers.ones(), undefined, false);
    super.build(shape);
  }

  override call(inputs: Inputs): tf.Tensor {
    return tf.tidy(() => only(inputs).mul(this.gain.read()).add(this.offset.read()).add(this.startAt));
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), startAt: this.startAt };
  }
}

class Doubling extends tf.layers.Layer {
  static readonly className = 'Doubling';
  override call(inputs: Inputs): tf.Tensor {
    return only(inputs).mul(2);
  }
}

/** Something else in training, with a count that is no weight to train. */
class Louder extends tf.layers.Layer {
  static readonly className = 'Louder';
  seen!: tf.LayerVariable;

  override build(shape: tf.Shape): void {
    this.seen = this.addWeight('seen', [], 'float32', tf.initializers.zeros(), undefined, false);
    super.build(shape);
  }

  override call(inputs: Inputs, kwargs: { training?: boolean }): tf.Tensor {
    return tf.tidy(() => {
      if (!kwargs.training) return only(inputs).mul(3).add(this.seen.read());
      this.seen.write(this.seen.read().add(1));
      return only(inputs).mul(2);
    });
  }
}

/** Holds layers, in a field and in a list. */
class Gated extends tf.layers.Layer {
  static readonly className = 'Gated';
  readonly gate: tf.layers.Layer;
  readonly blocks: tf.layers.Layer[];

  constructor(readonly given: { units: number; name?: string }) {
    super(given);
    this.gate = l.dense({ units: given.units, activation: 'hardSigmoid' });
    this.blocks = [l.dense({ units: given.units }), new Scale({ startAt: 0.5 })];
  }

  override build(shape: tf.Shape): void {
    for (const layer of [this.gate, ...this.blocks]) {
      layer.build(shape);
    }
    super.build(shape);
  }

  override get trainableWeights(): tf.LayerVariable[] {
    return [this.gate, ...this.blocks].flatMap(layer => layer.trainableWeights);
  }

  override get nonTrainableWeights(): tf.LayerVariable[] {
    return [this.gate, ...this.blocks].flatMap(layer => layer.nonTrainableWeights);
  }

  override call(inputs: Inputs): tf.Tensor {
    return tf.tidy(() => {
      const through = this.blocks.reduce((value, block) => block.apply(value) as tf.Tensor, only(inputs));
      return tf.mul(this.gate.apply(only(inputs)) as tf.Tensor, through);
    });
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { ...super.getConfig(), units: this.given.units };
  }
}

/** TensorFlow.js does not export the base classes. */
const Relu = (l.dense({ units: 1, activation: 'relu' }) as unknown as { activation: { constructor: unknown } })
  .activation.constructor as new () => { apply(x: tf.Tensor): tf.Tensor };
const Ones = tf.initializers.ones().constructor as new () => ReturnType<typeof tf.initializers.ones>;

class Cubed extends Relu {
  static readonly className = 'cubed';
  override apply(x: tf.Tensor): tf.Tensor {
    return x.pow(3);
  }
}

class Halves extends Ones {
  static readonly className = 'Halves';
  override apply(shape: number[]): tf.Tensor {
    return tf.fill(shape, 0.5);
  }
}

for (const one of [Scale, Doubling, Louder, Gated, Cubed, Halves]) tf.serialization.registerClass(one as never);

const MODELS: Readonly<Record<string, () => tf.LayersModel>> = {
  'weights, trainable and not': () =>
    tf.sequential({ layers: [l.dense({ units: 3, inputShape: [3] }), new Scale(), l.dense({ units: 2 })] }),
  'no weights; an activation and an initializer': () =>
    tf.sequential({
      layers: [
        l.dense({ units: 2, inputShape: [3], activation: 'cubed' as never, kernelInitializer: new Halves() }),
        new Doubling(),
      ],
    }),
  'a training argument, and a variable that moves': () =>
    tf.sequential({ layers: [l.dense({ units: 2, inputShape: [3] }), new Louder()] }),
  'in a functional model, a nested one and a wrapper': () => {
    const inner = tf.sequential({
      layers: [l.dense({ units: 4, inputShape: [null, 4] }), new Scale({ startAt: -1, name: 'within' })],
    });
    const x = tf.input({ shape: [null, 4] });
    const each = l.timeDistributed({ layer: new Scale({ name: 'each' }) }).apply(x) as tf.SymbolicTensor;
    const sum = l.add().apply([inner.apply(each) as tf.SymbolicTensor, x]) as tf.SymbolicTensor;
    return tf.model({ inputs: x, outputs: new Doubling().apply(sum) as tf.SymbolicTensor });
  },
  'layers that a layer holds': () =>
    tf.sequential({ layers: [l.dense({ units: 4, inputShape: [3] }), new Gated({ units: 4 })] }),
};

const SIZES = [[7, 6]];

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle custom layers '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function warnings(action: () => Promise<unknown>): Promise<Error[]> {
  const found: Error[] = [];
  const note = (warning: Error): void => void found.push(warning);
  process.on('warning', note);
  try {
    await action();
    await new Promise(setImmediate);
  } finally {
    process.off('warning', note);
  }
  return found;
}

describe('TensorFlow and tf_keras compute the same', () => {
  const proofs = new Map<string, Proof>();
  let findings: Findings;

  beforeAll(async () => {
    for (const [index, [name, make]] of Object.entries(MODELS).entries()) {
      const model = make();
      randomizeVariables(model, index + 1);
      const dir = join(directory, `proof ${index}`);
      const tensors = tf.memory().numTensors;
      const [warning, ...more] = await warnings(() => saveModel(model, dir, { durable: false }));
      expect(tf.memory().numTensors).toBe(tensors);
      expect([warning, ...more]).toMatchObject([{ code: 'TENSORBUNDLE_LACKING_IN_KERAS' }]);
      proofs.set(name, await modelProof(name, dir, model, { make, consumers: ['load', 'keras'], sizes: SIZES }));
    }
    findings = await proveFunctions([...proofs.values()], { script: 'test/savedmodel/functions/custom_layers.py' });
  });

  it.each(Object.keys(MODELS))('%s', name => expectProven(findings, proofs.get(name)!));
});

/** With what has momentum, so that its state shows. */
function compiled(): tf.LayersModel {
  const model = MODELS['a training argument, and a variable that moves']!();
  model.compile({ optimizer: new Adam({ learningRate: 0.1 }), loss: 'meanSquaredError' });
  return model;
}

const X = tf.randomUniform([8, 3], -1, 1, 'float32', 1);
const Y = tf.ones([8, 2]);
const FIT = { epochs: 2, shuffle: false, verbose: 0 } as const;

describe('in Node', () => {
  it('is loaded again, overwritten, and trains on as if it had not been saved', async () => {
    const dir = join(directory, 'continued');
    const model = compiled();
    await model.fit(X, Y, FIT);
    for (const train of [false, true]) {
      if (train) await model.fit(X, Y, FIT);
      await saveModel(model, dir, { durable: false });
      const loaded = await loadModel(dir);
      await Promise.all([model, loaded].map(one => one.fit(X, Y, FIT)));
      for (const [i, weight] of model.getWeights().entries())
        expect(loaded.getWeights()[i]!.sub(weight).abs().max().dataSync()[0]).toBeLessThan(1e-6);
      using functions = await loadFunctions(dir);
      expect(functions.serving_default!.outputs).toMatchObject([{ shape: [null, 2] }]);
    }
  });

  it('is saved by ModelCheckpoint and by the general saveModel; the warning comes once', async () => {
    const model = compiled();
    const filepath = join(directory, 'best');
    const found = await warnings(async () => {
      const best = new ModelCheckpoint({ filepath, format: 'savedmodel', writer: { durable: false } });
      await model.fit(X, Y, { ...FIT, callbacks: [best] });
    });
    const general = join(directory, 'general');
    for (let i = 0; i < 2; i++)
      found.push(...(await warnings(() => saveInFormat(model, general, { format: 'savedmodel', durable: false }))));
    // A callback sees the functional model in a Sequential.
    const message = /^Keras lacks the layer 'louder_.*' of the class Louder: tf_keras.models.load_model/;
    expect(found).toMatchObject([{ message }, { message }]);
    for (const name of ['best', 'general']) (await loadFunctions(join(directory, name)))[Symbol.dispose]();
  });

  it('makes variables in its first call', async () => {
    class Late extends tf.layers.Layer {
      static readonly className = 'Late';
      offset: tf.Variable | undefined;
      override call(inputs: Inputs): tf.Tensor {
        this.offset ??= tf.variable(tf.scalar(3), true, 'late_offset');
        return only(inputs).add(this.offset);
      }
    }
    const model = tf.sequential({ layers: [l.dense({ units: 1, inputShape: [1] }), new Late()] });
    const dir = join(directory, 'late');
    await saveModel(model, dir, { durable: false });
    using functions = await loadFunctions(dir);
    const found = (await functions.serving_default!(tf.ones([2, 1]))) as tf.Tensor;
    expect(found.dataSync()).toEqual((model.predict(tf.ones([2, 1])) as tf.Tensor).dataSync());
  });
});

describe('without functions, nothing could run the model', () => {
  class Reading extends tf.layers.Layer {
    static readonly className = 'Reading';
    override call(inputs: Inputs): tf.Tensor {
      return only(inputs).mul(only(inputs).sum().dataSync()[0]!);
    }
  }
  const reading = (): tf.LayersModel =>
    tf.sequential({ layers: [new Doubling({ inputShape: [2] }), new Reading({ name: 'reader' })] });

  it.each([
    [{}, /cannot become a graph: .*reads the values of a tensor.*'reader'.* Change that, or save with saveWeights/],
    [{ saveTraces: true }, /^the function reads the values.*'reader'/],
    [{ saveTraces: false }, /saveTraces: false leaves them out. Leave out saveTraces, or/],
  ])('%j', async (options, message) => {
    const saving = saveModel(reading(), join(directory, 'none'), options);
    await expect(saving).rejects.toMatchObject({ code: 'ERR_NOT_SUPPORTED', message });
    expect(await readdir(directory)).not.toContain('none');
  });

  it('a variable from outside', async () => {
    const outside = tf.variable(tf.scalar(2), true, 'outside');
    class Borrowing extends tf.layers.Layer {
      static readonly className = 'Borrowing';
      override call(inputs: Inputs): tf.Tensor {
        return only(inputs).mul(outside);
      }
    }
    const model = tf.sequential({ layers: [new Borrowing({ inputShape: [2] })] });
    const dir = join(directory, 'outside');
    const message = /uses the variable 'outside' .*, which is not in the model; give it as `extra`/;
    await expect(saveModel(model, dir)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message });
    await saveModel(model, dir, { extra: { outside }, durable: false });
    (await loadFunctions(dir))[Symbol.dispose]();
  });
});
