/**
 * Keras's GRU (`reset_after=True`) in Node: made from Keras's JSON by itself, computed, trained, saved and loaded as
 * Keras does.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { Adam } from '../../src/optimizers.js';
import { gru, gruCell, type KerasGRUArgs, loadModel, loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';
import '../../src/register.js';
import { runJob } from './keras.js';

type Layer = tf.LayersModel['layers'][number];
type Json = Record<string, unknown>;

interface Answer {
  before: number[];
  loss: number;
  after: number[];
  weights: number[][];
}

const STEPS = 3;
const l = tf.layers;
const returnSequences = true;
let directory: string;
let answer: {
  theirs: (Answer & { name: string; json: string })[];
  ours: Record<string, Answer>;
  stateful: { json: string; runs: number[][] };
};

/** Four sequences of five steps; what is masked is at the beginning, in the middle, at the end, everywhere. */
const inputs = tf.tidy(() =>
  tf.randomUniform([4, 5, 3], -1, 1, 'float32', 3).mul(
    tf
      .tensor(
        [
          [0, 0, 1, 1, 1],
          [1, 0, 1, 0, 0],
          [0, 0, 0, 0, 0],
          [1, 1, 1, 1, 1],
        ],
        [4, 5],
      )
      .expandDims(2),
  ),
) as tf.Tensor3D;
const targets = tf.randomUniform([4, 2], -1, 1, 'float32', 4) as tf.Tensor2D;

const OURS: Readonly<Record<string, () => tf.LayersModel>> = {
  row: () =>
    tf.sequential({
      layers: [
        l.masking({ maskValue: 0, inputShape: [5, 3] }),
        gru({
          units: 4,
          returnSequences,
          kernelRegularizer: 'l1l2',
          recurrentRegularizer: tf.regularizers.l2({ l2: 0.02 }),
          biasRegularizer: tf.regularizers.l1({ l1: 0.03 }),
        }),
        l.bidirectional({ layer: gru({ units: 3, returnSequences }) as never, mergeMode: 'ave' }),
        gru({ units: 3, kernelConstraint: 'maxNorm', goBackwards: true }),
        l.dense({ units: 2 }),
      ],
    }),
  graph: () => {
    const x = tf.input({ shape: [5, 3] });
    const [sequence, state] = gru({ units: 2, returnSequences, returnState: true, resetAfter: true }).apply(x) as [
      tf.SymbolicTensor,
      tf.SymbolicTensor,
    ];
    const each = l.timeDistributed({ layer: l.dense({ units: 3 }) }).apply(sequence) as tf.SymbolicTensor;
    const one = gru({ units: 2, resetAfter: false, useBias: false }).apply(each) as tf.SymbolicTensor;
    return tf.model({ inputs: x, outputs: l.add().apply([one, state]) as tf.SymbolicTensor });
  },
};

/** The same values at each call: nothing that is zero or one would hide a mistake. */
function randomized(model: tf.LayersModel): tf.LayersModel {
  model.weights.forEach((variable, i) => {
    tf.tidy(() => {
      variable.write(tf.randomUniform(variable.shape as number[], -0.7, 0.7, 'float32', i + 1));
    });
  });
  return model;
}

function predict(model: tf.LayersModel): number[] {
  return tf.tidy(() => [...(model.predict(inputs, { batchSize: 4 }) as tf.Tensor).dataSync()]);
}

function expectClose(found: readonly number[], expected: readonly number[], limit = 2e-6): void {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of found.entries()) {
    expect(Math.abs(value - expected[i]!) / Math.max(1, Math.abs(expected[i]!))).toBeLessThanOrEqual(limit);
  }
}

async function train(model: tf.LayersModel, epochs = STEPS): Promise<number> {
  model.compile({ optimizer: new Adam({ learningRate: 0.01 }), loss: 'meanSquaredError' });
  const history = await model.fit(inputs, targets, { batchSize: 4, epochs, shuffle: false, verbose: 0 });
  return history.history.loss!.at(-1) as number;
}

