/** Where values lie in Keras's own files: user-defined layers, shared layers, names, the moment of a save. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Nadam, SGD } from '../../src/optimizers.js';
import { randomizeVariables } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';
import { capture, writeCaptured, writeWeights } from './written-file.js';

type Layer = tf.layers.Layer;

const { dense } = tf.layers;
const one = (inputs: tf.Tensor | tf.Tensor[]): tf.Tensor => [inputs].flat()[0]!;

/** TensorFlow.js does not look into fields, so a layer with layers says itself what its weights are. */
abstract class Holder extends tf.layers.Layer {
  abstract readonly inner: readonly Layer[];
  override build(shape: tf.Shape): void {
    for (const layer of this.inner) {
      if (layer.built) continue;
      layer.build(shape);
      layer.built = true;
    }
    this.built = true;
  }
  override get trainableWeights(): tf.LayerVariable[] {
    return this.inner.flatMap(layer => layer.trainableWeights);
  }
  override get nonTrainableWeights(): tf.LayerVariable[] {
    return this.inner.flatMap(layer => layer.nonTrainableWeights);
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = one(inputs);
    return this.inner.reduce((y, layer) => layer.apply(y) as tf.Tensor, x).add(x);
  }
}

class Scale extends tf.layers.Layer {
  static className = 'Scale';
  private factor?: tf.LayerVariable;
  private count?: tf.LayerVariable;
  override build(shape: tf.Shape): void {
    this.count = this.addWeight('count', [], 'float32', tf.initializers.zeros(), undefined, false);
    this.factor = this.addWeight('gain', shape.slice(-1), 'float32', tf.initializers.ones());
    this.addWeight('spare', [2], 'float32', tf.initializers.ones());
    this.built = true;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return one(inputs).mul(this.factor!.read()).add(this.count!.read());
  }
}

class Residual extends Holder {
  static className = 'Residual';
  readonly first: Layer = dense({ units: 3 });
  readonly blocks: Layer[] = [dense({ units: 3 }), tf.layers.batchNormalization(), dense({ units: 3 })];
  readonly heads: Record<string, Layer> = { b: dense({ units: 3, useBias: false }), a: dense({ units: 3 }) };
  readonly _scale: Layer = new Scale({});
  readonly again: Layer = this.blocks[2]!;
  get inner(): Layer[] {
    return [this.first, ...this.blocks, ...Object.values(this.heads), this._scale];
  }
}

class Nested extends Holder {
  static className = 'Nested';
  readonly rows: Layer[][] = [[dense({ units: 3 })], [dense({ units: 3 }), dense({ units: 3 })]];
  get inner(): Layer[] {
    return this.rows.flat();
  }
}

function functional(shape: number[], build: (given: tf.SymbolicTensor) => unknown): tf.LayersModel {
  const given = tf.input({ shape });
  return tf.model({ inputs: given, outputs: build(given) as tf.SymbolicTensor });
}

function shared(more: number): tf.LayersModel {
  const encoder = dense({ units: 3 });
  const inner = functional([3], given => encoder.apply(given));
  return functional([3], given => {
    let y = encoder.apply(inner.apply(given) as tf.SymbolicTensor);
    for (let i = 0; i < more; i++) y = dense({ units: 3 }).apply(y);
    return y;
  });
}

const MODELS: Readonly<Record<string, () => tf.LayersModel>> = {
  custom: () => functional([3], given => dense({ units: 2 }).apply(new Residual({}).apply(given))),
  nested: () => functional([3], given => new Nested({}).apply(given)),
  shared1: () => shared(1),
  shared2: () => shared(2),
  pictures: () =>
    functional([3, 4, 4, 1], given => {
      const x = tf.layers.convLstm2d({ filters: 2, kernelSize: 2, returnSequences: true }).apply(given);
      return tf.layers.convLstm2d({ filters: 2, kernelSize: 2 }).apply(x);
    }),
};

const MANY = Array.from({ length: 300 }, (_, i) => `layer_${i}_${'x'.repeat(240)}`);

