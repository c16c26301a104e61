/**
 * Step `tfjs`: the binding of @tensorflow/tfjs-node, built against the TensorFlow of .tools/venv by the command that
 * users have for this purpose (src/cli/tfjs-node).
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { tensorflowFolder } from './python.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
function home(root) {
  return join(root, 'node_modules', '@tensorflow', 'tfjs-node');
}

/** @param {string} root */
function state(root) {
  const { version } = JSON.parse(readFileSync(join(home(root), 'package.json'), 'utf8'));
  const facts = [version, process.platform, process.arch, process.versions.modules, tensorflowFolder(root) ?? ''];
  return digest(root, ['tools/requirements.txt', 'tools/setup/tfjs.mjs', 'src/cli/tfjs-node'], facts);
}

/**
 * The stamp is in the package's folder, because `npm ci` removes both.
 * @param {string} root
 */
function stampFile(root) {
  return join(home(root), 'setup.stamp');
}

/** @type {import('./step.mjs').Step} */
export const tfjs = {
  name: 'tfjs',
  what: 'binding of tfjs-node, by this package’s own command',

  isDone({ root }) {
    if (!existsSync(join(home(root), 'package.json')) || !hasStamp(stampFile(root), state(root))) return false;
    return existsSync(join(home(root), 'deps', 'lib', 'libtensorflow.so'));
  },

  async run(context) {
    const { root } = context;
    if (process.platform !== 'linux') {
      throw new SetupFailure(
        `tests against TensorFlow are set up on Linux only, and this is ${process.platform}`,
        'Use `node tools/setup.mjs --only=packages,addon,javascript`, and run the tests that need no TensorFlow.',
      );
    }
    const program = join(root, 'dist', 'cli', 'main.js');
    if (tensorflowFolder(root) === null || !existsSync(home(root)) || !existsSync(program)) {
      throw new SetupFailure(
        'tfjs-node is built from TensorFlow, its own package and dist/, and one of these is missing',
        'Run `node tools/setup.mjs` without --only, or with --only=packages,python,tfjs,javascript.',
      );
    }
    rmSync(stampFile(root), { force: true });
    const before = state(root);
    const python = join(root, '.tools', 'venv', 'bin', 'python');
    await command(context, 'tfjs', process.execPath, [program, 'setup-tfjs-node', '--python', python], {
      advice: 'If it was built but does not run, remove .tools/venv and node_modules, and run the set-up again.',
      env: { CUDA_VISIBLE_DEVICES: '-1' },
    });
    writeStamp(stampFile(root), before);
  },
};
