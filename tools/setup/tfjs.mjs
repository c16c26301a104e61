/**
 * Step `tfjs`: the binding of @tensorflow/tfjs-node, built from its source against the TensorFlow libraries of
 * .tools/venv. Its own install script would download an old library instead.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { tensorflowFolder } from './python.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

// The wheel's name -> the names under which the binding is linked and loaded.
const LIBRARIES = {
  'libtensorflow_cc.so.2': ['libtensorflow_cc.so.2', 'libtensorflow.so'],
  'libtensorflow_framework.so.2': ['libtensorflow_framework.so.2', 'libtensorflow_framework.so'],
};
const TRIAL = `const tf = require('@tensorflow/tfjs-node'); tf.tensor([1, 2]).square().sum().dataSync();`;

/** @param {string} root */
function home(root) {
  return join(root, 'node_modules', '@tensorflow', 'tfjs-node');
}

/** @param {string} root */
function state(root) {
  const { version } = JSON.parse(readFileSync(join(home(root), 'package.json'), 'utf8'));
  const facts = [version, process.platform, process.arch, process.versions.modules, tensorflowFolder(root) ?? ''];
  return digest(root, ['tools/requirements.txt', 'tools/setup/tfjs.mjs'], facts);
}

/**
 * The stamp lies with the package, because `npm ci` removes both.
 * @param {string} root
 */
function stampFile(root) {
  return join(home(root), 'setup.stamp');
}

/** The folder with include/node/node_api.h beside the running Node: saves node-gyp a download. */
function headers() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/** @type {import('./step.mjs').Step} */
export const tfjs = {
  name: 'tfjs',
  what: 'binding of tfjs-node, from source',

  isDone({ root }) {
    if (!existsSync(join(home(root), 'package.json')) || !hasStamp(stampFile(root), state(root))) return false;
    return Object.values(LIBRARIES)
      .flat()
      .every(name => existsSync(join(home(root), 'deps', 'lib', name)));
  },

  async run(context) {
    const { root } = context;
    if (process.platform !== 'linux') {
      throw new SetupFailure(
        `tests against TensorFlow are set up on Linux only, and this is ${process.platform}`,
        'Use `node tools/setup.mjs --only=packages,addon,javascript`, and run the tests that need no TensorFlow.',
      );
    }
    const folder = tensorflowFolder(root);
    if (folder === null || !existsSync(home(root))) {
      throw new SetupFailure(
        'tfjs-node is built from two things that are not here yet',
        'Run `node tools/setup.mjs` without --only, or with --only=packages,python,tfjs.',
      );
    }
    rmSync(stampFile(root), { force: true });
    const before = state(root);
    const deps = join(home(root), 'deps');
    rmSync(deps, { recursive: true, force: true });
    mkdirSync(join(deps, 'lib'), { recursive: true });
    symlinkSync(relative(deps, join(folder, 'include')), join(deps, 'include'));
    for (const [source, names] of Object.entries(LIBRARIES)) {
      const target = relative(join(deps, 'lib'), join(folder, source));
      for (const name of names) symlinkSync(target, join(deps, 'lib', name));
    }
    const builder = join(root, 'node_modules', '@mapbox', 'node-pre-gyp', 'bin', 'node-pre-gyp');
    await command(context, 'tfjs', process.execPath, [builder, 'install', '--build-from-source', ...headers()], {
      advice: 'A C++ compiler, make and Python 3 are needed (Debian: `apt-get install build-essential python3`).',
      cwd: home(root),
    });
    await command(context, 'tfjs', process.execPath, ['-e', TRIAL], {
      advice:
        'The binding was built but does not run here. Remove .tools/venv and node_modules, and run the set-up again.',
      env: { TF_CPP_MIN_LOG_LEVEL: '2', CUDA_VISIBLE_DEVICES: '-1' },
    });
    writeStamp(stampFile(root), before);
  },
};
