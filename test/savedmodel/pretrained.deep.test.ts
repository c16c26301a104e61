/** Trained networks of an npm package, as SavedModels: real tf_keras loads them and predicts what Node does. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SGD } from '../../src/optimizers.js';
import { saveModel } from '../../src/savedmodel.js';
import { expectClose } from '../layers/keras.js';
import { picture, trained } from '../pretrained/nsfwjs.js';
import { predict } from '../pretrained/prediction.js';
import { type Answer, askKeras } from './exchange.js';

const SIDES = { mobilenet_v2: 224, inception_v3: 299 } as const;
const NAMES = Object.keys(SIDES) as (keyof typeof SIDES)[];

let directory: string;
let answers: Record<string, Answer>;
const models: Record<string, tf.LayersModel> = {};

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tensorbundle trained '));
  const cases = [];
  for (const name of NAMES) {
    const model = await trained(name);
    model.compile({
      optimizer: new SGD({ learningRate: 1e-6 }),
      loss: 'categoricalCrossentropy',
      metrics: ['accuracy'],
    });
    const dir = join(directory, name);
    await saveModel(model, dir);
    models[name] = model;
    const inputs = [picture(SIDES[name])];
    const targets = [{ shape: [1, 5], data: [0, 0, 1, 0, 0] }];
    cases.push({ name, dir, inputs, targets, predict: true, evaluate: true });
  }
  answers = await askKeras(directory, cases);
}, 300_000);

afterAll(() => rm(directory, { recursive: true, force: true }));

describe.each(NAMES)('%s of nsfwjs', name => {
  it('predicts in Keras what it predicts in Node, and is trained there', () => {
    const { error, outputs, losses, trained: after } = answers[name]!;
    expect(error).toBeUndefined();
    const [expected] = predict(models[name]!, picture(SIDES[name]));
    expectClose([expected!.data], outputs, name);
    // The loss, and the accuracy for a picture that is classified correctly.
    expect(losses).toEqual([expect.toSatisfy((loss: number) => loss > 0 && loss < 0.1), 1]);
    expect(after[0]).not.toEqual(outputs[0]);
  });
});
