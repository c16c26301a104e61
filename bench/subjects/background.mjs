/** One background save of many variables, beside a training or beside a timer only. */
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay, setImmediate } from 'node:timers/promises';
import tf from '@tensorflow/tfjs-node';
import { Checkpoint } from 'tensorbundle/tfjs';
import { answer, args } from './measured.mjs';
import { quickstartModel, randomDigits } from './models.mjs';
import { resetPeak, resident } from './resident.mjs';

const { mode, directory, bytes, variables: count } = args;
const REPLACED = 8;
const MINUTE = 60;

const values = Math.floor(bytes / 4 / count);
const seed = tf.randomUniform([values]);
const variables = Array.from({ length: count }, (_, i) => tf.variable(tf.add(seed, i)));
const checkpoint = new Checkpoint({ variables });

/** What a training does between two saves is done once: code is compiled, threads run. */
async function warmUp() {
  const small = new Checkpoint({ variables: Array.from({ length: 20 }, (_, i) => tf.variable(tf.add(seed, i))) });
  await small.save(join(directory, 'warm'), { background: true }).durable;
}

/** One background save. */
function save() {
  const started = performance.now();
  const running = checkpoint.save(join(directory, 'ckpt'), { background: true });
  const blockingSeconds = (performance.now() - started) / 1000;
  const finished = running.durable.then(() => (performance.now() - started) / 1000);
  return { blockingSeconds, finished };
}

async function training() {
  const model = quickstartModel();
  const { images, labels } = randomDigits(64);
  let at = 0;
  const step = async () => {
    await model.trainOnBatch(images, labels);
    for (let i = 0; i < REPLACED; i++) {
      const variable = variables[at++ % count];
      tf.tidy(() => variable.assign(tf.add(variable, 1e-3)));
    }
    await setImmediate();
  };
  for (let i = 0; i < 20; i++) await step();
  resetPeak();
  const before = resident('VmRSS');
  const started = performance.now();
  const { blockingSeconds, finished } = save();
  let open = true;
  finished.finally(() => {
    open = false;
  });
  let steps = 0;
  while (open) {
    await step();
    steps++;
  }
  const beside = (performance.now() - started) / 1000;
  const peakRssBytes = resident('VmHWM') - before;
  const again = performance.now();
  for (let i = 0; i < steps; i++) await step();
  const alone = (performance.now() - again) / 1000;
  const lostSeconds = beside - alone;
  return {
    seconds: await finished,
    blockingSeconds,
    bytes,
    steps,
    peakRssBytes,
    lostSeconds,
    slowDown: lostSeconds / MINUTE,
    syncs: true,
    verifies: true,
  };
}

async function idle() {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  await delay(500);
  const quiet = histogram.percentile(99);
  histogram.reset();
  const { blockingSeconds, finished } = save();
  const seconds = await finished;
  await delay(5);
  histogram.disable();
  const addedMs = Math.max(0, histogram.percentile(99) - quiet) / 1e6;
  const about = { bytes, syncs: true, verifies: true };
  return { seconds, blockingSeconds, addedMs, longestMs: histogram.max / 1e6, ...about };
}

await warmUp();
globalThis.gc?.();
answer(await { training, idle }[mode]());
