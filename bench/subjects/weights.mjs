/** Saves and loads the weights of a large tfjs-node model, with this library and with tfjs-node itself. */
import { join } from 'node:path';
import tf from '@tensorflow/tfjs-node';
import { loadWeights, saveWeights } from 'tensorbundle/tfjs';
import { answer, args, timed, warmUp } from './measured.mjs';
import { denseModel, madeByOperations, useWeights, weightBytes } from './models.mjs';
import { watched } from './resident.mjs';
import { PREFIX } from './tensors.mjs';

const { run, directory, bytes, durable } = args;
const prefix = join(directory, PREFIX);
const url = `file://${join(directory, 'tfjs')}`;

/** One save, which `action` makes, of a model whose weights TensorFlow holds. */
async function saving(action, about) {
  const model = madeByOperations(denseModel(bytes));
  const { value, peakBytes } = await watched(() => timed(() => action(model)));
  const { seconds } = value;
  return { seconds, blockingSeconds: seconds, bytes: weightBytes(model), peakRssBytes: peakBytes, ...about };
}

/** One load, which ends when an operation has used each weight. */
async function loading(action, about) {
  const { value, peakBytes } = await watched(() =>
    timed(async () => {
      const model = await action();
      useWeights(model);
      return model;
    }),
  );
  const [{ seconds }, size] = [value, weightBytes(value.value)];
  const peakRssBytes = Math.max(0, peakBytes - size);
  return { seconds, blockingSeconds: seconds, bytes: size, peakRssBytes, ...about };
}

const RUNS = {
  save: () => saving(model => saveWeights(model, prefix, { durable }), { verifies: true, syncs: durable }),
  load: () =>
    loading(
      async () => {
        const model = denseModel(bytes);
        (await loadWeights(model, prefix)).assertConsumed();
        return model;
      },
      { verifies: true },
    ),
  'tfjs-save': () => saving(model => model.save(url), { verifies: false, syncs: false }),
  'tfjs-load': () => loading(() => tf.loadLayersModel(`${url}/model.json`), { verifies: false }),
  /** dataSync of every weight: the least that any way out of TensorFlow costs. */
  staging: () =>
    saving(
      model => {
        for (const weight of model.weights) weight.read().dataSync();
      },
      { verifies: false, syncs: false },
    ),
  /** `file://` of tensorbundle/register, which is atomic and synced. */
  async registered() {
    await import('tensorbundle/register');
    return await saving(model => model.save(url), { verifies: false, syncs: true });
  },
  /** `ckpt://`: a checkpoint, through tfjs's own encoding of all weights. */
  async handler() {
    await import('tensorbundle/register');
    return await saving(model => model.save(`ckpt://${prefix}`), { verifies: true, syncs: true });
  },
  /** A save and a load of the same model in one process. */
  async 'save-and-load'() {
    const saved = await RUNS.save();
    tf.disposeVariables();
    return { parts: { save: saved, load: await RUNS.load() } };
  },
};

await warmUp();
// TensorFlow's first operation starts its threads.
tf.tidy(() => tf.add(1, 1).dataSync());
answer(await RUNS[run]());
