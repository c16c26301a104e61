/**
 * Models that Node makes, as Keras's own files, with real Keras 3 and real tf_keras in turns: Node trains and saves;
 * Keras opens the files, predicts, evaluates, trains and saves; Node loads what they saved, and trains on.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SGD } from '../../src/optimizers.js';
import { loadModel, loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';
import { isLong } from '../depth.js';
import { type Input, inputsOf, randomizeVariables, type Subject } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';
import { JUDGES, type Judge } from './judge.js';
import { type Batch, evaluate, expectNear, isRandom, predictions, type Squares, squares, train } from './numbers.js';

/** Steps that Keras and Node train, each by itself, from what Keras has saved. */
const LATER = 2;
const PERHAPS = 'perhaps';

export interface TurnSubject extends Subject {
  /** Compiles the model in its own way; by default with momentum, whose state is saved, and the squared error. */
  compile?(model: tf.LayersModel): void;
  /** Why it is not trained; 'perhaps' if TensorFlow.js may have no gradient of something in it. */
  untrained?: string;
  /** Why these judges learn other values than Node. What they saved is compared all the same. */
  differs?: Partial<Record<Judge, string>>;
  /** What Node says when it is to load the whole model; the weights are compared all the same. */
  notLoaded?: RegExp;
  /** Of what is learnt; 1e-6 by default. */
  tolerance?: number;
}

interface Case extends Batch {
  name: string;
  from: string;
  to: string;
  predict: boolean;
  later: number;
  judges: readonly Judge[];
}

interface Answer {
  error?: string;
  outputs: Input[];
  again: Input[];
  trained: Input[];
  later: Input[];
  loss: number | null;
  weights: Squares;
  againWeights: Squares;
  trainedWeights: Squares;
}

interface Prepared {
  readonly model: tf.LayersModel;
  readonly job: Case;
  readonly random: boolean;
  readonly squares: Squares;
  readonly outputs: number[][];
  readonly loss: number | null;
  /** After a step. */
  readonly trained: number[][];
}

function targetsOf(model: tf.LayersModel, seed: number, batch: number): Input[] {
  return model.outputs.map(({ shape }, i) => {
    const full = shape.map((size, axis) => (axis === 0 ? batch : (size ?? 3)));
    return { shape: full, data: [...tf.tidy(() => tf.randomUniform(full, 0, 1, 'float32', seed + i).dataSync())] };
  });
}

const optimizer = (): tf.Optimizer => new SGD({ learningRate: 0.05, momentum: 0.9 });

async function prepare(directory: string, name: string, subject: TurnSubject, index: number): Promise<Prepared> {
  const model = subject.make();
  randomizeVariables(model, index + 1);
  const isTrained = subject.filesOnly === undefined && [undefined, PERHAPS].includes(subject.untrained);
  const inputs = inputsOf(model, subject, index);
  const targets = isTrained ? targetsOf(model, index, inputs[0]!.shape[0]!) : [];
  const from = join(directory, String(index), 'node', 'x');
  const to = join(directory, String(index), 'back');
  const predict = subject.filesOnly === undefined;
  const job = { name, from, to, inputs, targets, predict, later: LATER, judges: judgesOf(index, subject) };
  if (isTrained) {
    if (subject.compile) subject.compile(model);
    else model.compile({ optimizer: optimizer(), loss: 'meanSquaredError' });
    try {
      await train(model, job, 1);
    } catch (error) {
      if (subject.untrained !== PERHAPS) throw error;
      return prepare(directory, name, { ...subject, untrained: 'TensorFlow.js cannot' }, index);
    }
  }
  await mkdir(join(directory, String(index), 'node'), { recursive: true });
  const before = tf.memory().numTensors;
  await saveModel(model, `${from}.keras`, { durable: false });
  await saveModel(model, `${from}.h5`, { durable: false });
  await saveWeights(model, `${from}.weights.h5`, { durable: false });
  expect(tf.memory().numTensors).toBe(before);
  const outputs = predict ? predictions(model, inputs) : [];
  const loss = isTrained ? evaluate(model, job) : null;
  const kept = squares(model);
  if (isTrained) await train(model, job, 1);
  const trained = predict ? predictions(model, inputs) : [];
  return { model, job, random: isRandom(model), squares: kept, outputs, loss, trained };
}

const data = (all: readonly Input[]): number[][] => all.map(one => one.data);

