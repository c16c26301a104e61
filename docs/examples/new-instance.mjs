/** Into a new instance, from its own architecture: what was trained and what was not. */
import { loadWeights, saveWeights } from 'tensorbundle/tfjs';
import { accuracy, BATCH_SIZE, createModel, EPOCHS, xs, ys } from './network.mjs';

const model = createModel();
await model.fit(xs, ys, { epochs: EPOCHS, batchSize: BATCH_SIZE, verbose: 0 });
await saveWeights(model, 'checkpoints/my_checkpoint');

const restored = createModel();
console.log(`untrained ${accuracy(restored) === accuracy(model)}`);
(await loadWeights(restored, 'checkpoints/my_checkpoint')).assertConsumed();
console.log(`restored ${accuracy(restored) === accuracy(model)}`);
