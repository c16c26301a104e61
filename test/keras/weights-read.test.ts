import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-node';
import { describe, expect, it } from 'vitest';
import { openFileRange } from '../../src/hdf5/file-range.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import { gru, gruCell } from '../../src/layers/gru.js';
import { LossScaleOptimizer } from '../../src/optimizers/loss-scale.js';
import * as optimizers from '../../src/optimizers.js';
import { loadKerasWeights } from '../../src/training/keras/reading/load-keras-weights.js';

const DIR = process.env['WR'] ?? '/tmp/wr/out';
const ANSWERS = JSON.parse(readFileSync(`${DIR}/answers.json`, 'utf8'));

async function load(model: tf.LayersModel, name: string, options = {}) {
  await using range = await openFileRange(`${DIR}/${name}`);
  await using file = await openHdf5(range);
  return await loadKerasWeights(model, file, options);
}
const L = tf.layers;
function manyLayers(): tf.LayersModel {
  const sig = { recurrentActivation: 'sigmoid' } as const;
  const inputs = tf.input({ shape: [6, 4] });
  let x = L.bidirectional({
    layer: L.lstm({ units: 2, returnSequences: true, ...sig }) as never,
    mergeMode: 'concat',
    name: 'bi',
  }).apply(inputs) as tf.SymbolicTensor;
  x = L.timeDistributed({ layer: L.dense({ units: 3 }), name: 'td' }).apply(x) as tf.SymbolicTensor;
  x = L.rnn({ cell: [L.lstmCell({ units: 2, ...sig }), gruCell({ units: 3 })] as never, returnSequences: true }).apply(
    x,
  ) as tf.SymbolicTensor;
  x = L.conv1d({ filters: 3, kernelSize: 2, name: 'c1' }).apply(x) as tf.SymbolicTensor;
  x = L.batchNormalization({}).apply(x) as tf.SymbolicTensor;
  x = gru({ units: 2, dropout: 0.1 }).apply(x) as tf.SymbolicTensor;
  const inner = tf.sequential({
    name: 'inner',
    layers: [L.dense({ units: 2, inputShape: [2], name: 'in1' }), L.dropout({ rate: 0.2 }), L.dense({ units: 2 })],
  });
  x = inner.apply(x) as tf.SymbolicTensor;
  const i2 = tf.input({ shape: [2] });
  const fm = tf.model({
    inputs: i2,
    outputs: L.prelu().apply(L.dense({ units: 2 }).apply(i2)) as tf.SymbolicTensor,
    name: 'fm',
  });
  x = fm.apply(x) as tf.SymbolicTensor;
  const shared = L.dense({ units: 2, name: 'shared' });
  x = shared.apply(shared.apply(x)) as tf.SymbolicTensor;
  return tf.model({ inputs, outputs: L.dense({ units: 1, name: 'out' }).apply(x) as tf.SymbolicTensor });
}
const X = tf.tensor(
  Array.from({ length: 48 }, (_, i) => Math.sin(i)),
  [2, 6, 4],
);

describe('weights', () => {
  for (const label of ['keras', 'tf_keras'])
    for (const end of ['.weights.h5', '.h5', '-weights.h5']) {
      if (label === 'keras' && end === '-weights.h5') continue;
      it(`${label}${end}`, async () => {
        const model = manyLayers();
        model.compile({ optimizer: new optimizers.Adam({}), loss: 'meanSquaredError' });
        const status = await load(model, label + end);
        console.log(String(status));
        status.assertConsumed();
        const y = (model.predict(X) as tf.Tensor).arraySync() as number[][];
        y.forEach((row, i) => row.forEach((v, j) => expect(v).toBeCloseTo(ANSWERS[label][i][j], 5)));
      });
    }
});

const OPT: Record<string, () => tf.Optimizer> = {
  sgd: () => new optimizers.SGD({ learningRate: 0.1 }),
  'sgd-momentum': () => new optimizers.SGD({ learningRate: 0.1, momentum: 0.9 }),
  adam: () => new optimizers.Adam({ learningRate: 0.01 }),
  amsgrad: () => new optimizers.Adam({ learningRate: 0.01, amsgrad: true }),
  rmsprop: () => new optimizers.RMSprop({ learningRate: 0.01 }),
  'rmsprop-all': () => new optimizers.RMSprop({ learningRate: 0.01, momentum: 0.9, centered: true }),
  'rmsprop-centered': () => new optimizers.RMSprop({ learningRate: 0.01, centered: true }),
  adagrad: () => new optimizers.Adagrad({ learningRate: 0.1 }),
  adadelta: () => new optimizers.Adadelta({ learningRate: 1 }),
  adamax: () => new optimizers.Adamax({ learningRate: 0.01 }),
  nadam: () => new optimizers.Nadam({ learningRate: 0.01 }),
  adamw: () => new optimizers.AdamW({ learningRate: 0.01, weightDecay: 0.1 }),
  scaled: () => new LossScaleOptimizer(new optimizers.Adam({ learningRate: 0.01 })),
};
function batch(i: number): [tf.Tensor, tf.Tensor] {
  const x = tf.tensor(
    Array.from({ length: 24 }, (_, k) => Math.sin(k * 0.7 + i)),
    [8, 3],
  );
  return [x, tf.mul(tf.sum(x, 1, true), 0.3)];
}
describe('optimizers', () => {
  for (const label of ['keras', 'tf_keras', 'legacy'])
    for (const name of Object.keys(OPT))
      for (const end of ['.weights.h5', '.h5']) {
        if (!ANSWERS[`${label}-${name}`] || (label === 'legacy' && end === '.weights.h5')) continue;
        it(`${label}-${name}${end}`, async () => {
          const model = tf.sequential({
            layers: [
              L.dense({ units: 4, inputShape: [3], name: 'a', activation: 'tanh' }),
              L.dense({ units: 1, name: 'b' }),
            ],
          });
          model.compile({ optimizer: OPT[name]!(), loss: 'meanSquaredError' });
          const status = await load(model, `${label}-${name}${end}`);
          try {
            status.assertConsumed();
          } catch (e) {
            console.log(label, name, end, String(status));
            throw e;
          }
          for (let i = 3; i < 7; i++) {
            const [x, y] = batch(i);
            await model.trainOnBatch(x, y);
          }
          const got = model.layers.flatMap(l => l.getWeights().map(w => Array.from(w.dataSync())));
          const want = ANSWERS[`${label}-${name}`].map((w: number[]) => w.flat(5));
          let worst = 0;
          got.forEach((w, i) =>
            w.forEach((v, j) => {
              worst = Math.max(worst, Math.abs(v - want[i][j]));
            }),
          );
          expect(worst).toBeLessThan(2e-6);
        });
      }
});
describe('types', () => {
  for (const t of ['float16', 'bfloat16', 'float64', 'int8'])
    it(t, async () => {
      const model = tf.sequential({ layers: [L.dense({ units: 2, inputShape: [3], name: 'd' })] });
      const p = load(model, `${t}.weights.h5`);
      if (t === 'int8') {
        await expect(p).rejects.toMatchObject({ code: 'ERR_MISMATCH' });
        await p.catch(e => console.log(e.message));
        return;
      }
      (await p).assertConsumed();
      console.log(
        t,
        model.getWeights().map(w => Array.from(w.dataSync())),
        JSON.stringify(ANSWERS[t]),
      );
    });
});
