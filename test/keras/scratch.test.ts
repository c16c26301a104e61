import * as tf from '@tensorflow/tfjs-node';
import { readFileSync } from 'node:fs';
import { it } from 'vitest';
import { loadModel } from '../../src/tfjs.js';
import { predictions, train, evaluate } from './numbers.js';

const answers = JSON.parse(readFileSync('/tmp/proof/give/answer.json', 'utf8'));
for (const name of (process.env.ONLY ?? '').split('|'))
  for (const judge of ['keras', 'tf_keras'])
    for (const ending of ['.keras', '.h5'])
      it(`${name} ${judge}${ending}`, async () => {
        const given = answers[name][judge];
        const before = tf.memory().numTensors;
        const model = await loadModel(`${given.place}${ending}`);
        console.log(name, judge, ending, tf.memory().numTensors - before, model.weights.length, new Set(model.weights).size, (await model.optimizer?.getWeights())?.length, model.optimizer?.getClassName());
        predictions(model, given.inputs);
        if (given.targets.length) { console.log(evaluate(model, given), given.loss); await train(model, given, 1); }
      });
