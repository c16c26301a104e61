/** One save at the very end, counted in batches. */
import { ModelCheckpoint } from 'tensorbundle/tfjs';
import { BATCH_SIZE, createModel, EPOCHS, STEPS_PER_EPOCH, xs, ys } from './network.mjs';

const model = createModel();
const callback = new ModelCheckpoint({
  filepath: 'end/{epoch}-{batch}',
  saveWeightsOnly: true,
  saveFreq: EPOCHS * STEPS_PER_EPOCH,
});
await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, verbose: 0, callbacks: [callback] });
console.log(callback.lastSaved);
