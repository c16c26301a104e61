/** Models that Python trains by the functions that Node saved with them, without the code of any layer. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, beforeAll, expect } from 'vitest';
import { saveModel } from '../../../src/savedmodel.js';
import { gru } from '../../../src/tfjs.js';
import { randomizeVariables } from '../../layers/keras.js';
import { runPython } from '../../oracle/python.js';

const l = tf.layers;

interface Answer {
  error?: string;
  losses: [before: number, after: number];
  variables: string[];
  trainable: string[];
  /** Variables with other values after the training. */
  moved: string[];
  /** Whether two calls with training differ. */
  random: boolean;
  /** Whether two calls without training are equal. */
  repeatable: boolean;
}

const MODELS: Readonly<Record<string, { make(): tf.LayersModel; inputs: number[][] }>> = {
  'with moving averages, dropout and a frozen layer': {
    make: () =>
      tf.sequential({
        layers: [
          l.dense({ units: 6, activation: 'tanh', inputShape: [4], name: 'first', trainable: false }),
          l.batchNormalization({ name: 'norm', momentum: 0.5 }),
          l.dropout({ rate: 0.2, seed: 7 }),
          l.dense({ units: 2, name: 'last' }),
        ],
      }),
    inputs: [[16, 4]],
  },
  'with every layer that draws numbers': {
    make: () =>
      tf.sequential({
        layers: [
          l.gaussianNoise({ stddev: 0.1, inputShape: [5, 4] }),
          l.spatialDropout1d({ rate: 0.2, seed: 3 }),
          gru({ units: 4, dropout: 0.2, recurrentDropout: 0.2, returnSequences: true, name: 'first' }),
          l.lstm({ units: 4, dropout: 0.2, recurrentDropout: 0.2, name: 'memory' }),
          l.gaussianDropout({ rate: 0.1 }),
          l.alphaDropout({ rate: 0.1 }),
          l.dense({ units: 2, name: 'last' }),
        ],
      }),
    inputs: [[16, 5, 4]],
  },
};

/** Saves models, and has them trained by Python: what came of it, once the tests run. */
export function finetuned(names: readonly string[]): () => Readonly<Record<string, Answer>> {
  let directory: string;
  let answers: Record<string, Answer>;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tensorbundle finetuned '));
    const models = [];
    for (const [index, name] of names.entries()) {
      const { make, inputs } = MODELS[name]!;
      const model = make();
      randomizeVariables(model, index + 1);
      const before = values(model);
      const tensors = tf.memory().numTensors;
      const dir = join(directory, String(index));
      await saveModel(model, dir, { durable: false, saveTraces: true });
      // Tracing has run it with training many times.
      expect(values(model)).toEqual(before);
      expect(tf.memory().numTensors).toBe(tensors);
      models.push({ name, dir, inputs, steps: 30 });
    }
    const job = join(directory, 'job.json');
    await writeFile(job, JSON.stringify({ models }));
    await runPython('test/savedmodel/functions/finetuned.py', [job]);
    answers = JSON.parse(await readFile(`${job}.answer`, 'utf8')) as typeof answers;
  }, 120_000);

  afterAll(() => rm(directory, { recursive: true, force: true }));

  function values(model: tf.LayersModel): number[][] {
    return model.weights.map(weight => [...weight.read().dataSync()]);
  }

  return () => answers;
}
