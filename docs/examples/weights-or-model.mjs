/** Saves weights only, for a program that makes the model again; or the whole model, for a program that does not. */
import { loadModel, loadWeights, ModelCheckpoint } from 'tensorbundle/tfjs';
import { accuracy, BATCH_SIZE, createModel, EPOCHS, xs, ys } from './network.mjs';

const model = createModel();
const callbacks = [
  new ModelCheckpoint({ filepath: 'weights/last', saveWeightsOnly: true }),
  new ModelCheckpoint({ filepath: 'whole/last' }),
];
await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, verbose: 0, callbacks });

const again = createModel();
(await loadWeights(again, 'weights/last')).assertConsumed();
const whole = await loadModel('whole/last');
console.log([again, whole].map(one => accuracy(one) === accuracy(model)));
await loadModel('weights/last').catch(error => console.log(error.code));
