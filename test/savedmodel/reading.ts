/** SavedModels that real tf_keras writes, read by Node: both predict the same, and learn the same from then on. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadModel } from '../../src/savedmodel.js';
import { expectClose, type Input } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';

const STEPS = 3;

/** What reading.py says of a model. */
export interface KerasAnswer {
  error?: string;
  dir: string;
  inputs: Input[];
  targets: Input[];
  outputs: Input[];
  losses: number[];
  /** After more steps. */
  trained: Input[];
  trainable: string[];
  weights: Record<string, number>;
}

export interface Expected {
  /** The class of the optimizer in Node. */
  optimizer?: string;
  /** What the warning says. */
  warning?: RegExp;
  /** Of the trained model; 1e-6 by default, which suits what both compute with the same formulas. */
  tolerance?: number;
  /** The model stays uncompiled, as the warning says. */
  uncompiled?: boolean;
  /** What else is seen in the model before it learns on. */
  check?: (model: tf.LayersModel) => void;
  /** The model learns in another way, as the warning says. */
  differs?: boolean;
}

/** Loads the model, with the warnings of this package. */
export async function loadWarned(dir: string): Promise<{ model: tf.LayersModel; warnings: string[] }> {
  const warnings: string[] = [];
  const listen = (warning: Error): void => {
    if (warning.name === 'TensorBundleWarning') warnings.push(warning.message);
  };
  process.on('warning', listen);
  try {
    const model = await loadModel(dir);
    // Node emits them later.
    await new Promise(setImmediate);
    return { model, warnings };
  } finally {
    process.off('warning', listen);
  }
}

function tensors(all: readonly Input[]): tf.Tensor | tf.Tensor[] {
  const made = all.map(({ shape, data }) => tf.tensor(data, shape));
  return made.length > 1 ? made : made[0]!;
}

export function predictions(model: tf.LayersModel, inputs: readonly Input[]): number[][] {
  const batchSize = inputs[0]!.shape[0]!;
  return tf.tidy(() => [model.predict(tensors(inputs), { batchSize })].flat().map(one => [...one.dataSync()]));
}

export async function trainOn(model: tf.LayersModel, { inputs, targets }: KerasAnswer): Promise<void> {
  const batchSize = inputs[0]!.shape[0]!;
  await model.fit(tensors(inputs), tensors(targets), { batchSize, epochs: STEPS, shuffle: false, verbose: 0 });
}

export async function expectSame(answer: KerasAnswer, name: string, expected: Expected): Promise<void> {
  expect(answer.error).toBeUndefined();
  const { model, warnings } = await loadWarned(answer.dir);
  const said = expected.warning ?? /^$/;
  expect(warnings.join('\n')).toMatch(said);
  const outputs = (all: readonly Input[]): number[][] => all.map(({ data }) => data);
  expectClose(predictions(model, answer.inputs), outputs(answer.outputs), name);
  expected.check?.(model);
  if (expected.uncompiled) expect(model.optimizer ?? null).toBeNull();
  else if (answer.targets.length > 0) {
    if (expected.optimizer) expect(model.optimizer.getClassName()).toBe(expected.optimizer);
    await trainOn(model, answer);
    const [found, wanted] = [predictions(model, answer.inputs).flat(), outputs(answer.trained).flat()];
    const errors = found.map((value, i) => Math.abs(value - wanted[i]!) / Math.max(1, Math.abs(wanted[i]!)));
    const { tolerance = 1e-6, differs = false } = expected;
    if (differs) expect(Math.max(...errors)).toBeGreaterThan(tolerance);
    else expect(Math.max(...errors), `${name}, trained`).toBeLessThanOrEqual(tolerance);
  }
  expect(model.trainableWeights.length).toBe(answer.trainable.length);
  model.optimizer?.dispose();
  model.dispose();
}

/** `which`: a function of reading_models.py. */
export function describeReading(which: string, subjects: Readonly<Record<string, Expected>>): void {
  let folder: string;
  let answers: Record<string, KerasAnswer>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tensorbundle reading '));
    await runPython('test/savedmodel/reading.py', [folder, which]);
    answers = JSON.parse(await readFile(join(folder, 'answer.json'), 'utf8')) as Record<string, KerasAnswer>;
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are all that Keras was asked for', () => {
    expect(Object.keys(answers).sort()).toEqual(Object.keys(subjects).sort());
  });

  it.each(Object.entries(subjects))('%s', async (name, expected) => {
    await expectSame(answers[name]!, name, expected);
  });
}
