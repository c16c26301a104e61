/** One name at every epoch: each save takes the place of the last, atomically. */
import { ModelCheckpoint } from 'tensorbundle/tfjs';
import { accuracy, BATCH_SIZE, createModel, EPOCHS, xs, ys } from './network.mjs';

const model = createModel();
const callback = new ModelCheckpoint({ filepath: 'training_1/cp.ckpt', saveWeightsOnly: true, verbose: 1 });
await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, verbose: 0, callbacks: [callback] });
console.log(`accuracy ${accuracy(model).toFixed(2)}, saved as ${callback.lastSaved}`);