/** Predicts, learns and ends as Keras does. */
async function expectTrained(model: tf.LayersModel, expected: Answer): Promise<void> {
  expectClose(predict(model), expected.before);
  expect(Math.abs((await train(model)) - expected.loss)).toBeLessThanOrEqual(1e-5 * Math.max(1, expected.loss));
  expectClose(predict(model), expected.after, 2e-5);
  const flat = (weights: readonly (readonly number[])[]): string[] => weights.map(({ length }) => String(length));
  const weights = model.getWeights().map(weight => [...weight.dataSync()]);
  expect(flat(weights).sort()).toEqual(flat(expected.weights).sort());
  if (String(flat(weights)) === String(flat(expected.weights)))
    for (const [i, values] of weights.entries()) expectClose(values, expected.weights[i]!, 2e-5);
}

/** Keras 3's spelling of what has nothing to do with a GRU: input layers, and types as objects. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entry = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)])) as Json;
  if (entry.class_name === 'DTypePolicy') return (entry.config as Json).name;
  if (entry.class_name === 'InputLayer') {
    const config = entry.config as Json;
    if ('batch_shape' in config) config.batch_input_shape = config.batch_shape;
  }
  return entry;
}

const fromJson = (json: string): Promise<tf.LayersModel> =>
  tf.models.modelFromJSON(plain(JSON.parse(json)) as never) as Promise<tf.LayersModel>;
const cellOf = (layer: Layer): Layer => (layer as unknown as { cell: Layer }).cell;
const isAfter = (layer: Layer): boolean => cellOf(layer).getConfig().resetAfter === true;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle-gru-'));
  const ours = [];
  for (const [name, make] of Object.entries(OURS)) {
    const model = randomized(make());
    await saveWeights(model, join(directory, name), { updateState: false });
    ours.push({ name, json: model.toJSON(null, true) });
  }
  const job = { directory, inputs: inputs.arraySync(), targets: targets.arraySync(), steps: STEPS, ours };
  answer = (await runJob('gru.py', directory, job)) as typeof answer;
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe("Keras's GRU", () => {
  it.each([
    ['tf_keras', 0],
    ['Keras 3', 1],
  ])("of %s becomes one by the model's JSON, and predicts and learns the same", async (_library, i) => {
    const theirs = answer.theirs[i]!;
    const model = await fromJson(theirs.json);
    const grus = model.layers.flatMap(layer => {
      const { forwardLayer, backwardLayer } = layer as unknown as Record<string, Layer | undefined>;
      return [layer, forwardLayer, backwardLayer].filter(one => one?.getClassName() === 'GRU');
    });
    expect(grus.map(one => isAfter(one!))).toEqual([true, true, true, true]);
    (await loadWeights(model, join(directory, theirs.name))).assertExistingObjectsMatched();
    await expectTrained(model, theirs);
  });

  it.each(Object.keys(OURS))("from Node (%s) is taken by Python with the model's JSON as it is", async name => {
    const model = randomized(OURS[name]!());
    await expectTrained(model, answer.ours[name]!);
  });

  it('keeps its state from batch to batch, where leading steps are masked too', async () => {
    const model = await fromJson(answer.stateful.json);
    (await loadWeights(model, join(directory, 'stateful'))).assertConsumed();
    expectClose(predict(model), answer.stateful.runs[0]!);
    const second = tf.tidy(() => [...(model.predict(inputs.reverse(0), { batchSize: 4 }) as tf.Tensor).dataSync()]);
    expectClose(second, answer.stateful.runs[1]!);
  });

  it.each(['saveModel', 'ckpt://', 'file://'])('comes back through %s, and is trained on', async way => {
    const model = randomized(OURS.row!());
    const trained = randomized(OURS.row!());
    await train(model, 1);
    await train(trained, 1);
    const path = join(directory, way.replace('://', ''));
    if (way === 'saveModel') await saveModel(model, path);
    else await model.save(`${way}${path}`);
    const loaded =
      way === 'saveModel'
        ? await loadModel(path)
        : await tf.loadLayersModel(way === 'file://' ? `${way}${path}/model.json` : `${way}${path}`);
    // Not to the bit: tfjs's loader applies the constraints to what it loads.
    const values = (of: tf.LayersModel): number[] => of.getWeights().flatMap(weight => [...weight.dataSync()]);
    expectClose(values(loaded), values(model), 1e-6);
    expectClose(predict(loaded), predict(model));
    expect(loaded.toJSON(null, false)).toEqual(model.toJSON(null, false));
    for (const one of [loaded, trained]) await train(one, 1);
    expectClose(predict(loaded), predict(trained));
  });
});

describe('which GRU it is', () => {
  const config = (resetAfter: boolean): Layer => gru({ units: 2, resetAfter, inputShape: [3, 2] });

  it("TensorFlow.js's own stays as it is", async () => {
    expect(() => l.gru({ units: 2, resetAfter: true } as never)).toThrow('reset_after');
    expect(() => l.gruCell({ units: 2, resetAfter: true })).toThrow('reset_after');
    const own = l.gru({ units: 2, inputShape: [3, 2], name: 'own' });
    const model = tf.sequential({ layers: [own] });
    const again = await tf.models.modelFromJSON(model.toJSON(null, false) as never);
    expect(again.layers[0]!.constructor).toBe(own.constructor);
    expect(model.weights.map(({ shape }) => shape)).toEqual([[2, 6], [2, 6], [6]]);
    expect(own.getConfig().recurrentActivation).toBe('hardSigmoid');
  });

  it('has the defaults of Keras, and is a GRU of TensorFlow.js', () => {
    const layer = gru({ units: 2 });
    expect(layer).toBeInstanceOf(l.gru({ units: 1 }).constructor);
    expect(layer.getConfig()).toMatchObject({ recurrentActivation: 'sigmoid', implementation: 2, resetAfter: true });
    expect(gru({ units: 2, resetAfter: false }).getConfig()).toMatchObject({
      recurrentActivation: 'sigmoid',
      resetAfter: false,
    });
    expect(isAfter(config(true))).toBe(true);
    expect(isAfter(config(false))).toBe(false);
    expect(gruCell({ units: 2, resetAfter: false }).getConfig().resetAfter).toBe(false);
    expectTypeOf<KerasGRUArgs['resetAfter']>().toEqualTypeOf<boolean | undefined>();
  });

  it("takes Keras's options by name, and refuses what would not be computed", () => {
    const refused = (args: KerasGRUArgs, code: string, found: string): void => {
      expect(() => gru(args)).toThrow(expect.objectContaining({ code, found }));
    };
    for (const resetAfter of [true, false]) {
      refused({ units: 2, resetAfter, timeMajor: true }, 'ERR_NOT_SUPPORTED', 'timeMajor');
      expect(gru({ units: 2, resetAfter, timeMajor: false, zeroOutputForMask: false }).getConfig()).toMatchObject({
        resetAfter,
      });
    }
    refused({ units: 2, resetAfter: false, zeroOutputForMask: true }, 'ERR_NOT_SUPPORTED', 'zeroOutputForMask');
    expect(gru({ units: 2, zeroOutputForMask: true }).getConfig()).toMatchObject({ zeroOutputForMask: true });
    refused({ units: 2, reset_after: true } as never, 'ERR_INVALID_ARGUMENT', 'reset_after');
    const masked = tf.sequential({
      layers: [
        l.masking({ maskValue: 0, inputShape: [5, 3] }),
        gru({ units: 2, returnSequences, zeroOutputForMask: true }),
      ],
    });
    const [, row] = tf.tidy(() => (masked.predict(inputs, { batchSize: 4 }) as tf.Tensor3D).arraySync());
    expect(row!.map(step => step.every(value => value === 0))).toEqual([false, true, false, true, true]);
  });

  it('is chosen although another copy of tfjs-layers registers its classes later', async () => {
    const map = tf.serialization.SerializationMap.getMap().classNameMap;
    const json = tf.sequential({ layers: [config(true)] }).toJSON(null, false);
    for (const name of ['GRU', 'GRUCell']) {
      const [type] = map[name]!;
      tf.serialization.registerClass(type as never);
      expect(map[name]![0]).toBe(type);
    }
    expect(isAfter((await tf.models.modelFromJSON(json as never)).layers[0]!)).toBe(true);
    expect(Object.keys(map)).toEqual(expect.arrayContaining(['GRU', 'GRUCell', 'LSTM']));
  });

  it('weights of the other variant are refused in both directions, with the layer that takes them', async () => {
    const make = (resetAfter: boolean): tf.LayersModel => tf.sequential({ layers: [config(resetAfter)] });
    for (const [stored, advice] of [
      [true, "gru({ units, … }) or gruCell of 'tensorbundle/tfjs'"],
      [false, 'resetAfter: false'],
    ] as const) {
      const prefix = join(directory, `variant-${stored}`);
      await saveWeights(make(stored), prefix, { updateState: false });
      for (const skipMismatch of [false, true]) {
        await expect(loadWeights(make(!stored), prefix, { skipMismatch })).rejects.toMatchObject({
          code: 'ERR_NOT_SUPPORTED',
          message: expect.stringContaining(advice),
        });
      }
      (await loadWeights(make(stored), prefix)).assertConsumed();
    }
  });
});

describe('dropout', () => {
  /** Only the candidate depends on the inputs; the state is half kept at each step. */
  function layer(options: Partial<KerasGRUArgs>): tf.LayersModel {
    const made = gru({
      units: 10,
      returnSequences,
      activation: 'linear',
      recurrentInitializer: 'zeros',
      inputShape: [3, 10],
      ...options,
    });
    const model = tf.sequential({ layers: [made] });
    tf.tidy(() => {
      model.weights[0]!.write(tf.concat([tf.zeros([10, 20]), tf.eye(10)], 1));
    });
    return model;
  }
  const run = (made: tf.LayersModel, training: boolean): number[][] =>
    tf.tidy(() => {
      const out = made.apply(tf.ones([1, 3, 10]), { training }) as tf.Tensor;
      return (out.arraySync() as number[][][])[0]!;
    });

  it.each([1, 2])(
    'drops the same inputs at every step of a run, others in the next (implementation %i)',
    implementation => {
      const made = layer({ dropout: 0.5, implementation });
      const [one, two, three] = run(made, true) as [number[], number[], number[]];
      // Kept inputs are doubled: 0.5 * 2, then half of it stays.
      expect(new Set(one)).toEqual(new Set([0, 1]));
      expect(two).toEqual(one.map(value => value * 1.5));
      expect(three).toEqual(one.map(value => value * 1.75));
      expect(run(made, true)[0]).not.toEqual(one);
      expect(new Set(run(made, false)[0])).toEqual(new Set([0.5]));
    },
  );

  it('drops states, and no tensor is left behind', async () => {
    const model = tf.sequential({
      layers: [
        gru({ units: 6, returnSequences, dropout: 0.3, recurrentDropout: 0.5, inputShape: [5, 3] }),
        l.rnn({ cell: [gruCell({ units: 3, dropout: 0.3, recurrentDropout: 0.4 })] as never }),
        l.dense({ units: 2 }),
      ],
    });
    await train(model, 1);
    predict(model);
    const { numTensors } = tf.memory();
    const outputs = [0, 1].map(() =>
      tf.tidy(() => [...(model.apply(inputs, { training: true }) as tf.Tensor).dataSync()]),
    );
    expect(outputs[0]).not.toEqual(outputs[1]);
    expect(predict(model)).toEqual(predict(model));
    await model.fit(inputs, targets, { epochs: 1, verbose: 0 });
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
