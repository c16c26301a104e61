/**
 * Models that real Keras 3 and real tf_keras make, in turns with Node: Keras trains them and saves them in all forms;
 * Node loads each form, predicts, evaluates and trains on, and saves; both Kerases open what Node saved.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';
import { isLong } from '../depth.js';
import { type Input, randomizeVariables } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';
import { JUDGES, type Judge } from './judge.js';
import { type Batch, evaluate, expectNear, predictions, type Squares, squares, train } from './numbers.js';

const LATER = 2;

interface Given extends Batch {
  error?: string;
  /** Of the files, without their endings. */
  place: string;
  outputs: Input[];
  loss: number | null;
  weights: Squares;
  later: Input[];
}

interface Taken {
  error?: string;
  outputs: Input[];
  again: Input[];
  trained: Input[];
  loss: number | null;
}

/** What is to be known about a row beside the table in Python. */
export interface GivenRow {
  /** The one that has it. */
  only?: Judge;
  /** Why Node learns other values than this judge. */
  differs?: Partial<Record<Judge, string>>;
  /** By its maker: the one that does not open what Node saves of it, as a warning says at the save. */
  refused?: Partial<Record<Judge, Judge>>;
  /** Whether training draws random numbers. */
  random?: boolean;
  /** The judge stores no state of its optimizer in `.keras`, so the steps after that are other ones. */
  stateless?: boolean;
  /** TensorFlow.js evaluates without regularizers, though it learns with them. */
  regularized?: boolean;
  /** Of what is learnt; 1e-6 by default, which suits what both compute with the same formulas. */
  tolerance?: number;
}

const data = (all: readonly Input[]): number[][] => all.map(one => one.data);

/** What Node made of a judge's files. */
interface Read {
  outputs: number[][];
  loss: number | null;
  back: string;
}

async function expectForm(given: Given, ending: string, row: GivenRow, judge: Judge): Promise<tf.LayersModel> {
  const model = await loadModel(`${given.place}${ending}`);
  expectNear(predictions(model, given.inputs), data(given.outputs), 1e-5, ending);
  if (given.targets.length === 0) return model;
  const same = !row.random && row.differs?.[judge] === undefined;
  if (same && !row.regularized) expectNear([[evaluate(model, given)]], [[given.loss!]], 1e-5, `the loss, ${ending}`);
  await train(model, given, LATER);
  const found = predictions(model, given.inputs);
  if (same && !(row.stateless && ending === '.keras'))
    expectNear(found, data(given.later), row.tolerance ?? 1e-6, `trained on, ${ending}`);
  return model;
}

function disposeOf(model: tf.LayersModel): void {
  model.optimizer?.dispose();
  model.dispose();
}

async function read(given: Given, row: GivenRow, judge: Judge): Promise<Read> {
  expect(given.error).toBeUndefined();
  disposeOf(await expectForm(given, '.h5', row, judge));
  const model = await expectForm(given, '.keras', row, judge);
  const back = join(given.place, 'back');
  await saveModel(model, `${back}.keras`, { durable: false });
  await saveModel(model, `${back}.h5`, { durable: false });
  await saveWeights(model, `${back}.weights.h5`, { durable: false });
  const outputs = predictions(model, given.inputs);
  const loss = given.targets.length > 0 ? evaluate(model, given) : null;
  randomizeVariables(model, 99);
  const tensors = tf.memory().numTensors;
  const status = await loadWeights(model, `${given.place}.weights.h5`);
  expect(tf.memory().numTensors, 'tensors left').toBe(tensors);
  status.assertExistingObjectsMatched().assertNontrivialMatch();
  expectNear(predictions(model, given.inputs), data(given.outputs), 1e-5, '.weights.h5');
  const sums = (all: Squares): number[][] => [all.map(([, sum]) => sum)];
  expectNear(sums(squares(model)), sums(given.weights), 1e-5, 'the weights');
  disposeOf(model);
  return { outputs, loss, back };
}

/** Who opens what Node saved of a file: in turns the one that made it and the other, in the longest run both. */
function openersOf(index: number, maker: Judge): readonly Judge[] {
  return isLong ? JUDGES : [JUDGES[(index + JUDGES.indexOf(maker)) % JUDGES.length]!];
}

/** `table`: a module of this folder in Python. Two tests for each row and judge. */
export function describeGiven(table: string, rows: Readonly<Record<string, GivenRow>>): void {
  let directory: string;
  let given: Record<string, Record<Judge, Given>>;
  let taken: Record<string, Partial<Record<Judge, Taken>>> = {};
  const found = new Map<string, Read | Error>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle given '));
    await runPython('test/keras/give.py', [directory, table]);
    given = JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8')) as typeof given;
    const cases = [];
    for (const [index, [name, row]] of Object.entries(rows).entries()) {
      for (const judge of JUDGES) {
        const one = given[name]?.[judge];
        if (one === undefined || (row.only ?? judge) !== judge) continue;
        const key = `${name}, ${judge}`;
        const result = await read(one, row, judge).catch((error: Error) => error);
        found.set(key, result);
        if (!('back' in result)) continue;
        const to = `${one.place} again`;
        const { inputs, targets } = one;
        cases.push({
          name: key,
          from: result.back,
          to,
          inputs,
          targets,
          predict: true,
          later: null,
          judges: openersOf(index, judge),
        });
      }
    }
    const path = join(directory, 'job.json');
    await writeFile(path, JSON.stringify({ cases }));
    await runPython('test/keras/take.py', [path]);
    taken = JSON.parse(await readFile(`${path}.answer`, 'utf8')) as typeof taken;
  }, 600_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('are all rows of the table', () => {
    expect(Object.keys(rows).sort()).toEqual(Object.keys(given).sort());
  });

  const listed = Object.entries(rows).map(([name, row], index) => [name, row, index] as const);
  describe.each(listed)('%s', (name, row, index) => {
    const makers = JUDGES.filter(judge => (row.only ?? judge) === judge);
    it.each(makers)('of %s is loaded by Node', judge => {
      const one = found.get(`${name}, ${judge}`);
      if (one === undefined || !('back' in one)) throw one ?? new Error('it was not made');
    });

    it.each(makers)('of %s comes back', judge => {
      const one = found.get(`${name}, ${judge}`);
      if (one === undefined || !('back' in one)) throw new Error('Node did not load it');
      for (const other of openersOf(index, judge)) {
        if (row.refused?.[judge] === other) continue;
        const answer = taken[`${name}, ${judge}`]![other]!;
        expect(answer.error, other).toBeUndefined();
        expectNear(data(answer.outputs), one.outputs, 1e-5, `the model, in ${other}`);
        expectNear(data(answer.again), one.outputs, 1e-5, `the weights, in ${other}`);
        if (one.loss !== null && !row.random && !row.regularized && row.differs?.[other] === undefined)
          expectNear([[answer.loss!]], [[one.loss]], 1e-5, `the loss, in ${other}`);
      }
    });
  });
}
