/** Weights from one model to another: of the same architecture, or of one that has the first layers only. */
import * as tf from '@tensorflow/tfjs-node';
import { copyWeights, loadWeights, saveWeights } from 'tensorbundle/tfjs';
import { accuracy, BATCH_SIZE, createModel, EPOCHS, xs, ys } from './network.mjs';

const model = createModel();
await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, verbose: 0 });
const twin = createModel();
copyWeights(model, twin).assertConsumed();
console.log(accuracy(twin) === accuracy(model));

await saveWeights(model, 'pretrained/all');
const features = tf.sequential({
  layers: [
    tf.layers.dense({ name: 'hidden', units: 16, activation: 'relu', inputShape: [2] }),
    tf.layers.dense({ units: 1 }),
  ],
});
const status = await loadWeights(features, 'pretrained/all', { include: /^hidden\// });
console.log(status.loaded.length, status.missing.length);
