/**
 * The steps of the set-up in the order in which they depend on each other. Runs a list of steps.
 *
 * @typedef {object} Context
 * @property {string} root the checkout
 * @property {(text: string) => void} note tells the user something
 *
 * @typedef {object} Step
 * @property {string} name as in --only
 * @property {string} what shown to the user
 * @property {(context: Context) => boolean} isDone quick; never changes anything
 * @property {boolean} [deep] only with --deep, or by name: for `npm run test:deep` alone, and it takes minutes
 * @property {boolean} [bench] only with --bench, or by name: for `npm run bench` alone
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
  addon,
  clang,
  prebuild,
  javascript,
  python,
  converter,
  tfjs,
  pretrained,
  kerasFiles,
  faultfs,
  foreign,
  managers,
  peers,
];

/**
 * Runs what is not done yet. Throws the first failure, with `step` set to the step's name.
 * @param {readonly Step[]} steps
 * @param {Context} context
 * @returns {Promise<number>} how many steps had to be run
 */
export async function runSteps(steps, context) {
  if (steps.every(step => step.isDone(context))) return 0;
  const release = await lock(context);
  let count = 0;
  try {
    for (const [index, step] of steps.entries()) {
      const label = `[${index + 1}/${steps.length}] ${step.name.padEnd(10)} ${step.what}`;
      // Checked again under the lock: another set-up may have done the step, or an earlier step may have undone it.
      if (step.isDone(context)) {
        context.note(`${label}: up to date`);
        continue;
      }
      context.note(`${label} ...`);
      const started = performance.now();
      try {
        await step.run(context);
        if (!step.isDone(context)) {
          throw new SetupFailure(
            'its result is missing although every command succeeded',
            'Something changed its inputs meanwhile; run the set-up again.',
          );
        }
      } catch (error) {
        error.step = step.name;
        throw error;
      }
      context.note(`${label}: done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
      count++;
    }
  } finally {
    release();
  }
  return count;
}