let directory: string;
let answer: Record<string, { keras: string | null; tf_keras: string | null }> & {
  attributes: string[];
  layers: string[];
  moment: number[][];
};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-special-'));
  for (const [i, [name, make]] of Object.entries(MODELS).entries()) {
    const model = make();
    randomizeVariables(model, i + 1);
    await writeWeights(model, join(directory, `${name}.weights.h5`), 'keras3');
  }
  const many = tf.sequential({ layers: [tf.layers.inputLayer({ inputShape: [1], name: 'first' })] });
  for (const name of MANY) many.add(tf.layers.activation({ activation: 'relu', name }));
  await writeWeights(many, join(directory, 'many.h5'), 'legacy-weights');
  await moment(join(directory, 'moment.weights.h5'));
  answer = JSON.parse((await runPython('test/keras/written_special.py', [directory])).split('\n').at(-2)!);
});
afterAll(() => rm(directory, { recursive: true }));

/** A model goes on while it is saved. */
async function moment(path: string): Promise<void> {
  const before = tf.memory().numTensors;
  const model = tf.sequential({ layers: [dense({ units: 2, inputShape: [2], useBias: true })] });
  const set = (value: number): void => tf.tidy(() => model.setWeights([tf.fill([2, 2], value), tf.fill([2], -value)]));
  set(1);
  const captured = capture(model, 'keras3');
  let isRead = false;
  captured.whenRead(() => {
    isRead = true;
  });
  set(2);
  model.dispose();
  await writeCaptured(captured, path);
  expect(isRead).toBe(true);
  expect(tf.memory().numTensors).toBe(before);
}

describe('both libraries find each value', () => {
  it.each(['custom', 'shared1', 'pictures'])('of the model %s', name => {
    expect(answer[name]).toEqual({ keras: null, tf_keras: null });
  });

  it('but tf_keras does not look into lists of lists', () => {
    expect(answer.nested!.keras).toBeNull();
    expect(answer.nested!.tf_keras).toMatch(/^wrong: \[\], left: /);
  });

  it('but tf_keras refuses a file where it would find the values of another layer', () => {
    expect(answer.shared2!.keras).toBeNull();
    expect(answer.shared2!.tf_keras).toMatch(/^refused: ValueError: .*expected 2 variables, but received 0/);
  });
});

it('the names of many layers are in several attributes', () => {
  expect(answer.attributes).toEqual(['backend', 'keras_version', 'layer_names0', 'layer_names1']);
  expect(answer.layers).toEqual(MANY);
});

it('the values are those of the call', () => {
  expect(answer.moment).toEqual([
    [1, 1, 1, 1],
    [-1, -1],
  ]);
});

it('what is not written is let go of', () => {
  const model = MODELS.custom!();
  const before = tf.memory().numTensors;
  const kept = tf.memory().numBytes;
  capture(model, 'keras3').release();
  expect([tf.memory().numTensors, tf.memory().numBytes]).toEqual([before, kept]);
});

it('a warning names the state that Python will not have, once', async () => {
  const warnings: string[] = [];
  const listen = (warning: Error & { code?: string }): void => {
    if (warning.code === 'TENSORBUNDLE_STATE_NOT_WRITTEN') warnings.push(warning.message);
  };
  process.on('warning', listen);
  const model = tf.sequential({ name: 'm', layers: [dense({ units: 2, inputShape: [2] }), dense({ units: 1 })] });
  model.compile({ optimizer: new SGD({ momentum: 0.9 }), loss: 'meanSquaredError' });
  const [x, y] = [tf.ones([1, 2]), tf.ones([1, 1])];
  await model.trainOnBatch(x, y);
  model.layers[0]!.trainable = false;
  for (let i = 0; i < 2; i++) capture(model, 'keras3').release();
  model.compile({ optimizer: new Nadam(), loss: 'meanSquaredError' });
  capture(model, 'keras3').release();
  capture(model, 'legacy-model').release();
  await new Promise(resolve => setImmediate(resolve));
  process.off('warning', listen);
  expect(warnings).toEqual([
    expect.stringMatching(/'m'.*SGD.*what it keeps for 2 frozen variables \(dense.*kernel/),
    expect.stringMatching(/'m'.*Nadam.*its _u_product, which tf_keras does not keep/),
  ]);
});

it('an optimizer that is asked for has to be there', () => {
  const model = tf.sequential({ layers: [dense({ units: 2, inputShape: [2] })] });
  expect(() => capture(model, 'keras3', true)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }));
});
