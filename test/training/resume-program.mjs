/**
 * A training with a loop of its own, for resume.deep.test.ts: `node resume-program.mjs OPTIMIZER DIRECTORY PART`.
 * 'whole' trains 200 steps and saves after 100; 'first' dies of SIGKILL right after that save; 'second' restores it and
 * trains the rest. What is there after step 200 is written as a checkpoint of its own.
 */
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-node';
import { Checkpoint, Generator } from '../../dist/tfjs.js';
import { OPTIMIZERS } from './resume-optimizers.mjs';

const [name, directory, part] = process.argv.slice(2);

/** State that is text: how often the rate was halved. */
class Halvings {
  count = 0;
  serialize() {
    return String(this.count);
  }
  deserialize(text) {
    this.count = Number(text);
  }
}

function makeModel() {
  const constant = scale => tf.initializers.constant({ value: scale });
  return tf.sequential({
    layers: [
      tf.layers.dense({ units: 8, inputShape: [4], activation: 'tanh', name: 'd1', kernelInitializer: constant(0.1) }),
      tf.layers.dense({ units: 1, name: 'd2', kernelInitializer: constant(-0.2) }),
    ],
  });
}

const { make, rate } = OPTIMIZERS[name];
const model = makeModel();
const optimizer = make(rate);
const step = tf.variable(tf.scalar(0, 'int32'), false);
const noise = Generator.fromSeed(42);
const halvings = new Halvings();
const checkpoint = new Checkpoint({ model, optimizer, step, noise, halvings });

function trainStep() {
  tf.tidy(() => {
    const at = step.dataSync()[0];
    // A schedule: the rate halves every 60 steps.
    if (at > 0 && at % 60 === 0) halvings.count++;
    const now = rate * 0.5 ** halvings.count;
    if (typeof optimizer.setLearningRate === 'function') optimizer.setLearningRate(now);
    else optimizer.learningRate = now;
    const x = noise.uniform([6, 4]);
    const y = x.sum(1, true).sin();
    const { grads } = tf.variableGrads(() => tf.losses.meanSquaredError(y, model.predict(x)));
    optimizer.applyGradients(grads);
    step.assign(tf.scalar(at + 1, 'int32'));
  });
}

function train(steps) {
  for (let i = 0; i < steps; i++) trainStep();
}

const prefix = join(directory, `${name} ckpt`);
if (part === 'second') (await checkpoint.restore(`${prefix}-1`)).assertConsumed();
else {
  train(100);
  await checkpoint.save(prefix);
  if (part === 'first') process.kill(process.pid, 'SIGKILL');
}
train(100);
await checkpoint.write(join(directory, `${name} ${part}`));
