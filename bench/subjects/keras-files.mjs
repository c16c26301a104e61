/**
 * Keras's own files: `.weights.h5`, `.keras` and `.h5`, saved over the one before and loaded, by this library. With
 * `model: 'large'`, the files are of `bytes`.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import tf from '@tensorflow/tfjs-node';
import { loadModel, loadWeights, saveModel, saveWeights } from 'tensorbundle/tfjs';
import { answer, args, repeated, warmUp } from './measured.mjs';
import {
  denseModel,
  MORE_UNITS,
  madeByOperations,
  mobileNet,
  quickstartModel,
  trainQuickstart,
  useWeights,
} from './models.mjs';
import { watched } from './resident.mjs';

const { directory, model: kind, bytes, repeats } = args;

async function made() {
  if (kind === 'mobilenet') return madeByOperations(mobileNet());
  if (kind === 'large') return madeByOperations(denseModel(bytes));
  const model = quickstartModel(MORE_UNITS);
  await trainQuickstart(model);
  return model;
}

async function part(action, more) {
  const { value: times, peakBytes } = await watched(() => repeated(repeats, action));
  return { seconds: times[0], times, blockingSeconds: times[0], peakRssBytes: peakBytes, verifies: true, ...more };
}

await warmUp();
tf.tidy(() => tf.add(1, 1).dataSync());
const model = await made();
const parts = {};
for (const [name, ending] of Object.entries({ weights: '.weights.h5', keras: '.keras', h5: '.h5' })) {
  const path = join(directory, `ours${ending}`);
  const save = name === 'weights' ? saveWeights : saveModel;
  parts[`save-${name}`] = await part(() => save(model, path, { durable: false }), { syncs: false });
  parts[`synced-${name}`] = await part(() => save(model, path), { syncs: true });
  for (const key of [`save-${name}`, `synced-${name}`]) parts[key].bytes = statSync(path).size;
  const load = {
    weights: async () => {
      (await loadWeights(model, path)).assertConsumed();
      useWeights(model);
    },
    model: async () => {
      const loaded = await loadModel(path);
      useWeights(loaded);
      loaded.optimizer?.dispose();
      loaded.dispose();
    },
  }[name === 'weights' ? 'weights' : 'model'];
  parts[`load-${name}`] = { ...(await part(load)), bytes: statSync(path).size };
}
answer({ parts });
