/** MobileNet as a SavedModel: saved over the one before, and loaded, by this library. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import tf from '@tensorflow/tfjs-node';
import { loadModel, saveModel } from 'tensorbundle/savedmodel';
import { answer, args, repeated, warmUp } from './measured.mjs';
import { madeByOperations, mobileNet } from './models.mjs';

const { directory, repeats } = args;
const path = join(directory, 'ours');

await warmUp();
tf.tidy(() => tf.add(1, 1).dataSync());
const model = madeByOperations(mobileNet());
const size = () =>
  readdirSync(path, { recursive: true })
    .map(name => statSync(join(path, name)))
    .reduce((sum, stat) => sum + (stat.isFile() ? stat.size : 0), 0);
const measured = (times, syncs) => ({ seconds: times[0], times, bytes: size(), verifies: true, syncs });

const save = durable => repeated(repeats, () => saveModel(model, path, { durable, saveTraces: false }));
const parts = { save: measured(await save(false), false), synced: measured(await save(true), true) };
const load = await repeated(repeats, async () => (await loadModel(path)).dispose());
answer({ parts: { ...parts, load: measured(load, false) } });
