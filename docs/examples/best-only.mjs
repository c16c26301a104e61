/** Only what is better than ever, by val_loss. */
import { ModelCheckpoint } from 'tensorbundle/tfjs';
import { BATCH_SIZE, createModel, EPOCHS, xs, ys } from './network.mjs';

const model = createModel();
const callback = new ModelCheckpoint({
  filepath: 'best/model',
  monitor: 'val_loss',
  saveBestOnly: true,
  saveWeightsOnly: true,
});
const options = { epochs: EPOCHS, batchSize: BATCH_SIZE, validationSplit: 0.2, verbose: 0, callbacks: [callback] };
const { history } = await model.fit(xs, ys, options);
const least = Math.min(...history.val_loss);
console.log(`best val_loss ${callback.best.toFixed(4)}, least in the history ${least.toFixed(4)}`);
