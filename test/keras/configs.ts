/** Models that Node makes from Keras's configurations: with the same weights, both predict and learn the same. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type KerasModel, modelFromKeras } from '../../src/training/keras/config/model-from-keras.js';
import type { Input } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';
import { expectNear } from './numbers.js';

const STEPS = 3;

/** What configs.py says of a model in one form. */
export interface ConfigAnswer {
  error?: string;
  form: string;
  config: string;
  training?: string | null;
  /** For each layer that has weights. */
  weights: Input[][];
  inputs: Input[];
  types: string[];
  targets: Input[];
  outputs: Input[];
  trained?: Input[];
}

export interface Expected {
  /** What the remarks say. */
  remarks?: RegExp;
  /** Of the trained model. */
  tolerance?: number;
  /** As the remarks say. */
  isUncompiled?: boolean;
  /** What else is seen in the model. */
  check?: (made: KerasModel) => void;
}

type Holder = tf.layers.Layer & {
  layers?: readonly tf.layers.Layer[];
  layer?: tf.layers.Layer;
  forwardLayer?: tf.layers.Layer;
  backwardLayer?: tf.layers.Layer;
};

function leaves(layer: tf.layers.Layer): tf.layers.Layer[] {
  const { layers, layer: wrapped, forwardLayer, backwardLayer } = layer as Holder;
  if (layers) return layers.flatMap(leaves);
  if (forwardLayer && backwardLayer) return [...leaves(forwardLayer), ...leaves(backwardLayer)];
  return wrapped ? leaves(wrapped) : [layer];
}

export function setWeights(model: tf.LayersModel, weights: readonly Input[][]): void {
  const holders = leaves(model as unknown as tf.layers.Layer).filter(layer => layer.weights.length > 0);
  expect(holders.length).toBe(weights.length);
  for (const [i, layer] of holders.entries())
    tf.tidy(() =>
      layer.setWeights(weights[i]!.map(({ data, shape }, j) => tf.tensor(data, shape, layer.weights[j]!.dtype))),
    );
}

function tensors(all: readonly Input[], types: readonly string[] = []): tf.Tensor | tf.Tensor[] {
  const made = all.map(({ shape, data }, i) => tf.tensor(data, shape, types[i] === 'int32' ? 'int32' : 'float32'));
  return made.length > 1 ? made : made[0]!;
}

export function predictions(model: tf.LayersModel, { inputs, types }: ConfigAnswer): number[][] {
  const batchSize = inputs[0]!.shape[0]!;
  return tf.tidy(() => [model.predict(tensors(inputs, types), { batchSize })].flat().map(one => [...one.dataSync()]));
}

export function madeFrom({ config, training }: ConfigAnswer, options = {}): Promise<KerasModel> {
  return modelFromKeras({ config, training: training ?? undefined, path: 'FILE', bytes: 10_000_000, options });
}

export async function expectSame(answer: ConfigAnswer, name: string, expected: Expected): Promise<void> {
  expect(answer.error).toBeUndefined();
  const made = await madeFrom(answer);
  const { model, remarks } = made;
  expect(remarks.join('\n')).toMatch(expected.remarks ?? /^$/);
  setWeights(model, answer.weights);
  const values = (all: readonly Input[]): number[][] => all.map(({ data }) => data);
  expectNear(predictions(model, answer), values(answer.outputs), 1e-5, name);
  expected.check?.(made);
  if (expected.isUncompiled) expect(model.optimizer).toBeFalsy();
  else if (answer.trained) {
    made.setRate?.();
    const batchSize = answer.inputs[0]!.shape[0]!;
    const [x, y] = [tensors(answer.inputs, answer.types), tensors(answer.targets)];
    await model.fit(x, y, { batchSize, epochs: STEPS, shuffle: false, verbose: 0 });
    expectNear(predictions(model, answer), values(answer.trained), expected.tolerance ?? 1e-6, `${name}, trained`);
  }
  model.optimizer?.dispose();
  model.dispose();
}

/** `which`: a function of configs_models.py. A subject counts for all forms, or for the one in its name. */
export function describeConfigs(which: string, subjects: Readonly<Record<string, Expected>>): void {
  let folder: string;
  let answers: Record<string, ConfigAnswer>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tensorbundle configs '));
    await runPython('test/keras/configs.py', [folder, which]);
    answers = JSON.parse(await readFile(join(folder, 'answer.json'), 'utf8')) as Record<string, ConfigAnswer>;
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('are all that Keras was asked for', () => {
    const asked = Object.keys(answers).map(name => name.replace(/ \([^)]*\)$/, ''));
    expect([...new Set(asked)].sort()).toEqual(Object.keys(subjects).sort());
  });

  it.each(Object.entries(subjects))('%s', async (name, expected) => {
    const forms = Object.entries(answers).filter(([one]) => one.startsWith(`${name} (`));
    for (const [one, answer] of forms) await expectSame(answer, one, expected);
  });
}
