/**
 * What Keras 3, tf_keras and TensorFlow write in other ways than `save_weights`: `tf.train.Checkpoint` with the model
 * as the root, below `model` or below another name, compiled and with its optimizer, SavedModels, models written as
 * classes. Every checkpoint is loaded into a model of TensorFlow.js that must then predict what Python's predicted.
 *
 * Python takes most of its time for SavedModels, up to ten seconds for one: those of most architectures are asked for
 * in the deep tests, which do not ask for the others and for checkpoints again.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listVariables } from '../../src/index.js';
import { loadWeights } from '../../src/tfjs.js';
import { isDeep } from '../depth.js';
import { runPython } from '../oracle/python.js';
import { MODELS } from './reading-models.js';

interface Answer {
  model: string;
  file: string;
  inputs: { shape: number[]; data: number[] }[];
  outputs: number[][];
}

const CHECKPOINTS = ['model', 'root', 'net', 'compiled', 'trained'];
/** Only tf_keras has `save`. */
const SAVED_MODELS = ['saved_model', 'export', 'save'];
const ARCHITECTURES = ['plain', 'images', 'ranks', 'words', 'wrapped', 'stacked', 'films', 'branches', 'nested'];
const SAVED_MODELS_OF = ARCHITECTURES.filter(name => ['plain', 'stacked', 'branches'].includes(name) !== isDeep);

let directory: string;
let answers: Answer[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle reading '));
  await runPython('test/layers/reading.py', [directory, ...SAVED_MODELS_OF]);
  answers = JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8')) as Answer[];
}, 600_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

function answerOf(model: string, path: string): Answer {
  const found = answers.find(one => one.model === model && one.file === path);
  if (!found) throw new Error(`reading.py wrote no ${path} with the model ${model}`);
  return found;
}

function expectPredictions(model: tf.LayersModel, { inputs, outputs }: Answer): void {
  const predicted = tf.tidy(() => {
    const given = inputs.map(({ shape, data }) => tf.tensor(data, shape));
    return [model.predict(given.length > 1 ? given : given[0]!)].flat().map(output => [...output.dataSync()]);
  });
  expect(predicted.map(({ length }) => length)).toEqual(outputs.map(({ length }) => length));
  const differences = predicted.flatMap((values, i) =>
    values.map((value, j) => Math.abs(value - outputs[i]![j]!) / Math.max(1, Math.abs(outputs[i]![j]!))),
  );
  expect(Math.max(...differences)).toBeLessThanOrEqual(1e-5);
}

/** Values of a stored model that a model of TensorFlow.js has nothing for. */
const FOREIGN = /(^|\/)optimizer\/|seed_generator|^keras_api\/|\/epoch|^epoch/;

describe.each(['tf_keras', 'keras3'])('what %s wrote', library => {
  const waysOf = (name: string): string[] => {
    const saved = SAVED_MODELS.filter(way => library === 'tf_keras' || (way !== 'save' && name !== 'words'));
    return [...(isDeep ? [] : CHECKPOINTS), ...(SAVED_MODELS_OF.includes(name) ? saved : [])];
  };
  const architectures = ARCHITECTURES.filter(name => library === 'tf_keras' || name !== 'stacked');
  describe.each(architectures.filter(name => waysOf(name).length > 0))('%s', name => {
    it.each(waysOf(name))('%s', async way => {
      const path = join(library, name, way.startsWith('save') || way === 'export' ? way : join(way, 'w'));
      const model = MODELS[name]!();
      const status = await loadWeights(model, join(directory, path));
      expect(status.missing).toEqual([]);
      const integers = (await listVariables(join(directory, path))).filter(({ dtype }) => dtype !== 'float32');
      const seeds = way === 'export' ? integers.map(({ name: key }) => key) : [];
      expect(status.unused.filter(key => !FOREIGN.test(key) && !seeds.includes(key))).toEqual([]);
      if (!['compiled', 'saved_model', 'save', 'export'].includes(way)) status.assertConsumed();
      expectPredictions(model, answerOf(name, path));
    });
  });

  it('loads a layer below its attribute, where the layer is named like that', async () => {
    const path = join(library, 'subclassed', 'w');
    const model = MODELS.subclassed!();
    const status = await loadWeights(model, join(directory, path));
    // Keras 3 does not save what is in lists.
    const inLists = status.missing.filter(key => /layer_with_weights-[23]\//.test(key));
    expect(status.missing).toEqual(library === 'tf_keras' ? [] : inLists);
    expect(status.missing).toHaveLength(library === 'tf_keras' ? 0 : 4);
    expect(status.unused).toEqual([]);
    if (library === 'tf_keras') expectPredictions(model, answerOf('subclassed', path));
  });

  it.each(['generator', 'discriminator'])('tells models of one structure apart by their shapes: %s', async name => {
    const path = join(library, 'gan', 'w');
    const model = MODELS[name]!();
    (await loadWeights(model, join(directory, path))).assertConsumed();
    expectPredictions(model, answerOf(name, path));
  });

  it.each(['policy', 'target'])('asks which of two equal models is meant: %s', async name => {
    const path = join(library, 'twins', 'w');
    const model = MODELS[name]!();
    const before = model.getWeights().map(weight => [...weight.dataSync()]);
    await expect(loadWeights(model, join(directory, path))).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      found: ['policy', 'target'],
    });
    expect(model.getWeights().map(weight => [...weight.dataSync()])).toEqual(before);
    (await loadWeights(model, join(directory, path), { map: { [model.name]: name } })).assertConsumed();
    expectPredictions(model, answerOf(name, path));
  });
});

describe('what Keras 3 does not save', () => {
  it('the cells of an RNN of several cells are missing', async () => {
    const model = MODELS.stacked!();
    const status = await loadWeights(model, join(directory, 'keras3', 'stacked', 'model', 'w'));
    expect(status.loaded).toHaveLength(4);
    expect(status.missing).toHaveLength(6);
    expect(status.missing.every(key => key.includes('/cell/cells/'))).toBe(true);
  });

  const anExportHasThem = async () => {
    const path = join('keras3', 'stacked', 'export');
    const model = MODELS.stacked!();
    (await loadWeights(model, join(directory, path))).assertExistingObjectsMatched();
    expectPredictions(model, answerOf('stacked', path));
  };
  if (SAVED_MODELS_OF.includes('stacked')) it('but an export has them', anExportHasThem);
});
