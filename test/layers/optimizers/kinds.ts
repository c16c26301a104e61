/**
 * Every optimizer of Keras 3 and of tf_keras, of each generation, wrapped or not, restored into each of ours: right, or
 * as far as it fits with the rest in the status, or refused by name. What was wrapped or had a decay goes back to
 * Python as such.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RestoreStatus } from '../../../src/graph/restore/restore-status.js';
import * as exact from '../../../src/optimizers.js';
import { Checkpoint, loadWeights } from '../../../src/tfjs.js';
import { PythonProcess } from '../../oracle/python.js';
import { OPTIMIZERS as OURS, start, variablesOf } from './training.js';

const STEPS = 5;
const learningRate = 0.5;

interface State {
  scale: number | null;
  counter: number | null;
}

interface Written {
  iterations: number;
  rate: number | null;
  state: State;
  weights: number[][];
  then: number[][];
  end: State;
}

interface Read {
  consumed: string;
  state: State;
  then: number[][];
  end: State;
}

const full = { momentum: 0.8, centered: true };
const scaled = { initialScale: 7, dynamicGrowthSteps: 3 };
/** Ours of the same class and options, with another learning rate; by Keras's class. */
const SAME: Readonly<Record<string, () => tf.Optimizer>> = {
  SGD: () => new exact.SGD({ learningRate }),
  'SGD momentum': () => new exact.SGD({ learningRate, momentum: 0.9 }),
  Adagrad: () => new exact.Adagrad({ learningRate }),
  Adadelta: () => new exact.Adadelta({ learningRate }),
  Adam: () => new exact.Adam({ learningRate }),
  'Adam amsgrad': () => new exact.Adam({ learningRate, amsgrad: true }),
  AdamW: () => new exact.AdamW({ learningRate }),
  Adamax: () => new exact.Adamax({ learningRate }),
  Nadam: () => new exact.Nadam({ learningRate }),
  RMSprop: () => new exact.RMSprop({ learningRate }),
  'RMSprop full': () => new exact.RMSprop({ learningRate, ...full }),
};
const LIVE: Readonly<Record<string, () => tf.Optimizer>> = {
  ...OURS,
  ...Object.fromEntries(
    Object.entries(SAME).map(([name, make]) => [`wrapped ${name}`, () => new exact.LossScaleOptimizer(make(), scaled)]),
  ),
};
/** Their state says too little. */
const REFUSED: Readonly<Record<string, string>> = {
  'Adam accumulating keras3': 'gradient_accumulation_steps',
  'Multi keras3': 'MultiOptimizer',
};

let directory: string;
let python: PythonProcess;
let written: Record<string, Written>;
let embeddings: Record<string, number[]>;
let read: Record<string, Read>;
let lines: AsyncIterator<string>;

const kindIn = (title: string): string => title.replace(/ (scaled|decay|schedule|ema|early)/, '').replace(/ \w+$/, '');
const isSteady = (title: string): boolean =>
  !/schedule|ema|accumulating|Nadam early/.test(title) && kindIn(title) in SAME;
const isScaled = (title: string): boolean => / scaled /.test(title);

interface Training {
  readonly model: tf.LayersModel;
  readonly optimizer: tf.Optimizer;
  readonly checkpoint: Checkpoint;
}

function begin(optimizer: tf.Optimizer): Training {
  const dense = (name: string, units: number) => tf.layers.dense({ units, inputShape: [3], name });
  const model = start(tf.sequential({ layers: [dense('a', 2), dense('b', 3)] }));
  return { model, optimizer, checkpoint: new Checkpoint({ model, optimizer }) };
}

/** Gradients as in Python; those for a wrapper are scaled. */
function train({ model, optimizer }: Training, first: number, last: number): void {
  for (let step = first; step < last; step++) {
    tf.tidy(() => {
      // Not by class: tfjs takes any optimizer for an instance of any.
      const { dynamicScale: scale = 1 } = optimizer as Partial<exact.LossScaleOptimizer>;
      const gradients = variablesOf(model).map((variable, i) => {
        const value = (j: number): number => Math.fround(Math.sin(j + step * 3 + i) * 10 ** -(step % 4)) * scale;
        const values = Float32Array.from({ length: variable.size }, (_, j) => value(j));
        return { name: variable.name, tensor: tf.tensor(values, variable.shape) };
      });
      optimizer.applyGradients(gradients);
    });
  }
}

