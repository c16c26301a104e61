/** EarlyStopping: the decisions of Keras's real one for the same logs; best weights however a training stops. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Checkpoint, EarlyStopping, type EarlyStoppingOptions } from '../../../src/tfjs.js';
import { Choices } from '../../layers/random-numbers.js';
import { runPython } from '../../oracle/python.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle stopping '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

function network(): tf.Sequential {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], useBias: false })] });
  model.compile({ loss: 'meanSquaredError', optimizer: 'sgd' });
  return model;
}
const weight = (model: tf.LayersModel): number => model.getWeights()[0]!.dataSync()[0]!;
const setWeight = (model: tf.LayersModel, value: number): void => model.setWeights([tf.tensor2d([[value]])]);

describe('the decisions of Keras', () => {
  it('400 seeded scenarios: when it stops, what is best, which weights remain', async () => {
    const random = new Choices(81);
    const scenarios = Array.from({ length: 400 }, () => {
      const options: Record<string, string | number | boolean> = {};
      if (random.chance(0.7))
        options.monitor = random.one(['loss', 'val_acc', 'accuracy', 'auc_1', 'my_auc', 'missing']);
      if (random.chance(0.5)) options.mode = random.one(['auto', 'min', 'max']);
      if (random.chance(0.5)) options.patience = random.whole(0, 4);
      if (random.chance(0.4)) options.min_delta = random.one([0.05, 0.2, -0.1]);
      if (random.chance(0.4)) options.baseline = random.one([0.2, 0.5, 0.8]);
      if (random.chance(0.6)) options.restore_best_weights = true;
      if (random.chance(0.3)) options.start_from_epoch = random.whole(0, 4);
      const value = (): string =>
        random.one(['nan', 'inf', '-inf', ...Array.from({ length: 20 }, (_, i) => String(i / 20))]);
      const epochs = Array.from({ length: random.whole(1, 12) }, () =>
        Object.fromEntries(['loss', 'val_loss', 'val_acc', 'accuracy', 'auc_1', 'my_auc'].map(name => [name, value()])),
      );
      return { options, epochs };
    });
    const theirs = JSON.parse(
      await runPython('test/training/callbacks/early_stopping.py', [], { input: JSON.stringify(scenarios) }),
    ) as { stops: boolean[]; best: string; stopped: number; weights: number }[];
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const number = (text: string): number => Number(text.replace('inf', 'Infinity'));
    let stopped = 0;
    let restored = 0;
    for (const [i, { options, epochs }] of scenarios.entries()) {
      const model = network();
      const callback = new EarlyStopping({
        monitor: options.monitor as string,
        mode: options.mode as 'auto',
        patience: options.patience as number,
        minDelta: options.min_delta as number,
        baseline: options.baseline as number,
        restoreBestWeights: options.restore_best_weights as boolean,
        startFromEpoch: options.start_from_epoch as number,
      });
      callback.setModel(model);
      const before = tf.memory().numTensors;
      await callback.onTrainBegin();
      const stops: boolean[] = [];
      for (const [epoch, logs] of epochs.entries()) {
        setWeight(model, epoch);
        await callback.onEpochEnd(
          epoch,
          Object.fromEntries(Object.entries(logs).map(([name, text]) => [name, number(text)])),
        );
        stops.push(Boolean(model.stopTraining));
      }
      await callback.onTrainEnd();
      const expected = theirs[i]!;
      const best = number(expected.best);
      expect([options, { stops, best: callback.best, stopped: callback.stoppedEpoch, weights: weight(model) }]).toEqual(
        [options, { ...expected, best: Number.isFinite(best) ? best : null }],
      );
      stopped += callback.stoppedEpoch > 0 ? 1 : 0;
      restored += expected.weights < epochs.length - 1 ? 1 : 0;
      // setWeights above makes one.
      expect(tf.memory().numTensors - before).toBeLessThanOrEqual(epochs.length);
      model.dispose();
    }
    expect(stopped).toBeGreaterThan(100);
    expect(restored).toBeGreaterThan(100);
  }, 120_000);
});

describe('in a training', () => {
  const [xs, ys] = [tf.ones([4, 1]), tf.ones([4, 1])];
  /** The loss rises from the third epoch on. */
  const spoil = (model: tf.LayersModel) =>
    new tf.CustomCallback({ onEpochBegin: async epoch => (epoch === 2 ? setWeight(model, 50) : undefined) });
  const bestOf = async (
    options: EarlyStoppingOptions,
    more: (model: tf.LayersModel) => tf.CustomCallback[],
  ): Promise<[number, number, number]> => {
    const model = network();
    setWeight(model, 3);
    const weights: number[] = [];
    const note = new tf.CustomCallback({ onEpochEnd: async () => void weights.push(weight(model)) });
    const stopping = new EarlyStopping({ monitor: 'loss', restoreBestWeights: true, ...options });
    await model.fit(xs, ys, { epochs: 6, verbose: 0, callbacks: [spoil(model), note, stopping, ...more(model)] });
    expect(stopping.bestEpoch).toBe(1);
    return [weight(model), weights[1]!, weights.length];
  };

  it('the best weights remain when it stops the training, when all is done, when another stops it', async () => {
    const [one, best1, epochs1] = await bestOf({ patience: 1 }, () => []);
    expect([one, epochs1]).toEqual([best1, 3]);
    const [two, best2, epochs2] = await bestOf({ patience: 100 }, () => []);
    expect([two, epochs2]).toEqual([best2, 6]);
    const stop = (model: tf.LayersModel) => [
      new tf.CustomCallback({
        onBatchEnd: async () => {
          if (weight(model) > 10) model.stopTraining = true;
        },
      }),
    ];
    const [three, best3, epochs3] = await bestOf({ patience: 100 }, stop);
    expect([three, epochs3]).toEqual([best3, 3]);
  });

  it('what it knows is saved with it, best weights too', async () => {
    const model = network();
    const one = new EarlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
    one.setModel(model);
    await one.onTrainBegin();
    for (const [epoch, loss] of [5, 1, 2].entries()) {
      setWeight(model, epoch);
      await one.onEpochEnd(epoch, { loss });
    }
    const path = await new Checkpoint({ one }).write(join(directory, 'stopping'));
    const other = new EarlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
    await new Checkpoint({ one: other }).read(path);
    const fresh = network();
    other.setModel(fresh);
    await other.onTrainBegin();
    await other.onEpochEnd(3, { loss: 3 });
    expect(fresh.stopTraining).toBe(true);
    await other.onTrainEnd();
    expect([weight(fresh), other.best, other.bestEpoch]).toEqual([1, 1, 1]);
  });

  const dense = (kernelInitializer: 'ones' | 'zeros'): tf.layers.Layer =>
    tf.layers.dense({ units: 2, inputShape: [2], kernelInitializer });
  const two = (): tf.Sequential => {
    const batch = tf.layers.batchNormalization();
    const inner = tf.sequential({ layers: [dense('zeros'), batch] });
    const model = tf.sequential({ layers: [dense('ones'), inner, dense('zeros')] });
    model.compile({ loss: 'meanSquaredError', optimizer: tf.train.sgd(1.5) });
    return model;
  };
  /** By layer, whatever is frozen. */
  const perLayer = (model: tf.LayersModel): string[] =>
    model.layers.flatMap(layer => {
      const { layers = [layer] } = layer as unknown as { layers?: tf.layers.Layer[] };
      return layers.flatMap(one => one.weights.map(each => String(each.read().dataSync())));
    });

  it.each([0, 1, 2])(
    'layer %i is frozen, or thawed, after the best epoch: each weight comes back where it was',
    async at => {
      for (const begins of [true, false]) {
        const model = two();
        model.layers[at]!.trainable = begins;
        const stopping = new EarlyStopping({ monitor: 'val', patience: 2, restoreBestWeights: true });
        stopping.setModel(model);
        await stopping.onTrainBegin();
        const grow = () =>
          tf.tidy(() => {
            for (const layer of model.layers)
              for (const each of layer.weights) each.write(each.read().add(Math.random()));
          });
        grow();
        await stopping.onEpochEnd(0, { val: 1 });
        const best = perLayer(model);
        model.layers[at]!.trainable = !begins;
        grow();
        await stopping.onEpochEnd(1, { val: 2 });
        // In a new process the model is built anew.
        const path = await new Checkpoint({ stopping }).write(join(directory, `frozen-${at}-${begins}`));
        const other = new EarlyStopping({ monitor: 'val', patience: 2, restoreBestWeights: true });
        await new Checkpoint({ stopping: other }).read(path);
        const again = two();
        again.layers[2 - at]!.trainable = false;
        other.setModel(again);
        await other.onTrainBegin();
        for (const [one, its] of [
          [stopping, model],
          [other, again],
        ] as const) {
          await one.onEpochEnd(2, { val: 3 });
          expect(its.stopTraining).toBe(true);
          await one.onTrainEnd();
          expect(perLayer(its)).toEqual(best);
        }
      }
    },
  );

  it('bad options are refused', () => {
    for (const options of [{ patience: NaN }, { minDelta: '1' }, { mode: 'up' }, { monitor: 3 }, { baseline: 'x' }])
      expect(() => new EarlyStopping(options as never)).toThrow(
        expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
      );
  });
});
