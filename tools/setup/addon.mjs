/** Step `addon`: the native addon, and the fault-injection addon of the tests, built from native/. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/**
 * In CI every warning is an error. Elsewhere it must not be, since another compiler has other warnings.
 * @param {NodeJS.ProcessEnv} env
 */
export function isStrict(env) {
  return Boolean(env.CI);
}

/**
 * @param {string} root
 * @param {boolean} strict
 */
function state(root, strict) {
  const facts = [process.platform, process.arch, process.versions.modules, ...(strict ? ['strict'] : [])];
  return digest(root, ['native', 'binding.gyp'], facts);
}

/** @param {string} root */
function stampFile(root) {
  // Inside build/, which node-gyp empties first, so that an interrupted build leaves no stamp.
  return join(root, 'build', 'setup.stamp');
}

/** @type {import('./step.mjs').Step} */
export const addon = {
  name: 'addon',
  what: 'native addon (C++17)',

  isDone({ root }) {
    // An addon that was compiled strictly can always be used.
    const states = isStrict(process.env) ? [true] : [true, false];
    const isCompiled = states.some(strict => hasStamp(stampFile(root), state(root, strict)));
    return isCompiled && existsSync(join(root, 'build', 'Release', 'tensorbundle.node'));
  },

  async run(context) {
    const installer = join(context.root, 'native', 'install.mjs');
    if (!existsSync(installer)) {
      throw new SetupFailure(
        'native/install.mjs is missing',
        'The checkout is incomplete: `git status`, `git checkout native`.',
      );
    }
    // Taken before the build, so that a source that changes meanwhile makes the stamp out of date and not falsely
    // valid.
    const strict = isStrict(process.env);
    const before = state(context.root, strict);
    const advice =
      'A C++17 compiler, make and Python 3 are needed (Debian: `apt-get install build-essential python3`).';
    const args = [installer, '--rebuild', '--faults', ...(strict ? ['--strict'] : [])];
    await command(context, 'addon', process.execPath, args, { advice });
    writeStamp(stampFile(context.root), before);
  },
};
