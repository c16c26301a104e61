/**
 * The latency of one save and one load of a small model, with this library (`by: 'ours'`) or with tfjs-node's own
 * functions. Each part is done `repeats` times in this process, each time over the files of the one before, as a
 * training does that saves now and then. With `first`, nothing is warmed up: the first save of the process counts.
 */
import { join } from 'node:path';
import tf from '@tensorflow/tfjs-node';
import { loadWeights, saveWeights } from 'tensorbundle/tfjs';
import { answer, args, middleOf, repeated } from './measured.mjs';
import {
  MORE_UNITS,
  madeByOperations,
  mobileNet,
  quickstartModel,
  trainQuickstart,
  useWeights,
  weightBytes,
} from './models.mjs';
import { PREFIX } from './tensors.mjs';

const { by, model: kind, directory, repeats, first = false } = args;
const WARM = first ? 0 : 5;

const BUILD = { quickstart: quickstartModel, network: () => quickstartModel(MORE_UNITS), mobilenet: mobileNet };
/** Whether there is an optimizer to save. */
const compiled = kind !== 'mobilenet';

async function trained() {
  const model = BUILD[kind]();
  if (!compiled) return madeByOperations(model);
  await trainQuickstart(model);
  return model;
}

async function part(action, about, between) {
  await repeated(WARM, action, between);
  const times = await repeated(first ? 1 : repeats, action, between);
  const seconds = middleOf(times);
  return { seconds, blockingSeconds: seconds, times, ...about };
}

async function ours() {
  const model = await trained();
  const prefix = name => join(directory, name, PREFIX);
  const saves = { verifies: true, bytes: weightBytes(model) };
  const save = (name, options) => () => saveWeights(model, prefix(name), options);
  const parts = { save: await part(save('quick', { durable: false }), { ...saves, syncs: false }) };
  if (first) return parts;
  parts.synced = await part(save('synced', {}), { ...saves, syncs: true });
  if (compiled) {
    const options = { durable: false, includeOptimizer: false };
    parts.plain = await part(save('plain', options), { ...saves, syncs: false });
  }
  const again = await trained();
  parts.load = await part(
    async () => {
      (await loadWeights(again, prefix('quick'))).assertConsumed();
      useWeights(again);
    },
    { verifies: true },
  );
  return parts;
}

async function tfjs() {
  const model = await trained();
  const url = name => `file://${join(directory, name)}`;
  const about = { verifies: false, syncs: false, bytes: weightBytes(model) };
  const includeOptimizer = compiled;
  const parts = { save: await part(() => model.save(url('full'), { includeOptimizer }), about) };
  if (first) return parts;
  if (includeOptimizer) parts.plain = await part(() => model.save(url('plain')), about);
  let loaded;
  parts.load = await part(
    async () => {
      loaded = await tf.loadLayersModel(`${url('full')}/model.json`);
      useWeights(loaded);
    },
    { verifies: false },
    () => loaded?.dispose(),
  );
  return parts;
}

answer({ parts: await { ours, tfjs }[by]() });
