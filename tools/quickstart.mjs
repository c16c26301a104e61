/**
 * The main use of this library, on real data, from start to end: tfjs-node trains a small network on MNIST digits, this
 * library saves its weights at every epoch under one name, real TensorFlow restores them and goes on training, and Node
 * loads the result. Exit code 1 if a check fails. Working files: .quickstart/.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDigits } from './quickstart/digits.mjs';
import { accuracy, buildNetwork, largestDifference, predict } from './quickstart/network.mjs';
import { continueInKeras } from './quickstart/python.mjs';
import { percent, Report, size } from './quickstart/report.mjs';
import { compareSaves, largeModel, SAVES } from './quickstart/speed.mjs';

const EPOCHS = 3;
const BATCH_SIZE = 100;
const TOLERANCE = 1e-5;

// Set before TensorFlow is loaded, since otherwise it prints many remarks about the processor.
process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
process.env.CUDA_VISIBLE_DEVICES ??= '-1';
const { default: tf } = await import('@tensorflow/tfjs-node');
const { CheckpointReader } = await import('tensorbundle');
const { loadWeights, saveWeights } = await import('tensorbundle/tfjs');

const started = performance.now();
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const work = join(root, '.quickstart');
const report = new Report();

try {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true });
  await main();
} catch (error) {
  report.check(false, error.stack ?? String(error));
}
process.exitCode = report.finish((performance.now() - started) / 1000);

async function main() {
  const digits = loadDigits();
  const { training, test } = digits;
  report.heading(`1. tfjs-node ${tf.version['tfjs-node']} trains on ${training.count} MNIST digits`);
  const prefix = join(work, 'node', 'digits');
  const model = await train(digits, prefix);
  const predictions = predict(tf, model, test);
  await listFiles(dirname(prefix));
  await verify(prefix);

  report.heading('2. A fresh model restores weights and optimizer');
  const fresh = compiledNetwork();
  const status = await loadWeights(fresh, prefix);
  status.assertConsumed();
  report.check(
    status.loaded.length > fresh.weights.length && fresh.optimizer.iterations === model.optimizer.iterations,
    `all ${status.loaded.length} values are restored, the optimizer is at step ${fresh.optimizer.iterations}`,
  );
  const restored = predict(tf, fresh, test);
  report.check(largestDifference(restored, predictions) === 0, `it predicts exactly the same on ${test.count} digits`);

  report.heading('3. Real TensorFlow restores the same files, trains one more epoch and saves');
  const kerasPrefix = join(work, 'keras', 'digits');
  const keras = await continueInKeras(
    { root, work, ...digits, from: prefix, to: kerasPrefix, batchSize: BATCH_SIZE },
    share => report.progress(share, 'tf_keras trains'),
  );
  report.fact(`TensorFlow ${keras.versions[0]}, tf_keras ${keras.versions[1]}`);
  checkAgreement('tf_keras restored everything and its predictions', keras.restored, predictions);
  await listFiles(dirname(kerasPrefix));

  report.heading('4. Node loads what tf_keras trained');
  const back = compiledNetwork();
  const taken = await loadWeights(back, kerasPrefix);
  taken.assertConsumed();
  report.fact(`${taken.loaded.length} values loaded; the optimizer is at step ${back.optimizer.iterations}`);
  const final = predict(tf, back, test);
  checkAgreement("Node's predictions", final, keras.trained);
  report.check(largestDifference(final, predictions) > 1e-3, "the weights are really those of Python's training");
  report.fact(
    `accuracy on ${test.count} test digits: ${percent(accuracy(predictions, test))} before, ` +
      `${percent(accuracy(final, test))} after Python's epoch`,
  );
  report.check(accuracy(final, test) > 0.9, 'the network recognises digits (more than 90 %)');

  report.heading("5. Speed, next to tfjs-node's own save");
  await compareSpeed('this network with its optimizer', model, 9);
  const large = largeModel(tf);
  await compareSpeed('a model of two large layers', large, 3);
  large.dispose();
  report.fact('not synced: the files survive the end of the process, but not a power loss. tfjs-node never syncs.');
  report.fact('synced: the files also survive a power loss, as soon as the call returns. This is our default.');
}

/** Prints the median time of a save: ours and tfjs-node's with the same promise, and then ours with a better one. */
async function compareSpeed(what, model, rounds) {
  const onProgress = share => report.progress(share, `saving ${what}`);
  const { bytes, seconds } = await compareSaves({ saveWeights, model, work, rounds, onProgress });
  report.fact(`${what}, ${size(bytes)}:`);
  for (const [name, label] of Object.entries(SAVES)) {
    const rate = (bytes / seconds[name] / 1e6).toFixed(0);
    const time = (seconds[name] * 1000).toFixed(seconds[name] < 0.1 ? 1 : 0);
    report.fact(`  ${label.padEnd(44)} ${time.padStart(6)} ms  ${rate.padStart(6)} MB/s`);
  }
}

function compiledNetwork() {
  const model = buildNetwork(tf);
  model.compile({ optimizer: tf.train.adam(1e-3), loss: 'categoricalCrossentropy' });
  return model;
}

/** Trains, and saves at every epoch under the same name. */
async function train({ training, test }, prefix) {
  const model = compiledNetwork();
  const images = tf.tensor(training.images, [training.count, 28, 28, 1]);
  const labels = tf.tensor(training.labels, [training.count, 10]);
  const batches = Math.ceil(training.count / BATCH_SIZE);
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    const { history } = await model.fit(images, labels, {
      batchSize: BATCH_SIZE,
      epochs: 1,
      verbose: 0,
      callbacks: {
        onBatchEnd: batch => report.progress((batch + 1) / batches, `epoch ${epoch} of ${EPOCHS}`),
      },
    });
    const start = performance.now();
    const { bytesWritten } = await saveWeights(model, prefix);
    const milliseconds = performance.now() - start;
    const right = accuracy(predict(tf, model, test), test);
    report.fact(
      `epoch ${epoch}: loss ${history.loss[0].toFixed(4)}, accuracy on ${test.count} test digits ` +
        `${percent(right)}; saved ${size(bytesWritten)} in ${milliseconds.toFixed(0)} ms, synced to disk`,
    );
  }
  tf.dispose([images, labels]);
  return model;
}

/** The files of a directory, as they are on disk. */
async function listFiles(directory) {
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name);
    report.fact(`${relative(root, path).padEnd(52)} ${size((await stat(path)).size).padStart(10)}`);
  }
}

async function verify(prefix) {
  const reader = await CheckpointReader.open(prefix);
  try {
    const { ok, tensors, bytes, problems } = await reader.verify();
    const found = problems.map(({ message }) => message).join('; ');
    report.check(ok, `every checksum is right: ${tensors} tensors, ${size(bytes)}${found && `; ${found}`}`);
  } finally {
    await reader.close();
  }
  const generations = new Set((await readdir(dirname(prefix))).flatMap(name => name.match(/-of-\d+$/) ?? []));
  report.check(generations.size === 1, `${EPOCHS} saves under one name left one generation of files`);
}

function checkAgreement(what, found, expected) {
  const difference = largestDifference(found, expected);
  report.check(difference <= TOLERANCE, `${what} agree to 1e-5 (largest difference ${difference.toExponential(1)})`);
}
