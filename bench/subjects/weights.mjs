/** Saves and loads the weights of a tfjs-node model, with this library and with tfjs-node itself. */
import { join } from 'node:path';
import tf from '@tensorflow/tfjs-node';
import { loadWeights, saveWeights } from 'tensorbundle/tfjs';
import { answer, args, timed, warmUp } from './measured.mjs';
import { resetPeak, resident } from './resident.mjs';
import { PREFIX } from './tensors.mjs';

const UNITS = 2048;
const { run, directory, bytes, durable } = args;
const prefix = join(directory, PREFIX);
const url = `file://${join(directory, 'tfjs')}`;

function buildModel() {
  const model = tf.sequential();
  const layers = Math.max(1, Math.round(bytes / 4 / UNITS / UNITS));
  for (let i = 0; i < layers; i++) {
    model.add(
      tf.layers.dense({ units: UNITS, kernelInitializer: 'zeros', ...(i === 0 ? { inputShape: [UNITS] } : {}) }),
    );
  }
  return model;
}

/**
 * A model in which every weight is the output of an operation, with its own memory, and has been used by an operation.
 */
function trainedModel() {
  const model = buildModel();
  tf.tidy(() => {
    const base = tf.tensor2d(
      Float32Array.from({ length: UNITS * UNITS }, (_, i) => (i % 8191) / 8191),
      [UNITS, UNITS],
    );
    model.weights.forEach((weight, i) => {
      weight.write(weight.shape.length === 2 ? tf.add(base, i) : tf.fill(weight.shape, i));
    });
  });
  use(model);
  return model;
}

/** Runs one operation on each weight, since only then does the backend hold it as a TensorFlow tensor. */
function use(model) {
  for (const weight of model.weights) {
    const value = weight.read();
    tf.tidy(() =>
      tf
        .slice(
          value,
          value.shape.map(() => 0),
          value.shape.map(() => 1),
        )
        .dataSync(),
    );
  }
}

const bytesOf = model => model.weights.reduce((sum, { shape }) => sum + 4 * shape.reduce((a, b) => a * b, 1), 0);

async function saveOurs() {
  const model = trainedModel();
  resetPeak();
  const before = resident('VmRSS');
  const { seconds } = await timed(() => saveWeights(model, prefix, { durable }));
  return { seconds, bytes: bytesOf(model), extraBytes: resident('VmHWM') - before };
}

async function saveTfjs() {
  const model = trainedModel();
  globalThis.gc();
  const { seconds } = await timed(() => model.save(url));
  return { seconds, bytes: bytesOf(model) };
}

/** The same call, after the import of tensorbundle/register. */
async function saveRegistered() {
  await import('tensorbundle/register');
  return await saveTfjs();
}

async function staging() {
  const model = trainedModel();
  globalThis.gc();
  const { seconds } = await timed(() => {
    for (const weight of model.weights) weight.read().dataSync();
  });
  return { seconds, bytes: bytesOf(model) };
}

async function loadOurs() {
  const { seconds, value } = await timed(async () => {
    const model = buildModel();
    (await loadWeights(model, prefix)).assertConsumed();
    use(model);
    return model;
  });
  return { seconds, bytes: bytesOf(value) };
}

async function loadTfjs() {
  const { seconds, value } = await timed(async () => {
    const model = await tf.loadLayersModel(`${url}/model.json`);
    use(model);
    return model;
  });
  return { seconds, bytes: bytesOf(value) };
}

await warmUp();
// TensorFlow's first operation starts its threads.
tf.tidy(() => tf.add(1, 1).dataSync());
answer(
  await {
    save: saveOurs,
    'tfjs-save': saveTfjs,
    registered: saveRegistered,
    staging,
    load: loadOurs,
    'tfjs-load': loadTfjs,
  }[run](),
);
