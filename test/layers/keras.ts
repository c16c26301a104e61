/**
 * Weights exchanged with real tf_keras, for a whole batch of models in one Python process: what Node saves, what Keras
 * makes of it, and what Keras saves. `describeExchange` is the proof that issues of layers, names and order are judged
 * by.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OBJECT_GRAPH_KEY } from '../../src/graph/key.js';
import { decodeObjectGraph } from '../../src/graph/stored/decode.js';
import type { StoredGraph } from '../../src/graph/stored-graph.js';
import { CheckpointReader } from '../../src/index.js';
import { loadWeights, saveWeights } from '../../src/tfjs.js';
import { runPython } from '../oracle/python.js';
import { kerasTopology } from './keras-topology.js';

const TOLERANCE = 1e-5;
const FILES = ['checkpoint', 'weights.data-00000-of-00001', 'weights.index'];

/** A model to be exchanged. */
export interface Subject {
  /** Called twice: the second model is the one that loads, and its automatic names have other numbers. */
  make(): tf.LayersModel;
  /** Inputs are whole numbers below this (an Embedding's), by input or for all. */
  vocabulary?: number | readonly (number | undefined)[];
  /** Why predictions cannot be compared; the files still are. */
  filesOnly?: string;
  /** The function of batch_architectures.py that builds the model in Python; without it, Keras gets tfjs's JSON. */
  python?: string;
}

export interface Input {
  shape: number[];
  data: number[];
}

/** One model's part of the job for batch.py. */
interface Case {
  name: string;
  json: string;
  python: string | null;
  inputs: Input[];
  predict: boolean;
  /** Prefix that Node wrote. */
  from: string;
  /** Prefix Python writes the same weights to. */
  to: string;
  /** Prefix Python writes other weights to. */
  changed: string;
}

interface Answer {
  error?: string;
  before: number[][];
  after: number[][];
}

type Exchange = { readonly model: tf.LayersModel; readonly job: Case; answer: Answer } | { readonly error: Error };

/** Runs a script of this folder in the project's own Python; its answer is a file beside the job. */
export async function runJob(script: string, directory: string, job: unknown): Promise<unknown> {
  const path = join(directory, `${script}.json`);
  await writeFile(path, JSON.stringify(job));
  await runPython(`test/layers/${script}`, [path]);
  return JSON.parse(await readFile(`${path}.answer`, 'utf8'));
}

/**
 * Values other than the initial ones (zeros and ones would hide a mistake), small so that deep models stay near 1.
 * Variable by variable: tfjs's StackedRNNCells.setWeights mixes up its cells.
 */
export function randomizeVariables(model: tf.LayersModel, seed: number): void {
  model.weights.forEach((variable, i) => {
    const [low, high] = variable.originalName.includes('variance') ? [0.5, 1.5] : [-0.5, 0.5];
    tf.tidy(() => {
      variable.write(tf.randomUniform(variable.shape as number[], low, high, 'float32', seed * 1000 + i));
    });
  });
}

/** A batch of two where the model leaves the size open, and 3 of anything else it leaves open. */
export function inputsOf(model: tf.LayersModel, subject: Subject, seed: number): Input[] {
  return model.inputs.map(({ shape }, i) => {
    const full = shape.map((size, axis) => size ?? (axis === 0 ? 2 : 3));
    const { vocabulary } = subject;
    const limit = typeof vocabulary === 'object' ? vocabulary[i] : vocabulary;
    const data = tf.tidy(() => {
      const values = tf.randomUniform(full, 0, 1, 'float32', seed * 10 + i);
      return [...(limit === undefined ? values.mul(2).sub(1) : values.mul(limit).floor()).dataSync()];
    });
    return { shape: full, data };
  });
}

export function predict(model: tf.LayersModel, inputs: readonly Input[]): number[][] {
  return tf.tidy(() => {
    for (const layer of model.layers) if ((layer as { stateful?: boolean }).stateful) layer.resetStates();
    const given = inputs.map(({ shape, data }) => tf.tensor(data, shape));
    const outputs = model.predict(given.length > 1 ? given : given[0]!, { batchSize: inputs[0]!.shape[0]! });
    return [outputs].flat().map(output => [...output.dataSync()]);
  });
}

export function expectClose(found: number[][], expected: number[][], which: string): void {
  expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  const wanted = expected.flat();
  const errors = found.flat().map((value, i) => Math.abs(value - wanted[i]!) / Math.max(1, Math.abs(wanted[i]!)));
  expect(Math.max(...errors), which).toBeLessThanOrEqual(TOLERANCE);
}

