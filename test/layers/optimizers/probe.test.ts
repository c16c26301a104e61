import { mkdtempSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-node';
import { it } from 'vitest';
import * as exact from '../../../src/optimizers.js';
import { Checkpoint } from '../../../src/tfjs.js';

const dir = mkdtempSync('/tmp/opt5/p');
const make = (o: tf.Optimizer) => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3], name: 'd' })] });
  return { model, optimizer: o, c: new Checkpoint({ model, optimizer: o }) };
};
const step = (t: ReturnType<typeof make>) => {
  const g = t.model.trainableWeights.map(w => ({
    name: (w.read() as tf.Variable).name,
    tensor: tf.ones(w.shape as number[]),
  }));
  t.optimizer.applyGradients(g as never);
  g.forEach(x => x.tensor.dispose());
};
for (const [n, o] of [
  ['tfjs adam', () => tf.train.adam(0.1)],
  ['exact', () => new exact.Adam({})],
  ['sgd', () => tf.train.sgd(0.1)],
] as const) {
  it('skip ' + n, async () => {
    const t = make(o());
    step(t);
    await t.c.write(dir + '/s' + n, { skipSlotVariables: true });
    const u = make(o());
    console.log(await u.c.read(dir + '/s' + n, { skipSlotVariables: true }));
  });
  it('leak ' + n, async () => {
    const t = make(o());
    step(t);
    await t.c.write(dir + '/l' + n);
    const u = make(o());
    await u.c.read(dir + '/l' + n);
    const a = tf.memory().numTensors;
    step(u);
    const b = tf.memory().numTensors;
    const v = make(o());
    const c = tf.memory().numTensors;
    step(v);
    console.log(n, 'first step after restore +', b - a, ' fresh +', tf.memory().numTensors - c);
  });
}
it('amsgrad', async () => {
  const t = make(new exact.Adam({}));
  step(t);
  await t.c.write(dir + '/a');
  const u = make(new exact.Adam({ amsgrad: true }));
  const s = await u.c.read(dir + '/a');
  step(u);
  console.log(
    s.missing,
    (u.optimizer as exact.Adam).slotsOf('d/kernel_9').length,
    (u.optimizer as exact.Adam).variableNames().map(n => (u.optimizer as exact.Adam).slotsOf(n)[0]!.dataSync()[0]),
  );
});
