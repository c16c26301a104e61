/** The number of the epoch in the name, every five epochs; and the last of them, found again. */
import { latestCheckpoint } from 'tensorbundle';
import { loadWeights, ModelCheckpoint, saveWeights } from 'tensorbundle/tfjs';
import { accuracy, BATCH_SIZE, createModel, STEPS_PER_EPOCH, xs, ys } from './network.mjs';

const filepath = 'training_2/cp-{epoch:04d}.ckpt';
const model = createModel();
await saveWeights(model, filepath.replace('{epoch:04d}', '0000'));
const callback = new ModelCheckpoint({ filepath, saveWeightsOnly: true, saveFreq: 5 * STEPS_PER_EPOCH });
await model.fit(xs, ys, { epochs: 20, batchSize: BATCH_SIZE, verbose: 0, callbacks: [callback] });

const latest = await latestCheckpoint('training_2');
const untrained = createModel();
await loadWeights(untrained, latest);
console.log(`${latest}: accuracy ${accuracy(untrained) === accuracy(model) ? 'as trained' : 'another'}`);
