import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { openFileRange } from '../../src/hdf5/file-range.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import { gru } from '../../src/layers/gru.js';
import * as optimizers from '../../src/optimizers.js';
import { loadKerasWeights } from '../../src/training/keras/reading/load-keras-weights.js';
const L = tf.layers;
function model() {
  const i = tf.input({ shape: [6, 4] });
  let x: any = L.bidirectional({ layer: L.lstm({ units: 2, returnSequences: true, recurrentActivation: 'sigmoid' }) as never, mergeMode: 'concat', name: 'bi' }).apply(i);
  x = L.timeDistributed({ layer: L.dense({ units: 3 }), name: 'td' }).apply(x);
  x = gru({ units: 2, dropout: 0.1 }).apply(x);
  x = tf.sequential({ name: 'inner', layers: [L.dense({ units: 2, inputShape: [2], name: 'in1' }), L.dropout({ rate: 0.2 }), L.dense({ units: 2 })] }).apply(x);
  x = L.batchNormalization({}).apply(x);
  const s = L.dense({ units: 2, name: 'shared' });
  x = s.apply(s.apply(x));
  return tf.model({ inputs: i, outputs: L.dense({ units: 1, name: 'out' }).apply(x) as any });
}
const X = tf.tensor(Array.from({ length: 48 }, (_, i) => Math.sin(i)), [2, 6, 4]);
for (const v of ['2.13.1', '3.3.3', '3.6.0', '3.10.0']) for (const e of ['.weights.h5', '.h5']) it(v + e, async () => {
  const m = model();
  m.compile({ optimizer: new optimizers.Adam({}), loss: 'meanSquaredError' });
  await using range = await openFileRange(`/tmp/wr/old/keras-${v}${e}`);
  await using file = await openHdf5(range);
  const s = await loadKerasWeights(m, file);
  console.log(v, String(s));
  s.assertConsumed();
  const want = JSON.parse(readFileSync(`/tmp/wr/old/keras-${v}.json`, 'utf8'));
  ((m.predict(X) as tf.Tensor).arraySync() as number[][]).forEach((r, i) => expect(r[0]).toBeCloseTo(want[i][0], 5));
});
