/** Layers of the user's own classes, against the same classes in Python (custom.py). */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { copyWeights, loadWeights, saveWeights } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';
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

/** A name belongs to one variable of the process: the first one that is made, which is the one saved. */
const names = ['shift'];

class Raw extends tf.layers.Layer {
  static className = 'Raw';
  private v?: tf.Variable;
  private shift?: tf.Variable;
  private step?: tf.Variable;
  private pair?: [tf.Variable, Layer];
  private table?: Map<string, tf.Variable | Layer[]>;
  private read?: tf.Variable;
  override build(shape: tf.Shape): void {
    const width = shape.at(-1)!;
    const ones = tf.initializers.ones();
    this.addWeight('before', [1], 'float32', ones);
    this.v = tf.variable(tf.ones([width]));
    this.addWeight('after', [2], 'float32', ones);
    this.shift = tf.variable(tf.scalar(0.5), true, names.pop());
    this.step = tf.variable(tf.scalar(3, 'int32'), false);
    this.pair = [tf.variable(tf.tensor([0.25])), dense({ units: width, name: 'p' })];
    this.table = new Map<string, tf.Variable | Layer[]>([
      ['y', tf.variable(tf.tensor([2]))],
      ['x', [dense({ units: width, name: 't' })]],
      ['10', tf.variable(tf.tensor([4]))],
    ]);
    for (const layer of this.inner) layer.build(shape);
    this.read = this.addWeight('inside', [1], 'float32', ones).read() as tf.Variable;
    this.built = true;
  }
  get inner(): Layer[] {
    return [this.pair![1], (this.table!.get('x') as Layer[])[0]!];
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    const x = one(inputs).mul(this.v!).add(this.shift!);
    const y = this.inner.reduce((z, layer) => layer.apply(z) as tf.Tensor, x);
    const factors = [this.pair![0], this.table!.get('y') as tf.Variable, this.table!.get('10') as tf.Variable];
    return [...factors, this.read!].reduce((z, factor) => z.mul(factor), y).add(this.step!);
  }
}

