import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-node';
import { expect, it } from 'vitest';
import { openFileRange } from '../../src/hdf5/file-range.js';
import { openHdf5 } from '../../src/hdf5/open-hdf5.js';
import { gru } from '../../src/layers/gru.js';
import { loadKerasWeights } from '../../src/training/keras/reading/load-keras-weights.js';
const L = tf.layers;
const sig = { recurrentActivation: 'sigmoid' } as const;
const CASES: Record<string, { layer: (s: any) => any; shape: number[] }> = {
  'cudnn-lstm': { layer: s => L.lstm({ units: 3, ...sig, ...s }), shape: [5, 4] },
  'cudnn-gru': { layer: s => gru({ units: 3, ...s }), shape: [5, 4] },
  'cudnn-bidirectional': { layer: s => L.bidirectional({ layer: L.lstm({ units: 3, ...sig }) as never, mergeMode: 'concat', ...s }), shape: [5, 4] },
  'keras1-lstm': { layer: s => L.lstm({ units: 3, ...sig, ...s }), shape: [5, 4] },
  'keras1-gru': { layer: s => L.gru({ units: 3, ...sig, ...s }), shape: [5, 4] },
  'keras1-bidirectional': { layer: s => L.bidirectional({ layer: L.lstm({ units: 3, ...sig }) as never, mergeMode: 'concat', ...s }), shape: [5, 4] },
  'keras1-conv1d': { layer: s => L.conv1d({ filters: 3, kernelSize: 2, ...s }), shape: [5, 4] },
  'keras1-conv1d-theano': { layer: s => L.conv1d({ filters: 3, kernelSize: 2, ...s }), shape: [5, 4] },
  'keras1-conv2d-transpose': { layer: s => L.conv2dTranspose({ filters: 3, kernelSize: 2, ...s }), shape: [5, 4, 2] },
  'other-order-conv2d': { layer: s => L.conv2d({ filters: 3, kernelSize: [2, 4], ...s }), shape: [5, 4, 2] },
  'keras1-convlstm2d': { layer: s => L.convLstm2d({ filters: 3, kernelSize: 2, recurrentActivation: 'hardSigmoid', ...s }), shape: [2, 5, 4, 2] },
  'time-distributed': { layer: s => L.timeDistributed({ layer: L.conv1d({ filters: 3, kernelSize: 2 }), ...s }), shape: [2, 5, 4] },
};
const ANSWERS = JSON.parse(readFileSync('/tmp/wr/leg/answers.json', 'utf8'));
for (const [name, { layer, shape }] of Object.entries(CASES)) it(name, async () => {
  const m = tf.sequential({ layers: [layer({ inputShape: shape }), ...(/lstm$|gru$|bidirectional$/.test(name) ? [] : [L.flatten()]), L.dense({ units: 1 })] });
  await using range = await openFileRange(`/tmp/wr/leg/${name}.h5`);
  await using file = await openHdf5(range);
  const s = await loadKerasWeights(m, file);
  console.log(name, String(s), s.loaded);
  s.assertConsumed();
  const n = 2 * shape.reduce((a, b) => a * b);
  const y = m.predict(tf.tensor(Array.from({ length: n }, (_, i) => Math.sin(i)), [2, ...shape])) as tf.Tensor;
  const got = Array.from(y.dataSync());
  got.forEach((v, i) => expect(v).toBeCloseTo(ANSWERS[name][i], 5));
});