function weightsOf({ model }: Training): number[][] {
  return model.getWeights().map(weight => [...weight.dataSync()]);
}

function difference(found: number[][], expected: number[][]): number {
  expect(found.map(values => values.length)).toEqual(expected.map(values => values.length));
  const [a, b] = [found.flat(), expected.flat()];
  return Math.max(...a.map((value, i) => Math.abs(value - b[i]!))) / Math.max(...b.map(Math.abs));
}

const pathOf = (title: string): string => join(directory, 'python', title);
const rateOf = (optimizer: tf.Optimizer): number => (optimizer as unknown as { learningRate: number }).learningRate;
const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'passes';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** What goes on in Python: all whose keys are those that we write. */
const returning = (): string[] =>
  Object.keys(written).filter(title => isSteady(title) && (!title.endsWith('keras3') || isScaled(title)));

export interface Selection {
  /** Of what Keras writes, as a pattern for Python. */
  readonly titles: string;
  /** How many of ours go on as Keras does, at least. */
  readonly least: number;
  /** Of ours that everything is restored into. */
  readonly live: RegExp;
}

export function testKinds({ titles, least, live }: Selection): void {
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'tensorbundle-kinds-'));
    for (const side of ['python', 'node']) mkdirSync(join(directory, side));
    python = new PythonProcess('test/layers/optimizers/kinds.py', [directory, titles]);
    let errors = '';
    python.stderr.on('data', text => {
      errors += text;
    });
    lines = createInterface(python.stdout)[Symbol.asyncIterator]();
    const line = async (): Promise<string> => {
      const { value, done } = await lines.next();
      if (done) throw new Error(errors);
      return value as string;
    };
    const answer = JSON.parse(await line()) as { optimizers: typeof written; embeddings: typeof embeddings };
    ({ optimizers: written, embeddings } = answer);
    for (const title of returning()) {
      // Into ours without a wrapper, whatever it was; then on into Python again.
      const { checkpoint } = begin(SAME[kindIn(title)]!());
      (await checkpoint.read(pathOf(title))).assertConsumed();
      const optimizerKeys = title.endsWith('legacy') ? 'legacy' : 'new';
      await checkpoint.write(join(directory, 'node', title), { optimizerKeys });
    }
    python.stdin.write(`${JSON.stringify(returning())}\n`);
    read = JSON.parse(await line()) as Record<string, Read>;
  }, 300_000);
  afterAll(() => {
    python.kill();
    rmSync(directory, { recursive: true, force: true });
  });

  describe('written by Keras', () => {
    it('each into ours of the same class: all of it is taken, and ours goes on as Keras does', async () => {
      const steady = Object.keys(written).filter(isSteady);
      expect(steady.length).toBeGreaterThan(least);
      for (const title of steady) {
        const training = begin(SAME[kindIn(title)]!());
        (await training.checkpoint.read(pathOf(title))).assertConsumed();
        const { iterations, rate, then } = written[title]!;
        expect([title, training.optimizer.iterations]).toEqual([title, iterations]);
        expect(Math.fround(rateOf(training.optimizer))).toBe(rate);
        train(training, STEPS, 2 * STEPS);
        // The legacy Nadam has another schedule.
        expect(difference(weightsOf(training), then), title).toBeLessThan(/Nadam.*legacy/.test(title) ? 1e-2 : 1e-6);
      }
    });

    it('scaled ones into a LossScaleOptimizer: its scale, its counter, and both as they change', async () => {
      for (const title of Object.keys(written).filter(one => isScaled(one) && isSteady(one))) {
        const optimizer = new exact.LossScaleOptimizer(SAME[kindIn(title)]!(), scaled);
        const training = begin(optimizer);
        (await training.checkpoint.read(pathOf(title))).assertConsumed();
        const state = (): State => ({ scale: optimizer.dynamicScale, counter: optimizer.stepCounter });
        expect([title, state()]).toEqual([title, written[title]!.state]);
        train(training, STEPS, 2 * STEPS);
        expect([title, state()]).toEqual([title, written[title]!.end]);
        expect(difference(weightsOf(training), written[title]!.then), title).toBeLessThan(
          /Nadam.*legacy/.test(title) ? 1e-2 : 1e-6,
        );
      }
    });

    it('into a LossScaleOptimizer from one that was not scaled: the scale stays, and is missing', async () => {
      const optimizer = new exact.LossScaleOptimizer(new exact.Adam({ learningRate }), scaled);
      const status = await begin(optimizer).checkpoint.read(pathOf('Adam keras3'));
      expect(status.missing.map(key => key.split('/.')[0])).toEqual([
        'optimizer/dynamic_scale',
        'optimizer/step_counter',
      ]);
      expect([optimizer.dynamicScale, optimizer.iterations]).toEqual([7, STEPS]);
    });

    it('refused by name before anything changes, unless it is left out', async () => {
      for (const [title, reason] of Object.entries(REFUSED)) {
        const training = begin(new exact.Adam({ learningRate }));
        const before = weightsOf(training);
        await expect(training.checkpoint.read(pathOf(title))).rejects.toThrow(
          expect.objectContaining({ code: 'ERR_NOT_SUPPORTED', message: expect.stringContaining(reason) }),
        );
        expect([rateOf(training.optimizer), training.optimizer.iterations]).toEqual([learningRate, 0]);
        expect(weightsOf(training)).toEqual(before);
        const status = await training.checkpoint.read(pathOf(title), { exclude: /optimizer/ });
        expect(status.unused).toEqual([]);
        training.model.compile({ optimizer: training.optimizer, loss: 'meanSquaredError' });
        await loadWeights(training.model, pathOf(title), { includeOptimizer: false });
        expect(difference(weightsOf(training), written[title]!.weights)).toBe(0);
        expect([rateOf(training.optimizer), training.optimizer.iterations]).toEqual([learningRate, 0]);
      }
    });

    it("Nadam's product of momentums is missing where tf_keras leaves it out beside slots", async () => {
      const status = await begin(new exact.Nadam({ learningRate })).checkpoint.read(pathOf('Nadam early new'));
      expect(status.missing.map(key => key.split('/.')[0])).toEqual(['optimizer/_u_product']);
      expect(codeOf(() => status.assertConsumed())).toBe('ERR_NOT_CONSUMED');
    });

    it('averages of the weights are unused; a schedule leaves the rate alone', async () => {
      for (const [title, unused, missing] of [
        ['Adam ema keras3', 4, 0],
        ['Adam ema new', 4, 0],
        ['Adam schedule keras3', 0, 1],
        ['Adam schedule legacy', 0, 1],
      ] as const) {
        const training = begin(new exact.Adam({ learningRate }));
        const status = await training.checkpoint.read(pathOf(title));
        expect([title, status.unused.length, status.missing.length]).toEqual([title, unused, missing]);
        expect(codeOf(() => status.assertConsumed())).toBe('ERR_NOT_CONSUMED');
        expect(training.optimizer.iterations).toBe(STEPS);
        if (missing > 0) expect(rateOf(training.optimizer)).toBe(learningRate);
        else train(training, STEPS, 2 * STEPS);
        if (missing === 0) expect(difference(weightsOf(training), written[title]!.then)).toBeLessThan(1e-6);
      }
    });

    it.each(Object.keys(LIVE).filter(name => live.test(name)))(
      'every one into %s: right, or in the status, never something else',
      async one => {
        for (const [title, { iterations, rate, weights }] of Object.entries(written)) {
          if (title in REFUSED) continue;
          const training = begin(LIVE[one]!());
          const before = rateOf(training.optimizer);
          const status = await training.checkpoint.read(pathOf(title));
          const told = [title, one];
          expect([...told, training.optimizer.iterations]).toEqual([...told, iterations]);
          expect(difference(weightsOf(training), weights)).toBe(0);
          if (rate !== null) expect([...told, Math.fround(rateOf(training.optimizer))]).toEqual([...told, rate]);
          else if (!title.endsWith('new')) expect(rateOf(training.optimizer)).toBe(before);
          expect([...told, slotsTold(status)]).toEqual([...told, isSameClass(title, one)]);
          if (!isSameClass(title, one) && hasSlots(title)) {
            expect([...told, codeOf(() => status.assertConsumed())]).toEqual([...told, 'ERR_NOT_CONSUMED']);
          }
          train(training, STEPS, STEPS + 1);
          expect(weightsOf(training).flat().every(Number.isFinite), `${title} into ${one}`).toBe(true);
        }
      },
    );
  });

  describe('clipping to a norm with an Embedding', () => {
    it.each(['clipnorm', 'globalClipnorm'] as const)('%s: as Keras while no row is used twice', async norm => {
      for (const [title, tokens] of [
        ['apart', [0, 1]],
        ['twice', [0, 0]],
      ] as const) {
        const layer = tf.layers.embedding({
          inputDim: 3,
          outputDim: 2,
          embeddingsInitializer: 'zeros',
          inputShape: [2],
        });
        const model = tf.sequential({ layers: [layer] });
        const optimizer = new exact.SGD({ learningRate: 1, [norm]: 1 });
        optimizer.minimize(() =>
          tf.sum(tf.mul(model.apply(tf.tensor2d([[...tokens]])) as tf.Tensor, tf.tensor1d([3, 4]))).asScalar(),
        );
        const length = Math.hypot(...model.getWeights()[0]!.dataSync());
        for (const generation of ['keras3', 'new']) {
          const name = norm === 'clipnorm' ? norm : 'global_clipnorm';
          const keras = Math.hypot(...embeddings[`${name} ${title} ${generation}`]!);
          // The two slices are measured one by one there, and come together afterwards.
          expect([title, generation, keras / length]).toEqual([
            ...[title, generation],
            expect.closeTo(title === 'apart' ? 1 : Math.SQRT2, 5),
          ]);
        }
      }
    });
  });

  describe('written here', () => {
    it('what was restored goes back as what it was, with its scale and its decay, and Keras goes on', () => {
      for (const title of returning()) {
        const { consumed, state, then, end } = read[title]!;
        const wanted = written[title]!;
        expect([title, consumed]).toEqual([title, 'consumed']);
        expect([title, state, end]).toEqual([title, wanted.state, wanted.end]);
        // A Nadam of tf_keras that was restored multiplies its product once a variable in the first steps.
        expect(difference(then, wanted.then), title).toBeLessThan(/Nadam/.test(title) ? 1e-2 : 1e-6);
      }
    });
  });
}

/** Whether slots of the checkpoint were taken. */
function slotsTold({ loaded }: RestoreStatus): boolean {
  return loaded.some(key => /OPTIMIZER_SLOT|_variables\/\d/.test(key) && !/_trainable_variables/.test(key));
}

function hasSlots(title: string): boolean {
  return !/^SGD( decay| scaled)? (keras3|legacy)$/.test(title);
}

/** Whether ours keeps the same as the stored one, as far as that keeps anything. */
function isSameClass(title: string, live: string): boolean {
  const ours = { momentum: 'sgd', nesterov: 'sgd' }[live] ?? live.replace(/^(exact|wrapped) /, '').toLowerCase();
  const plain = (name: string): string => name.toLowerCase().split(' ')[0]!.replace('adamw', 'adam');
  const name = kindIn(title);
  if (!hasSlots(title) || name === 'ScheduleFreeAdamW') return false;
  // tfjs's SGD without momentum has no slots in legacy keys.
  if (live === 'sgd' && title.endsWith('legacy')) return false;
  return plain(name) === plain(ours);
}