function build(): tf.LayersModel {
  return tf.sequential({
    layers: [
      new Scale({ inputShape: [4], name: 's' }),
      new Residual(4, { name: 'r' }),
      new Raw({ name: 'raw' }),
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
  const stdout = await runPython('test/layers/custom.py', [directory]);
  answer = JSON.parse(stdout) as typeof answer;
}, 120_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe('custom layers with weights, with layers, with variables made by hand, and extending a layer of tfjs', () => {
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

/** Builds nothing before it is called. */
class Lazy extends tf.layers.Layer {
  static className = 'Lazy';
  constructor(
    readonly held: unknown,
    private readonly run: Layer[],
    args: LayerArgs = {},
  ) {
    super(args);
  }
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return this.run.reduce((x, layer) => layer.apply(x) as tf.Tensor, one(inputs));
  }
  override computeOutputShape(shape: tf.Shape): tf.Shape {
    return shape;
  }
}

class Idle extends Lazy {
  static override className = 'Idle';
  override build(): void {}
}

describe('what a custom layer holds', () => {
  const around = (held: unknown, run: Layer[] = []): tf.LayersModel =>
    tf.sequential({ layers: [new Lazy(held, run, { inputShape: [4], name: 'y' })] });
  const l = tf.layers;
  const cell = (): ReturnType<typeof l.lstmCell> => l.lstmCell({ units: 4, name: 'x' });

  it.each<[string, () => Layer, RegExp]>([
    ['a Dense', () => dense({ units: 4, name: 'x' }), /'x' \(Dense\) at y\/held/],
    ['a batch normalization', () => l.batchNormalization({ name: 'x' }), /'x' \(BatchNormalization\) at y\/held/],
    ['a PReLU', () => l.prelu({ name: 'x' }), /'x' \(PReLU\) at y\/held/],
    ['an LSTM', () => l.lstm({ units: 4, name: 'x' }), /'x' \(LSTM\) at y\/held /],
    ['an RNN', () => l.rnn({ cell: cell(), name: 'r' }), /'r' \(RNN\) at y\/held /],
    ['a cell', cell, /'x' \(LSTMCell\) at y\/held /],
    [
      'a bidirectional layer',
      () => l.bidirectional({ layer: l.gru({ units: 4 }) as tf.RNN, mergeMode: 'sum', name: 'b' }),
      /'b' \(Bidirectional\) at y\/held /,
    ],
    ['a layer in a wrapper', () => l.timeDistributed({ layer: dense({ units: 4, name: 'x' }) }), /at y\/held\/layer /],
    ['a layer of the user', () => new Scale({ name: 'x' }), /'x' \(Scale\) at y\/held/],
    ['one that extends a known class', () => new Scaled({ units: 4, name: 'x' }), /'x' \(Scaled\) at y\/held/],
    ['a layer in a layer of the user', () => new Lazy([dense({ units: 4, name: 'x' })], []), /at y\/held\/held\/0 /],
  ])('is refused as long as it is not built: %s', async (_what, make, where) => {
    const prefix = join(directory, 'lazy', 'refused');
    for (const action of [saveWeights, loadWeights]) {
      const error = await action(around(make()), prefix).catch((e: Error) => e);
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
      expect((error as Error).message).toMatch(where);
      expect((error as Error).message).toContain('call the model once');
    }
  });

  it('is saved once it was built by a call', async () => {
    const [first, second] = [dense({ units: 4 }), new Lazy(null, [])];
    const model = around({ first, second, more: [l.dropout({ rate: 0.5 })] }, [first, second]);
    await expect(saveWeights(model, join(directory, 'called'))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' });
    predict(model);
    expect((await saveWeights(model, join(directory, 'called'))).tensors).toBe(3);
  });

  it('is saved if build() was called and did not say so', async () => {
    const idle = new Idle(dense({ units: 4 }), []);
    (idle.held as Layer).build([null, 4]);
    expect((await saveWeights(around(idle), join(directory, 'idle'))).tensors).toBe(3);
  });

  it('need not be built if it has no weights', async () => {
    const layers = [
      l.dropout({ rate: 0.5 }),
      l.activation({ activation: 'relu' }),
      l.flatten(),
      l.add(),
      l.concatenate(),
      l.dot({ axes: 1 }),
      l.timeDistributed({ layer: l.dropout({ rate: 0.5 }) }),
      new Lazy([l.reLU()], []),
    ];
    await saveWeights(around(layers), join(directory, 'weightless'));
  });

  it('may be a model, whose layers are built', async () => {
    const inner = tf.sequential({ layers: [dense({ units: 4, inputShape: [4] }), l.dropout({ rate: 0.5 })] });
    const x = tf.input({ shape: [4] });
    const functional = tf.model({ inputs: x, outputs: dense({ units: 4 }).apply(x) as tf.SymbolicTensor });
    const prefix = join(directory, 'models');
    expect((await saveWeights(around([inner, functional], [inner, functional]), prefix)).tensors).toBe(5);
  });

  it.each<[string, (thing: unknown) => unknown]>([
    ['a Set', thing => new Set([thing])],
    ['a Map with other keys', thing => new Map([[1, thing]])],
    ['the keys of a Map', thing => new Map([[thing, 1]])],
    ['a Set in a Map in a list', thing => [new Map([['a', new Set([thing])]])]],
  ])('is refused in %s, unless it is found elsewhere too', async (_what, wrap) => {
    const inner = dense({ units: 4, name: 'x' });
    inner.build([null, 4]);
    for (const thing of [inner, tf.variable(tf.ones([2])), inner.weights[0]]) {
      const error = await saveWeights(around(wrap(thing)), join(directory, 'set')).catch((e: Error) => e);
      expect(error).toMatchObject({ code: 'ERR_NOT_SUPPORTED' });
      expect((error as Error).message).toContain("layer 'y' (Lazy) has layers or variables in a ");
      await saveWeights(around([wrap(thing), thing]), join(directory, 'set'));
    }
    await saveWeights(around(wrap(3)), join(directory, 'set'));
  });

  it('may be a variable made by hand, which is loaded, and copied', async () => {
    const model = around({ a: tf.variable(tf.tensor([1, 2])) });
    const prefix = join(directory, 'by-hand');
    await saveWeights(model, prefix);
    const [loaded, copied] = [tf.variable(tf.zeros([2])), tf.variable(tf.zeros([2]))];
    const status = (await loadWeights(around({ a: loaded }), prefix)).assertConsumed();
    expect(status.loaded).toEqual(['layer_with_weights-0/held/a/.ATTRIBUTES/VARIABLE_VALUE']);
    copyWeights(model, around({ a: copied })).assertConsumed();
    for (const variable of [loaded, copied]) expect([...variable.dataSync()]).toEqual([1, 2]);
    loaded.dispose();
    await expect(saveWeights(around({ a: loaded }), prefix)).rejects.toMatchObject({ code: 'ERR_STATE' });
  });
});
