/** ModelCheckpoint: the decisions of Keras's real one for the same logs, and what it does in a training. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CheckpointReader, latestCheckpoint } from '../../../src/index.js';
import {
  loadModel,
  loadWeights,
  ModelCheckpoint,
  type ModelCheckpointOptions,
  saveWeights,
} from '../../../src/tfjs.js';
import { Choices } from '../../layers/random-numbers.js';
import { runPython } from '../../oracle/python.js';
import { files, network, train, xs, ys } from './network.js';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'tensorbundle callbacks '));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));
afterEach(() => vi.restoreAllMocks());

let count = 0;
const fresh = (): string => join(directory, `run ${count++}`);

interface Event {
  hook: 'on_epoch_begin' | 'on_train_batch_end' | 'on_epoch_end';
  number: number;
  logs: Record<string, string>;
}

interface Scenario {
  options: Record<string, string | number | boolean>;
  events: Event[];
}

describe('the decisions of Keras', () => {
  const random = new Choices(11);
  const value = (): string =>
    random.one(['0.5', '0.25', '1', '0', '-1', 'nan', 'inf', '-inf', String(random.whole(0, 1000) / 1000)]);

  function scenario(): Scenario {
    const options: Scenario['options'] = {
      filepath: random.one(['best', 'cp-{epoch:04d}.ckpt', '{epoch:02d}-{loss:.2f}', '{epoch}-{val_loss:.3e}']),
    };
    const byBatch = random.chance(0.5);
    if (byBatch) {
      options.save_freq = random.whole(1, 9);
      if (random.chance(0.5)) options.filepath = '{epoch}-{batch:03d}';
    }
    if (random.chance(0.6)) options.save_best_only = true;
    if (random.chance(0.5)) options.save_weights_only = true;
    if (random.chance(0.7)) options.monitor = random.one(['loss', 'val_loss', 'accuracy', 'fmeasure', 'missing']);
    if (random.chance(0.5)) options.mode = random.one(['auto', 'min', 'max']);
    if (random.chance(0.3)) options.initial_value_threshold = random.whole(0, 10) / 10;
    const events: Event[] = [];
    for (let epoch = random.one([0, 0, 3]), i = 0; i < random.whole(1, 6); i++, epoch++) {
      events.push({ hook: 'on_epoch_begin', number: epoch, logs: {} });
      const logs = (): Record<string, string> => ({ loss: value(), accuracy: value(), fmeasure: value() });
      for (let batch = 0, batches = random.whole(1, 7); batch < batches; batch++)
        events.push({ hook: 'on_train_batch_end', number: batch, logs: logs() });
      events.push({ hook: 'on_epoch_end', number: epoch, logs: { ...logs(), val_loss: value() } });
    }
    return { options, events };
  }

  it('300 seeded scenarios, every hook', async () => {
    const scenarios = Array.from({ length: 300 }, scenario);
    const theirs = JSON.parse(
      await runPython('test/training/callbacks/keras.py', [], { input: JSON.stringify(scenarios) }),
    ) as { saves: string[]; error: string | null; best: string }[][];
    vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const model = network();
    let saves = 0;
    let stopped = 0;
    for (const [i, { options, events }] of scenarios.entries()) {
      const run = fresh();
      const callback = new ModelCheckpoint({
        filepath: join(run, String(options.filepath)),
        monitor: options.monitor as string,
        mode: options.mode as 'auto',
        saveBestOnly: options.save_best_only as boolean,
        saveWeightsOnly: options.save_weights_only as boolean,
        saveFreq: options.save_freq as number,
        initialValueThreshold: options.initial_value_threshold as number,
        writer: { durable: false },
        model,
      });
      const hooks = {
        on_epoch_begin: 'onEpochBegin',
        on_train_batch_end: 'onBatchEnd',
        on_epoch_end: 'onEpochEnd',
      } as const;
      const ours = [];
      for (const { hook, number, logs } of events) {
        const numbers = Object.fromEntries(
          Object.entries(logs).map(([name, text]) => [name, Number(text.replace('inf', 'Infinity'))]),
        );
        let error: string | null = null;
        rmSync(run, { recursive: true, force: true });
        try {
          await callback[hooks[hook]](number, numbers);
        } catch (problem) {
          expect(problem).toMatchObject({ code: 'ERR_FILENAME_PATTERN' });
          error = 'KeyError';
        }
        const made = existsSync(run) ? files(run) : [];
        if (made.length > 0) expect(relative(run, callback.lastSaved!)).toBe(made[0]);
        saves += made.length;
        stopped += error === null ? 0 : 1;
        const worst = callback.best ?? (modeOf(options) === 'max' ? -Infinity : Infinity);
        ours.push({ saves: made, error, best: String(worst) });
      }
      const expected = theirs[i]!.map(one => ({ ...one, best: String(Number(one.best.replace('inf', 'Infinity'))) }));
      expect([options, ours]).toEqual([options, expected]);
      rmSync(run, { recursive: true, force: true });
    }
    // Else it would show little.
    expect(saves).toBeGreaterThan(300);
    expect(stopped).toBeGreaterThan(10);
  }, 180_000);

  function modeOf({ mode = 'auto', monitor = 'val_loss' }: Scenario['options']): unknown {
    if (mode !== 'auto') return mode;
    return String(monitor).includes('acc') || String(monitor).startsWith('fmeasure') ? 'max' : 'min';
  }
});

describe('in a training', () => {
  it('a Sequential is saved as one where the callback knows it, byte for byte as saveWeights does', async () => {
    const run = fresh();
    const model = network();
    const callback = new ModelCheckpoint({ filepath: join(run, 'a'), saveWeightsOnly: true, model });
    await train(model, [callback], 1);
    await saveWeights(model, join(run, 'b'));
    for (const end of ['.index', '.data-00000-of-00001'])
      expect(readFileSync(join(run, `a${end}`)).equals(readFileSync(join(run, `b${end}`)))).toBe(true);
    await train(model, [new ModelCheckpoint({ filepath: join(run, 'whole'), model })], 1);
    expect((await loadModel(join(run, 'whole'))).getClassName()).toBe('Sequential');
  });

  it('one name at every epoch, and the weights of the last', async () => {
    const run = fresh();
    const model = network();
    const callback = new ModelCheckpoint({ filepath: join(run, 'cp.ckpt'), saveWeightsOnly: true });
    await train(model, [callback]);
    expect(files(run)).toEqual(['cp.ckpt']);
    expect(await latestCheckpoint(run)).toBe(join(run, 'cp.ckpt'));
    expect(callback.lastSaved).toBe(join(run, 'cp.ckpt'));
    const other = network();
    (await loadWeights(other, run)).assertConsumed();
    expect([...other.getWeights()[0]!.dataSync()]).toEqual([...model.getWeights()[0]!.dataSync()]);
  });

  it('epoch numbers in the names', async () => {
    const run = join(fresh(), 'training_2');
    await train(
      network(),
      [new ModelCheckpoint({ filepath: join(run, 'cp-{epoch:04d}.ckpt'), saveWeightsOnly: true })],
      5,
    );
    expect(files(run)).toEqual([1, 2, 3, 4, 5].map(epoch => `cp-000${epoch}.ckpt`));
    expect(await latestCheckpoint(run)).toBe(join(run, 'cp-0005.ckpt'));
  });

  it('every five epochs, counted in batches across epochs', async () => {
    const run = fresh();
    const [numOfEpochs, stepsPerEpoch] = [5, 4];
    const saveFreq = numOfEpochs * stepsPerEpoch;
    await train(network(), [new ModelCheckpoint({ filepath: join(run, 'cp-{epoch:04d}.ckpt'), saveFreq })], 10);
    expect(files(run)).toEqual(['cp-0005.ckpt', 'cp-0010.ckpt']);
  });

  it('the best on val_loss only', async () => {
    const run = fresh();
    const callback = new ModelCheckpoint({ filepath: join(run, 'best-{epoch}'), saveBestOnly: true });
    const { history } = await train(network(), [callback], 5);
    const losses = history.val_loss as number[];
    const improved = losses.flatMap((loss, i) =>
      losses.slice(0, i).every(before => loss < before) ? [`best-${i + 1}`] : [],
    );
    expect(files(run)).toEqual(improved);
    expect(callback.best).toBeCloseTo(Math.min(...losses), 6);
  });

  it('the best survives a restart: a worse training does not overwrite it', async () => {
    const run = fresh();
    const options: ModelCheckpointOptions = {
      filepath: join(run, 'best'),
      saveBestOnly: true,
      monitor: 'loss',
      model: network(),
    };
    const first = new ModelCheckpoint(options);
    await first.onTrainBegin();
    await first.onEpochEnd(0, { loss: 0.5 });
    const second = new ModelCheckpoint(options);
    await second.onTrainBegin();
    expect(second.best).toBe(0.5);
    await second.onEpochEnd(1, { loss: 0.75 });
    expect(second.lastSaved).toBeNull();
    await second.onEpochEnd(2, { loss: 0.25 });
    expect(second.lastSaved).toBe(join(run, 'best'));
    // By another metric, or the other way round, it says nothing.
    for (const other of [{ monitor: 'val_loss' }, { mode: 'max' as const }]) {
      const third = new ModelCheckpoint({ ...options, ...other });
      await third.onTrainBegin();
      expect(third.best).toBeNull();
    }
  });

  it('weights only against the whole model', async () => {
    const run = fresh();
    const model = network();
    await train(model, [
      new ModelCheckpoint({ filepath: join(run, 'weights'), saveWeightsOnly: true }),
      new ModelCheckpoint({ filepath: join(run, 'whole') }),
    ]);
    await expect(loadModel(join(run, 'weights'))).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
    const whole = await loadModel(join(run, 'whole'));
    expect(whole.optimizer.getClassName()).toBe('Adam');
    // With the slots of the optimizer: both go on alike.
    await model.fit(xs, ys, { epochs: 2, batchSize: 2, shuffle: false, verbose: 0 });
    await whole.fit(xs, ys, { epochs: 2, batchSize: 2, shuffle: false, verbose: 0 });
    for (const [i, weight] of model.getWeights().entries())
      expect([...whole.getWeights()[i]!.dataSync()]).toEqual([...weight.dataSync()]);
    await using reader = await CheckpointReader.open(join(run, 'weights'));
    expect(reader.names().filter(name => name.startsWith('.TENSORBUNDLE/model'))).toEqual([]);
  });

  it('goes on from the newest file of the pattern', async () => {
    const run = fresh();
    const model = network();
    const filepath = join(run, 'cp-{epoch:02d}');
    await train(model, [new ModelCheckpoint({ filepath })], 3);
    const other = network();
    const callback = new ModelCheckpoint({ filepath, loadWeightsOnRestart: true, model: other });
    await callback.onTrainBegin();
    expect([...other.getWeights()[0]!.dataSync()]).toEqual([...model.getWeights()[0]!.dataSync()]);
    const none = new ModelCheckpoint({ filepath: join(fresh(), 'x'), loadWeightsOnRestart: true, model: other });
    await none.onTrainBegin();
  });

  it('in the background: everything is there when the training ends', async () => {
    const run = fresh();
    const model = network();
    const callback = new ModelCheckpoint({ filepath: join(run, 'cp-{epoch}-{batch}'), saveFreq: 3, background: true });
    await train(model, [callback], 3);
    expect(files(run)).toEqual(['cp-1-3', 'cp-2-2', 'cp-3-1', 'cp-3-4']);
    expect(callback.lastSaved).toBe(join(run, 'cp-3-4'));
    const other = network();
    await loadWeights(other, callback.lastSaved!);
    expect([...other.getWeights()[0]!.dataSync()]).toEqual([...model.getWeights()[0]!.dataSync()]);
  });

  it('leaves no tensor behind', async () => {
    const run = fresh();
    const model = network();
    await train(model, []);
    const before = tf.memory().numTensors;
    await train(model, [
      new ModelCheckpoint({ filepath: join(run, 'a'), saveBestOnly: true }),
      new ModelCheckpoint({ filepath: join(run, 'b'), saveFreq: 1, background: true }),
    ]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says what it does, if asked', async () => {
    const said: string[] = [];
    vi.spyOn(console, 'log').mockImplementation(text => void said.push(String(text)));
    const run = fresh();
    const options = {
      filepath: join(run, 'b'),
      saveBestOnly: true,
      verbose: 1 as const,
      monitor: 'loss',
      model: network(),
    };
    const callback = new ModelCheckpoint(options);
    for (const [epoch, loss] of [2, 3, 1].entries()) await callback.onEpochEnd(epoch, { loss });
    expect(said).toEqual([
      `\nEpoch 1: loss improved from - to 2.00000, saving model to ${run}/b`,
      '\nEpoch 2: loss did not improve from 2.00000',
      `\nEpoch 3: loss improved from 2.00000 to 1.00000, saving model to ${run}/b`,
    ]);
  });
});
