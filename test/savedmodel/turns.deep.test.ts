/** Trained networks of npm and PyPI packages go from Node to tf_keras and back, and are trained at each turn. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Adam } from '../../src/optimizers.js';
import { loadModel, saveModel } from '../../src/savedmodel.js';
import { runPython } from '../oracle/python.js';
import { picture, trained } from '../pretrained/nsfwjs.js';
import { expectClose, predict } from '../pretrained/prediction.js';
import { PACKAGES, type Plain } from '../pretrained/python.js';

interface Turn {
  before: Plain;
  after: Plain;
  steps: number;
}

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle turns '));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function ask<T>(what: 'start' | 'go', job: object): Promise<T> {
  const path = join(directory, 'job.json');
  await writeFile(path, JSON.stringify(job));
  // mtcnn's source builds its networks with tensorflow.keras; this makes that tf_keras.
  await runPython('test/savedmodel/turns.py', [what, path], { env: { TF_USE_LEGACY_KERAS: '1' } });
  return JSON.parse(await readFile(`${path}.answer`, 'utf8')) as T;
}

async function step(model: tf.LayersModel, input: Plain, target: Plain): Promise<void> {
  const [x, y] = [tf.tensor(input.data, input.shape), tf.tensor(target.data, target.shape)];
  await model.fit(x, y, { epochs: 1, verbose: 0, shuffle: false });
  tf.dispose([x, y]);
}

/** Keras has what Node saved, trains it and gives it back; then Node does. */
async function turns(name: string, model: tf.LayersModel, input: Plain, target: Plain): Promise<void> {
  let now = model;
  let steps = now.optimizer.iterations;
  for (const turn of [1, 2]) {
    await step(now, input, target);
    const [from, to] = [join(directory, `${name} node ${turn}`), join(directory, `${name} keras ${turn}`)];
    await saveModel(now, from);
    const { [name]: answer } = await ask<Record<string, Turn>>('go', { cases: [{ name, from, to, input, target }] });
    expectClose([answer!.before], predict(now, input));
    expect(answer!.after.data).not.toEqual(answer!.before.data);
    steps += 2;
    expect(answer!.steps).toBe(steps);
    now = await loadModel(to);
    expectClose(predict(now, input), [answer!.after]);
    expect(now.optimizer.iterations).toBe(steps);
  }
}

const TIMEOUT = { timeout: 300_000 };

test('MobileNetV2 of nsfwjs: Node, tf_keras, Node, tf_keras, Node', TIMEOUT, async () => {
  const model = await trained('mobilenet_v2');
  model.compile({ optimizer: new Adam({ learningRate: 1e-5 }), loss: 'categoricalCrossentropy' });
  await turns('mobilenet_v2', model, picture(224), { shape: [1, 5], data: [0, 0, 1, 0, 0] });
});

test.each(['rnet', 'onet'])('%s of mtcnn: tf_keras, Node, tf_keras, Node, tf_keras, Node', TIMEOUT, async name => {
  const to = join(directory, `${name} keras 0`);
  const { input, target, output } = await ask<Record<string, Plain>>('start', { name, packages: PACKAGES, to });
  const model = await loadModel(to);
  expectClose(predict(model, input!), [output!]);
  expect(model.optimizer.iterations).toBe(1);
  await turns(name, model, input!, target!);
});
