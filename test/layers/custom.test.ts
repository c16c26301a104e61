/** Layers of the user's own classes, against the same classes in Python (custom.py). */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyWeights, loadWeights, saveWeights } from '../../src/tfjs.js';
import { randomize } from './models.js';

type LayerArgs = ConstructorParameters<typeof tf.layers.Layer>[0];
type Layer = tf.layers.Layer;

const { dense } = tf.layers;
const one = (inputs: tf.Tensor | tf.Tensor[]): tf.Tensor => [inputs].flat()[0]!;

class Scale extends tf.layers.Layer {
  static className = 'Scale';
  private factor?: tf.LayerVariable;
  private count?: tf.LayerVariable;
  override build(shape: tf.Shape): void {
    this.factor = this.addWeight('gain', shape.slice(-1), 'float32', tf.initializers.ones());
    this.addWeight('spare', [2], 'float32', tf.initializers.ones());
    this.count = this.addWeight('count', [], 'float32', tf.initializers.zeros(), undefined, false);
    this.built = true;
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return one(inputs).mul(this.factor!.read()).add(this.count!.read());
  }
}

class Residual extends tf.layers.Layer {
  static className = 'Residual';
  readonly first: Layer;
  readonly blocks: Layer[];
  readonly heads: Record<string, Layer>;
  readonly scale: Layer;
  constructor(units: number, args: LayerArgs) {
    super(args);
    this.first = dense({ units, activation: 'tanh', name: 'first' });
    this.blocks = [dense({ units, name: 'b0' }), tf.layers.batchNormalization({ name: 'b1' })];
    this.heads = { a: dense({ units, useBias: false, name: 'ha' }) };
    this.scale = new Scale({ name: 'scale' });
  }
  get inner(): Layer[] {
    return [this.first, ...this.blocks, ...Object.values(this.heads), this.scale];
  }
  override build(shape: tf.Shape): void {
    for (const layer of this.inner) {
      layer.build(shape);
      layer.built = true;
    }
    this.built = true;
  }
  // TensorFlow.js does not look into fields, so a layer with layers says itself what its weights are.
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

/** TensorFlow.js does not export its class Dense, but an instance has it. */
const Dense = dense({ units: 1 }).constructor as new (args: Parameters<typeof dense>[0]) => Layer & { units: number };

class Scaled extends Dense {
  static className = 'Scaled';
  private gain?: tf.LayerVariable;
  override build(shape: tf.Shape): void {
    super.build(shape);
    this.gain = this.addWeight('gain', [this.units], 'float32', tf.initializers.ones());
  }
  override call(inputs: tf.Tensor | tf.Tensor[], options: Record<string, unknown>): tf.Tensor {
    return (super.call(inputs, options) as tf.Tensor).mul(this.gain!.read());
  }
}

function build(): tf.LayersModel {
  return tf.sequential({
    layers: [
      new Scale({ inputShape: [4], name: 's' }),
      new Residual(4, { name: 'r' }),
      new Scaled({ units: 3, name: 'd' }),
    ],
  });
}

function predict(model: tf.LayersModel): number[] {
  return tf.tidy(() => [...(model.predict(tf.linspace(-1, 1, 8).reshape([2, 4])) as tf.Tensor).dataSync()]);
}

function expectClose(found: number[], expected: number[]): void {
  expect(found).toHaveLength(expected.length);
  expect(Math.max(...found.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThanOrEqual(1e-5);
}

let directory: string;
let saved: tf.LayersModel;
let answer: { before: number[]; after: number[] };

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-custom-'));
  saved = build();
  randomize(saved, 3);
  await saveWeights(saved, join(directory, 'node', 'weights'));
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const python = join(root, '.tools', 'venv', 'bin', 'python');
  const { stdout } = await promisify(execFile)(python, [join(root, 'test', 'layers', 'custom.py'), directory]);
  answer = JSON.parse(stdout) as typeof answer;
}, 120_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('custom layers with weights, with layers, and extending a layer of TensorFlow.js', () => {
  it('are consumed by Keras, which predicts the same', () => expectClose(predict(saved), answer.before));

  it.each(['weights.index', 'weights.data-00000-of-00001'])('have the bytes of Keras: %s', async file => {
    const ours = await readFile(join(directory, 'node', file));
    expect(ours.equals(await readFile(join(directory, 'keras', file)))).toBe(true);
  });

  it('load what Keras saved, and predict the same', async () => {
    const model = build();
    (await loadWeights(model, join(directory, 'changed', 'weights'))).assertConsumed();
    expectClose(predict(model), answer.after);
  });
});

describe('a custom layer', () => {
  it('counts as a layer with weights, and is copied, although only a layer in it has weights', async () => {
    class Holder extends tf.layers.Layer {
      static className = 'Holder';
      readonly d = dense({ units: 2, name: 'd', biasInitializer: 'randomNormal' });
      override build(shape: tf.Shape): void {
        this.d.build(shape);
        this.built = true;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return this.d.call(inputs, {}) as tf.Tensor;
      }
    }
    const make = (): tf.LayersModel =>
      tf.sequential({ layers: [new Holder({ inputShape: [2] }), dense({ units: 1, name: 'e' })] });
    const model = make();
    const prefix = join(directory, 'holder');
    await saveWeights(model, prefix);
    const status = (await loadWeights(make(), prefix)).assertConsumed();
    expect(status.loaded.map(key => key.slice(0, 27))).toEqual([
      'layer_with_weights-1/kernel',
      'layer_with_weights-1/bias/.',
      'layer_with_weights-0/d/kern',
      'layer_with_weights-0/d/bias',
    ]);
    for (const by of ['order', 'path'] as const) expect(copyWeights(model, make(), { by }).loaded).toHaveLength(4);
  });

  it('may hold the layer that holds it', async () => {
    class Child extends Scale {
      static override className = 'Child';
      constructor(readonly parent: Layer) {
        super({ name: 'child' });
      }
    }
    class Parent extends tf.layers.Layer {
      static className = 'Parent';
      readonly child = new Child(this);
      override build(shape: tf.Shape): void {
        this.child.build(shape);
        this.built = true;
      }
      override get trainableWeights(): tf.LayerVariable[] {
        return this.child.trainableWeights;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return this.child.apply(one(inputs)) as tf.Tensor;
      }
    }
    const make = (): tf.LayersModel => tf.sequential({ layers: [new Parent({ inputShape: [2] })] });
    const prefix = join(directory, 'cycle');
    expect((await saveWeights(make(), prefix)).tensors).toBe(4);
    (await loadWeights(make(), prefix)).assertConsumed();
  });
});
