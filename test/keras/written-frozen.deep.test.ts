/** Models that are partly frozen: Keras has the same variables to train, and takes the optimizer's state for them. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SGD } from '../../src/optimizers.js';
import { saveModel } from '../../src/tfjs.js';
import { randomizeVariables } from '../layers/keras.js';
import { runPython } from '../oracle/python.js';

const { dense, batchNormalization } = tf.layers;

function make(): tf.LayersModel {
  const inner = tf.sequential({
    name: 'inner',
    layers: [
      dense({ units: 3, inputShape: [3], name: 'i1' }),
      batchNormalization({ name: 'i2' }),
      dense({ units: 3, name: 'i3' }),
    ],
  });
  const outer = tf.sequential({
    name: 'outer',
    layers: [dense({ units: 3, inputShape: [3], name: 'o1' }), batchNormalization({ name: 'o2' })],
  });
  const lstm = tf.layers.lstm({ units: 2, recurrentActivation: 'sigmoid', name: 'lstm' });
  const layers = [
    tf.layers.timeDistributed({ layer: inner, name: 'times' }),
    tf.layers.bidirectional({ layer: lstm as never, name: 'both' }),
    dense({ units: 3, name: 'plain' }),
    outer,
    batchNormalization({ name: 'norm' }),
    dense({ units: 1, name: 'end' }),
  ];
  const given = tf.input({ shape: [4, 3] });
  const output = layers.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, given);
  return tf.model({ inputs: given, outputs: output });
}

const FREEZE: Readonly<Record<string, (model: tf.LayersModel) => void>> = {
  nothing: () => undefined,
  'a layer': model => freeze(model.getLayer('plain')),
  'a normalization': model => freeze(model.getLayer('norm')),
  'two directions': model => freeze(model.getLayer('both')),
  'a layer of all times': model => freeze(model.getLayer('times')),
  'a model': model => freeze(model.getLayer('outer')),
  'a layer of a model': model => freeze((model.getLayer('outer') as tf.LayersModel).getLayer('o1')),
};

function freeze(layer: tf.layers.Layer): void {
  layer.trainable = false;
}

/** The first judge reads `.keras`, the other `.h5`. */
const PYTHON = `
import json, sys
import keras, numpy as np, tf_keras
def opened(package, path):
    package.backend.clear_session()
    model = package.models.load_model(path)
    variables = model.optimizer.variables
    slots = [np.array(v).ravel() for v in variables if len(v.shape) > 0]
    return {"trained": len(model.trainable_variables), "slots": sorted(np.concatenate(slots).tolist()),
            "iterations": int(np.array(model.optimizer.iterations))}
with open(sys.argv[1]) as file:
    job = json.load(file)
answer = {name: {"keras": opened(keras, path + ".keras"), "tf_keras": opened(tf_keras, path + ".h5")}
          for name, path in job.items()}
with open(sys.argv[1] + ".answer", "w") as file:
    json.dump(answer, file)
`;

type Opened = { trained: number; slots: number[]; iterations: number };

describe('a model is frozen in part', () => {
  const expected = new Map<string, Opened>();
  let folder: string;
  let answer: Record<string, { keras: Opened; tf_keras: Opened }>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tensorbundle-frozen-'));
    const job: Record<string, string> = {};
    const [x, y] = [tf.linspace(-1, 1, 36).reshape([3, 4, 3]), tf.tensor2d([[1], [0], [-1]])];
    for (const [i, [name, change]] of Object.entries(FREEZE).entries()) {
      const model = make();
      const optimizer = new SGD({ learningRate: 0.05, momentum: 0.9 });
      randomizeVariables(model, i + 1);
      model.compile({ optimizer, loss: 'meanSquaredError' });
      for (let step = 0; step < 2; step++) await model.trainOnBatch(x, y);
      change(model);
      job[name] = join(folder, String(i));
      await saveModel(model, `${job[name]}.keras`, { durable: false });
      await saveModel(model, `${job[name]}.h5`, { durable: false });
      const weights = model.trainableWeights.map(weight => (weight.read() as tf.Variable).name);
      const slots = weights.flatMap(weight => [...optimizer.slotsOf(weight)[0]!.dataSync()]);
      expected.set(name, { trained: weights.length, slots: slots.sort((a, b) => a - b), iterations: 2 });
    }
    const path = join(folder, 'job.json');
    await writeFile(path, JSON.stringify(job));
    await runPython({ code: PYTHON }, [path]);
    answer = JSON.parse(await readFile(`${path}.answer`, 'utf8')) as typeof answer;
  }, 300_000);
  afterAll(() => rm(folder, { recursive: true }));

  it.each(Object.keys(FREEZE))('%s', name => {
    for (const judge of ['keras', 'tf_keras'] as const) {
      expect({ judge, ...answer[name]![judge] }).toEqual({ judge, ...expected.get(name) });
    }
  });
});
