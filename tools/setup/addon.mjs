/** Step `addon`: the native addon, and its twin that tests break on purpose, built from native/. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
function state(root) {
  return digest(root, ['native', 'binding.gyp'], [process.platform, process.arch, process.versions.modules]);
}

/** @param {string} root */
function stampFile(root) {
  // Inside build/, which node-gyp clears first: an interrupted build leaves no stamp.
  return join(root, 'build', 'setup.stamp');
}

/** @type {import('./step.mjs').Step} */
export const addon = {
  name: 'addon',
  what: 'native addon (C++17)',

  isDone({ root }) {
    return hasStamp(stampFile(root), state(root)) && existsSync(join(root, 'build', 'Release', 'tensorbundle.node'));
  },

  async run(context) {
    const installer = join(context.root, 'native', 'install.mjs');
    if (!existsSync(installer)) {
      throw new SetupFailure(
        'native/install.mjs is missing',
        'The checkout is incomplete: `git status`, `git checkout native`.',
      );
    }
    // Taken before the build: a source file that changes meanwhile makes the stamp out of date, never falsely valid.
    const before = state(context.root);
    const advice =
      'A C++17 compiler, make and Python 3 are needed (Debian: `apt-get install build-essential python3`).';
    await command(context, 'addon', process.execPath, [installer, '--rebuild', '--faults'], { advice });
    writeStamp(stampFile(context.root), before);
  },
};
