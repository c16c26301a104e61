/**
 * The steps of the set-up in the order in which they depend on each other. Runs a list of steps.
 *
 * @typedef {object} Context
 * @property {string} root the checkout
 * @property {(text: string) => void} note tells the user something
 * @property {AbortSignal} [signal] ends the commands of a step when another one has failed
 *
 * @typedef {object} Step
 * @property {string} name as in --only
 * @property {string} what shown to the user
 * @property {(context: Context) => boolean} isDone quick; never changes anything
 * @property {boolean} [deep] only with --deep, or by name: for `npm run test:deep` alone, and it takes minutes
 * @property {boolean} [bench] only with --bench, or by name: for `npm run bench` alone
 * @property {boolean} [beside] runs beside the steps that follow it, and after those of its kind before it: zig takes
 * minutes on one core, and others wait for the network
 * @property {(context: Context) => Promise<void>} run from any half-done state; its stamp is the last thing it writes
 */
import { addon } from './addon.mjs';
import { clang } from './clang.mjs';
import { converter } from './converter.mjs';
import { SetupFailure } from './failure.mjs';
import { faultfs } from './faultfs.mjs';
import { foreign } from './foreign.mjs';
import { javascript } from './javascript.mjs';
import { kerasFiles } from './keras-files.mjs';
import { lock } from './lock.mjs';
import { managers } from './managers.mjs';
import { packages } from './packages.mjs';
import { peers } from './peers.mjs';
import { prebuild } from './prebuild.mjs';
import { pretrained } from './pretrained.mjs';
import { python } from './python.mjs';
import { tfjs } from './tfjs.mjs';

/** @type {readonly Step[]} */
export const STEPS = [
  packages,
  prebuild,
  foreign,
  addon,
  clang,
  javascript,
  python,
  converter,
  tfjs,
  pretrained,
  kerasFiles,
  faultfs,
  managers,
  peers,
];

/**
 * Runs what is not done yet: those that run beside others in one row, all others in a second one. Throws the first
 * failure, with `step` set to the step's name, after it has ended what else was running.
 * @param {readonly Step[]} steps
 * @param {{ root: string, note(text: string): void }} options
 * @returns {Promise<number>} how many steps had to be run
 */
export async function runSteps(steps, options) {
  const failed = new AbortController();
  /** @type {Context} */
  const context = { ...options, signal: failed.signal };
  if (steps.every(step => step.isDone(context))) return 0;
  const release = await lock(context);
  let count = 0;
  /** @param {Step} step */
  const run = async step => {
    if (failed.signal.aborted) return;
    try {
      if (await runStep(step, `[${steps.indexOf(step) + 1}/${steps.length}]`, context)) count++;
    } catch (error) {
      if (failed.signal.aborted) return;
      error.step = step.name;
      failed.abort(error);
    }
  };
  try {
    let beside = Promise.resolve();
    for (const step of steps) {
      if (step.beside) beside = beside.then(() => run(step));
      else await run(step);
    }
    await beside;
    failed.signal.throwIfAborted();
  } finally {
    release();
  }
  return count;
}

/**
 * @param {Step} step
 * @param {string} place
 * @param {Context} context
 * @returns {Promise<boolean>} whether it had to be run
 */
async function runStep(step, place, context) {
  const label = `${place} ${step.name.padEnd(10)} ${step.what}`;
  // Checked again under the lock: another set-up may have done the step, or an earlier step may have undone it.
  if (step.isDone(context)) {
    context.note(`${label}: up to date`);
    return false;
  }
  context.note(`${label} ...`);
  const started = performance.now();
  await step.run(context);
  if (!step.isDone(context)) {
    throw new SetupFailure(
      'its result is missing although every command succeeded',
      'Something changed its inputs meanwhile; run the set-up again.',
    );
  }
  context.note(`${label}: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return true;
}
