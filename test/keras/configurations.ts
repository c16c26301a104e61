/**
 * Configurations that Node writes for Keras's own files, given to real Keras 3 and real tf_keras. They make the models,
 * get the weights one by one, and predict, evaluate and train: a whole batch of models in one Python process.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { keras2Attributes, keras3Files } from '../../src/training/keras/config/written/keras-files.js';
import { expectClose, type Input, inputsOf, predict, randomizeVariables } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';
import { evaluate, type SavedSubject, targetsOf } from '../savedmodel/exchange.js';

type Library = 'keras3' | 'tf_keras' | 'legacy';

export interface WrittenSubject extends SavedSubject {
  /** Why a library cannot be compared, by its name. `legacy` is Keras 3's loader of legacy files. */
  readonly not?: Readonly<Partial<Record<Library, string>>>;
}

interface Case {
  readonly name: string;
  readonly config: string;
  readonly model_config: string;
  readonly training_config: string | undefined;
  readonly weights: readonly (readonly Input[])[];
  readonly inputs: Input[];
  readonly targets: Input[];
  readonly predict: boolean;
}

interface Answer {
  readonly error?: string;
  readonly names: string[];
  readonly outputs: number[][];
  readonly isList: boolean;
  readonly trainable: number;
  readonly losses: number[];
  readonly trained: number[][];
}

type Prepared = { readonly model: tf.LayersModel; readonly job: Case } | { readonly error: Error };

const INCLUDED = { includeOptimizer: true };

function prepare(name: string, subject: WrittenSubject, index: number): Prepared {
  try {
    const model = subject.make();
    randomizeVariables(model, index + 1);
    subject.compile?.(model);
    const inputs = inputsOf(model, subject, index);
    const { config } = keras3Files(model, INCLUDED, new Date(0));
    const { model_config, training_config } = keras2Attributes(model, INCLUDED);
    const job: Case = {
      ...{ name, config, model_config, training_config, inputs },
      weights: leaves(model).map(layer =>
        layer.weights.map(({ val }) => ({ shape: val.shape, data: [...val.dataSync()] })),
      ),
      targets: subject.compile ? targetsOf(model, inputs) : [],
      predict: subject.filesOnly === undefined,
    };
    return { model, job };
  } catch (error) {
    return { error: error as Error };
  }
}

interface Leaf {
  readonly weights: { readonly val: tf.Tensor }[];
}

/** The layers with weights, also in models in the model, each once. */
function leaves(model: tf.LayersModel, met = new Set<unknown>()): Leaf[] {
  return model.layers.flatMap(layer => {
    if ('layers' in layer) return leaves(layer as unknown as tf.LayersModel, met);
    if (met.has(layer) || layer.weights.length === 0) return [];
    met.add(layer);
    return [layer as unknown as Leaf];
  });
}

/** The libraries make every model, predict, evaluate and train as Node does. */
export function describeWritten(
  subjects: Readonly<Record<string, WrittenSubject>>,
  judges: readonly Library[] = ['keras3', 'tf_keras'],
): void {
  const prepared = new Map<string, Prepared>();
  let answers: Record<string, Record<Library, Answer>> = {};
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle configurations '));
    for (const [index, [name, subject]] of Object.entries(subjects).entries())
      prepared.set(name, prepare(name, subject, index));
    const cases = [...prepared.values()].flatMap(one => ('job' in one ? [one.job] : []));
    const path = join(directory, 'job.json');
    await writeFile(path, JSON.stringify({ cases, judges }));
    await runPython('test/keras/configurations.py', [path]);
    answers = JSON.parse(await readFile(`${path}.answer`, 'utf8'));
  }, 600_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(Object.keys(subjects))('%s', async name => {
    const one = prepared.get(name)!;
    if ('error' in one) throw one.error;
    const { model, job } = one;
    const libraries = judges.filter(library => subjects[name]!.not?.[library] === undefined);
    const found = libraries.map(library => [library, answers[name]![library]] as const);
    const expected = job.predict ? predict(model, job.inputs) : [];
    for (const [library, answer] of found) {
      expect(answer.error, library).toBeUndefined();
      expectClose(expected, answer.outputs, `${name}, ${library}`);
      if (job.predict) expect(answer.isList).toBe(model.outputs.length > 1);
      expect(answer.trainable, library).toBe(new Set(model.trainableWeights).size);
    }
    if (job.targets.length === 0) return;
    const losses = await evaluate(model, job);
    const trained = predict(model, job.inputs);
    for (const [library, answer] of found) {
      if (!subjects[name]!.stepOnly) expectClose([losses], [answer.losses], `the losses of ${name}, ${library}`);
      expectClose(trained, answer.trained, `${name}, trained, ${library}`);
    }
  });
}
