/** SavedModels that Node writes, given to real tf_keras: a whole batch of models in one Python process. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { saveModel } from '../../src/savedmodel.js';
import { expectClose, type Input, inputsOf, predict, randomizeVariables, type Subject } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';

export interface SavedSubject extends Subject {
  /** Compiles the model. Keras then evaluates it and trains a step. */
  compile?(model: tf.LayersModel): void;
  /** Whether only what a step makes of the model is compared. */
  stepOnly?: boolean;
}

interface Case {
  name: string;
  dir: string;
  inputs: Input[];
  targets: Input[];
  predict: boolean;
  evaluate: boolean;
}

export interface Answer {
  error?: string;
  outputs: number[][];
  /** After a step of training. */
  trained: number[][];
  losses: number[];
  weights: string[];
  trainable: string[];
}

type Prepared = { readonly model: tf.LayersModel; readonly job: Case } | { readonly error: Error };

/** What Keras makes of the SavedModels. */
export async function askKeras(directory: string, cases: readonly Case[]): Promise<Record<string, Answer>> {
  const path = join(directory, 'job.json');
  await writeFile(path, JSON.stringify({ cases }));
  await runPython('test/savedmodel/load.py', [path]);
  return JSON.parse(await readFile(`${path}.answer`, 'utf8')) as Record<string, Answer>;
}

async function prepare(dir: string, name: string, subject: SavedSubject, index: number): Promise<Prepared> {
  try {
    const model = subject.make();
    randomizeVariables(model, index + 1);
    subject.compile?.(model);
    const before = tf.memory().numTensors;
    await saveModel(model, dir, { durable: false });
    expect(tf.memory().numTensors).toBe(before);
    const inputs = inputsOf(model, subject, index);
    const targets = subject.compile ? targetsOf(model, inputs) : [];
    const predicted = subject.filesOnly === undefined;
    return { model, job: { name, dir, inputs, targets, predict: predicted, evaluate: targets.length > 0 } };
  } catch (error) {
    return { error: error as Error };
  }
}

/** Probabilities, which suit most losses. */
export function targetsOf(model: tf.LayersModel, inputs: readonly Input[]): Input[] {
  return tf.tidy(() => {
    const given = inputs.map(({ shape, data }) => tf.tensor(data, shape));
    const outputs = [model.predict(given.length > 1 ? given : given[0]!)].flat();
    return outputs.map((output, i) => {
      const target = tf.softmax(tf.randomUniform(output.shape, 0, 1, 'float32', i + 1).mul(3));
      return { shape: output.shape, data: [...target.dataSync()] };
    });
  });
}

/** `model.evaluate`'s numbers, then those after one step. */
export async function evaluate(
  model: tf.LayersModel,
  { inputs, targets }: { readonly inputs: readonly Input[]; readonly targets: readonly Input[] },
): Promise<number[]> {
  const tensors = (all: readonly Input[]): tf.Tensor | tf.Tensor[] => {
    const made = all.map(({ shape, data }) => tf.tensor(data, shape));
    return made.length > 1 ? made : made[0]!;
  };
  const [x, y] = [tensors(inputs), tensors(targets)];
  const batchSize = inputs[0]!.shape[0]!;
  const found = [model.evaluate(x, y, { batchSize })].flat().map(value => value.dataSync()[0]!);
  // With several outputs, TensorFlow.js gives the sum of the losses so far for each of them first.
  found.splice(0, model.outputs.length - 1);
  await model.fit(x, y, { batchSize, epochs: 1, shuffle: false, verbose: 0 });
  return found;
}

/** Keras loads every model, predicts, evaluates and trains as Node does. */
export function describeSaved(subjects: Readonly<Record<string, SavedSubject>>): void {
  const prepared = new Map<string, Prepared>();
  let answers: Record<string, Answer> = {};
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle saved '));
    for (const [index, [name, subject]] of Object.entries(subjects).entries())
      prepared.set(name, await prepare(join(directory, String(index)), name, subject, index));
    const cases = [...prepared.values()].flatMap(one => ('job' in one ? [one.job] : []));
    answers = await askKeras(directory, cases);
  }, 600_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(Object.keys(subjects))('%s', async name => {
    const one = prepared.get(name)!;
    if ('error' in one) throw one.error;
    const { model, job } = one;
    const answer = answers[name]!;
    expect(answer.error).toBeUndefined();
    if (job.predict) expectClose(predict(model, job.inputs), answer.outputs, name);
    // TensorFlow.js counts a layer that is in two models twice.
    expect(answer.weights).toHaveLength(new Set(model.weights).size);
    expect(answer.trainable).toHaveLength(new Set(model.trainableWeights).size);
    if (!job.evaluate) return;
    const losses = await evaluate(model, job);
    if (!subjects[name]!.stepOnly) expectClose([losses], [answer.losses], `the losses of ${name}`);
    expectClose(predict(model, job.inputs), answer.trained, `${name}, trained`);
  });
}
