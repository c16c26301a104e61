/**
 * Weights exchanged with real tf_keras: what Node saves, Keras consumes completely, predicts the same from, and would have
 * saved with the same bytes; what Keras saves, Node loads and predicts the same from.
 */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWeights, saveWeights } from '../../src/tfjs.js';
import { type KerasAnswer, type KerasCase, runKeras } from './keras.js';
import { digits, MODELS, randomize } from './models.js';

const TOLERANCE = 1e-5;

let directory: string;
let answer: KerasAnswer;
const models = new Map<string, tf.LayersModel>();
const cases = new Map<string, KerasCase>();

function predict(model: tf.LayersModel, inputs: KerasCase['inputs']): number[][] {
  return tf.tidy(() => {
    const given = inputs.map(({ shape, data }) => tf.tensor(data, shape));
    const outputs = model.predict(given.length > 1 ? given : given[0]!);
    return [outputs].flat().map(output => [...output.dataSync()]);
  });
}

function expectClose(found: number[][], expected: number[][]): void {
  expect(found.map(({ length }) => length)).toEqual(expected.map(({ length }) => length));
  const difference = Math.max(...found.flat().map((value, i) => Math.abs(value - expected.flat()[i]!)));
  expect(difference).toBeLessThanOrEqual(TOLERANCE);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle keras '));
  for (const [index, [name, make]] of Object.entries(MODELS).entries()) {
    const model = make();
    randomize(model, index + 1);
    models.set(name, model);
    const inputs = model.inputs.map(({ shape }, i) => {
      const full = shape.map(size => size ?? 2);
      const values = tf.randomUniform(full, -1, 1, 'float32', index * 10 + i);
      return { shape: full, data: [...values.dataSync()] };
    });
    const at = (who: string): string => join(directory, name, who, 'weights');
    const kerasCase = {
      name,
      json: model.toJSON(null, true) as string,
      inputs,
      from: at('node'),
      to: at('keras'),
      changed: at('changed'),
    };
    cases.set(name, kerasCase);
    await saveWeights(model, kerasCase.from);
  }
  const extras = join(directory, 'extras');
  for (const name of ['automatic', 'below', 'names', 'compiled']) await mkdir(join(extras, name), { recursive: true });
  answer = await runKeras(directory, [...cases.values()], extras);
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(Object.keys(MODELS))('%s', name => {
  it('is consumed by Keras, which predicts the same', () => {
    const { inputs } = cases.get(name)!;
    expectClose(predict(models.get(name)!, inputs), answer.cases[name]!.before);
  });

  it('has the bytes of Keras in every file', async () => {
    const { from, to } = cases.get(name)!;
    const files = (await readdir(dirname(to))).sort();
    expect((await readdir(dirname(from))).sort()).toEqual(files);
    expect(files).toEqual(['checkpoint', 'weights.data-00000-of-00001', 'weights.index']);
    for (const file of files) {
      const ours = await readFile(join(dirname(from), file));
      expect(ours.equals(await readFile(join(dirname(to), file))), file).toBe(true);
    }
  });

  it('loads what Keras saved, and predicts the same', async () => {
    const { changed, inputs } = cases.get(name)!;
    const model = MODELS[name]!();
    (await loadWeights(model, changed)).assertConsumed().assertNontrivialMatch();
    expectClose(predict(model, inputs), answer.cases[name]!.after);
  });
});

describe('automatic names', () => {
  it('become the names of a fresh Keras session: the bytes are equal', async () => {
    const model = digits();
    const theirs = join(directory, 'extras', 'automatic', 'names');
    (await loadWeights(model, theirs)).assertConsumed();
    const ours = join(directory, 'automatic', 'names');
    await saveWeights(model, ours);
    for (const end of ['.index', '.data-00000-of-00001']) {
      expect((await readFile(ours + end)).equals(await readFile(theirs + end)), end).toBe(true);
    }
  });
});

describe('other ways in which Keras and TensorFlow write a model', () => {
  it.each([
    ['a checkpoint of tf.train.Checkpoint(model=…), by directory', 'below', []],
    ['a SavedModel directory', 'saved_model', []],
    ['a name-based checkpoint (tf.compat.v1.train.Saver)', 'names/saver', []],
    ['save_weights of a compiled and trained model', 'compiled/trained', ['optimizer/_learning_rate/']],
  ])('%s', async (_what, path, unused) => {
    const model = digits();
    const status = await loadWeights(model, join(directory, 'extras', path));
    expect(status.missing).toEqual([]);
    expect(status.loaded).toHaveLength(10);
    for (const start of unused) expect(status.unused.some(key => key.startsWith(start))).toBe(true);
    if (unused.length === 0) expect(status.unused).toEqual([]);
    else expect(() => status.assertConsumed()).toThrowError(expect.objectContaining({ code: 'ERR_NOT_CONSUMED' }));
    status.assertExistingObjectsMatched();
    const order = (weights: number[][]) => [...weights].map(values => values.map(Math.fround).join()).sort();
    expect(order(model.getWeights().map(weight => [...weight.dataSync()]))).toEqual(order(answer.extras.weights));
  });
});