/** Node again, with a file that the judge wrote after its step. */
async function expectBack(judge: Judge, subject: TurnSubject, prepared: Prepared, answer: Answer): Promise<void> {
  const { job, random } = prepared;
  const at = join(job.to, judge);
  const deterministic = !random && subject.differs?.[judge] === undefined;
  const { tolerance = 1e-6 } = subject;
  for (const ending of ['keras', 'h5']) {
    const what = `${judge}.${ending}`;
    if (subject.notLoaded !== undefined) {
      await expect(loadModel(`${at}.${ending}`)).rejects.toThrow(subject.notLoaded);
      continue;
    }
    const model = await loadModel(`${at}.${ending}`);
    expectSquares(squares(model), answer.trainedWeights, what);
    if (job.predict) expectNear(predictions(model, job.inputs), data(answer.trained), 1e-5, what);
    if (job.targets.length > 0) {
      await train(model, job, LATER);
      if (deterministic)
        expectNear(predictions(model, job.inputs), data(answer.later), tolerance, `${what}, trained on in Node`);
    }
    model.optimizer?.dispose();
    model.dispose();
  }
  const fresh = subject.make();
  const tensors = tf.memory().numTensors;
  const status = await loadWeights(fresh, `${at}.weights.h5`);
  expect(tf.memory().numTensors).toBe(tensors);
  status.assertExistingObjectsMatched().assertNontrivialMatch();
  expectSquares(squares(fresh), answer.trainedWeights, `${judge}.weights.h5`);
  if (job.predict) expectNear(predictions(fresh, job.inputs), data(answer.trained), 1e-5, `${judge}.weights.h5`);
  fresh.dispose();
}

function expectSquares(found: Squares, wanted: Squares, what: string): void {
  expect(
    found.map(([shape]) => shape),
    what,
  ).toEqual(wanted.map(([shape]) => shape));
  const numbers = (all: Squares): number[][] => [all.map(([, sum]) => sum)];
  expectNear(numbers(found), numbers(wanted), 1e-5, `the weights of ${what}`);
}

/** One judge of two, in turns, but both for what differs between them and in the longest run. */
function judgesOf(index: number, { differs, untrained }: TurnSubject): readonly Judge[] {
  const isNoted = differs !== undefined || ![undefined, PERHAPS].includes(untrained);
  return isLong || isNoted ? JUDGES : [JUDGES[index % JUDGES.length]!];
}

/** A test for each model and judge. `trained`: how many of them must have been trained, at least. */
export function describeTurns(subjects: Readonly<Record<string, TurnSubject>>, trained = 1): void {
  const prepared = new Map<string, Prepared | Error>();
  let answers: Record<string, Partial<Record<Judge, Answer>>> = {};
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle turns '));
    for (const [index, [name, subject]] of Object.entries(subjects).entries())
      prepared.set(name, await prepare(directory, name, subject, index).catch((error: Error) => error));
    const cases = [...prepared.values()].flatMap(one => ('job' in one ? [one.job] : []));
    const path = join(directory, 'job.json');
    await writeFile(path, JSON.stringify({ cases }));
    await runPython('test/keras/take.py', [path]);
    answers = JSON.parse(await readFile(`${path}.answer`, 'utf8')) as typeof answers;
  }, 600_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it(`has ${trained} models or more that are trained`, () => {
    const found = [...prepared.values()].filter(one => 'job' in one && one.job.targets.length > 0);
    expect(found.length).toBeGreaterThanOrEqual(trained);
  });

  const rows = Object.entries(subjects).map(([name, subject], index) => [name, subject, index] as const);
  describe.each(rows)('%s', (name, subject, index) => {
    it.each(judgesOf(index, subject))('and %s', async judge => {
      const one = prepared.get(name)!;
      if (!('job' in one)) throw one;
      const answer = answers[name]![judge]!;
      expect(answer.error).toBeUndefined();
      const { job, random } = one;
      expectSquares(answer.weights, one.squares, 'the model');
      expectSquares(answer.againWeights, one.squares, 'the weights alone');
      if (job.predict) {
        expectNear(data(answer.outputs), one.outputs, 1e-5, 'the model');
        expectNear(data(answer.again), one.outputs, 1e-5, 'the weights alone');
      }
      if (one.loss !== null && !random && subject.differs?.[judge] === undefined) {
        expectNear([[answer.loss!]], [[one.loss]], 1e-5, 'the loss');
        expectNear(data(answer.trained), one.trained, subject.tolerance ?? 1e-6, 'trained a step');
      }
      await expectBack(judge, subject, one, answer);
    });
  });
}