async function graphOf(prefix: string): Promise<StoredGraph> {
  await using reader = await CheckpointReader.open(prefix);
  const { data } = await reader.read(OBJECT_GRAPH_KEY);
  return decodeObjectGraph((data as Uint8Array[])[0]!, prefix);
}

/** The graph first: where it differs, the difference can be read. */
async function expectSameFiles(ours: string, theirs: string, which: string): Promise<void> {
  expect(await graphOf(ours), which).toEqual(await graphOf(theirs));
  expect((await readdir(dirname(theirs))).sort()).toEqual(FILES);
  expect((await readdir(dirname(ours))).sort()).toEqual(FILES);
  for (const file of FILES) {
    const bytes = await readFile(join(dirname(ours), file));
    expect(bytes.equals(await readFile(join(dirname(theirs), file))), `${file} of ${which}`).toBe(true);
  }
}

/** Runs `action` and expects as many tensors after it as before. */
async function withoutLeak<T>(action: () => Promise<T>): Promise<T> {
  const before = tf.memory().numTensors;
  const result = await action();
  expect(tf.memory().numTensors).toBe(before);
  return result;
}

/** Makes, fills and saves the model. What fails here fails the tests of this model and of no other. */
async function prepare(directory: string, name: string, subject: Subject, index: number): Promise<Exchange> {
  const at = (who: string): string => join(directory, String(index), who, 'weights');
  const job = { name, python: subject.python ?? null, from: at('node'), to: at('keras'), changed: at('changed') };
  try {
    const model = subject.make();
    randomizeVariables(model, index + 1);
    await withoutLeak(() => saveWeights(model, job.from, { durable: false }));
    const inputs = inputsOf(model, subject, index);
    return {
      model,
      job: { ...job, json: kerasTopology(model), inputs, predict: subject.filesOnly === undefined },
      answer: { error: 'Keras was not asked', before: [], after: [] },
    };
  } catch (error) {
    return { error: error as Error };
  }
}

/**
 * Three checks of every model: Keras consumes what Node saved and predicts the same; it would have saved the same
 * bytes; and what Keras saves, Node loads, predicts the same from, and saves with the same bytes. No tensor may be left
 * behind.
 */
export function describeExchange(subjects: Readonly<Record<string, Subject>>): void {
  const exchanges = new Map<string, Exchange>();
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle keras '));
    for (const [index, [name, subject]] of Object.entries(subjects).entries()) {
      exchanges.set(name, await prepare(directory, name, subject, index));
    }
    const ready = [...exchanges.values()].flatMap(exchange => ('job' in exchange ? [exchange] : []));
    const job = { cases: ready.map(exchange => exchange.job) };
    const answers = (await runJob('batch.py', directory, job)) as Record<string, Answer>;
    for (const exchange of ready) exchange.answer = answers[exchange.job.name]!;
  }, 300_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  const exchangeOf = (name: string) => {
    const exchange = exchanges.get(name)!;
    if ('error' in exchange) throw exchange.error;
    expect(exchange.answer.error, exchange.job.json).toBeUndefined();
    return exchange;
  };

  describe.each(Object.entries(subjects))('%s', (name, subject) => {
    const { filesOnly } = subject;
    const then = filesOnly === undefined ? 'predicts the same' : `is not asked more: ${filesOnly}`;
    it(`is consumed by Keras, which ${then}`, () => {
      const { model, job, answer } = exchangeOf(name);
      if (job.predict) expectClose(predict(model, job.inputs), answer.before, job.json);
    });

    it('has the bytes of Keras in every file', async () => {
      const { job } = exchangeOf(name);
      await expectSameFiles(job.from, job.to, job.json);
    });

    it('loads what Keras saved, predicts the same, and saves the same bytes', async () => {
      const { job, answer } = exchangeOf(name);
      const model = subject.make();
      const status = await withoutLeak(() => loadWeights(model, job.changed));
      status.assertConsumed().assertNontrivialMatch();
      if (job.predict) expectClose(predict(model, job.inputs), answer.after, job.json);
      const again = join(dirname(dirname(job.changed)), 'again', 'weights');
      await saveWeights(model, again, { durable: false });
      await expectSameFiles(again, job.changed, job.json);
      model.dispose();
    });
  });
}
