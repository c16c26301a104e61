/** Step `python`: real TensorFlow and tf_keras from PyPI in the git-ignored folder .tools/venv. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

// Versions for which every pinned package has a wheel.
const VERSIONS = ['3.11', '3.12', '3.13'];
const CANDIDATES = ['python3.11', 'python3', 'python3.12', 'python3.13'];
const IMPORTS = 'import tensorflow, tf_keras, ml_dtypes; print(tensorflow.__version__)';

/** @param {string} root */
function state(root) {
  return digest(root, ['tools/requirements.txt'], [process.platform, process.arch]);
}

/** @param {string} root */
function venv(root) {
  return join(root, '.tools', 'venv');
}

/**
 * The folder that holds the installed TensorFlow, or null.
 * @param {string} root
 * @returns {string | null}
 */
export function tensorflowFolder(root) {
  const lib = join(venv(root), 'lib');
  if (!existsSync(lib)) return null;
  for (const name of readdirSync(lib)) {
    const folder = join(lib, name, 'site-packages', 'tensorflow');
    if (existsSync(folder)) return folder;
  }
  return null;
}

function findPython() {
  const seen = [];
  for (const name of CANDIDATES) {
    try {
      const code = 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])';
      const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
      const version = execFileSync(name, ['-c', code], options).trim();
      if (VERSIONS.includes(version)) return name;
      seen.push(`${name} is ${version}`);
    } catch (error) {
      const reason = String(error.stderr ?? '')
        .trim()
        .split('\n')
        .at(-1);
      seen.push(error.code === 'ENOENT' ? `no ${name}` : `${name}: ${reason || error.message}`);
    }
  }
  throw new SetupFailure(
    `no usable Python ${VERSIONS.join(', ')} was found (${seen.join('; ')})`,
    'Install Python 3.11 with its venv module and put `python3.11` on the PATH ' +
      '(Debian: `apt-get install python3 python3-venv`).',
  );
}

/** @type {import('./step.mjs').Step} */
export const python = {
  name: 'python',
  what: 'TensorFlow and tf_keras (Python) into .tools/venv',

  isDone({ root }) {
    return (
      hasStamp(join(venv(root), 'setup.stamp'), state(root)) &&
      existsSync(join(venv(root), 'bin', 'python')) &&
      tensorflowFolder(root) !== null
    );
  },

  async run(context) {
    const { root } = context;
    const interpreter = findPython();
    // A virtual environment contains its own absolute path, so it is built in place, and an unfinished one is removed
    // first.
    rmSync(venv(root), { recursive: true, force: true });
    const own = join(venv(root), 'bin', 'python');
    const before = state(root);
    await command(context, 'python', interpreter, ['-m', 'venv', venv(root)], {
      advice: "Python's venv module must work (Debian: `apt-get install python3-venv`).",
    });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    await command(context, 'python', own, [...pip, '-r', join(root, 'tools', 'requirements.txt')], {
      advice:
        'Check that the network reaches PyPI or the index that pip is configured for, and that 3 GB of disk are free.',
    });
    await command(context, 'python', own, ['-c', IMPORTS], {
      advice:
        'TensorFlow was installed but cannot be imported on this machine; ' +
        'its wheels need x86-64 with AVX or arm64, and glibc 2.27.',
      env: { TF_CPP_MIN_LOG_LEVEL: '2', CUDA_VISIBLE_DEVICES: '-1' },
    });
    writeStamp(join(venv(root), 'setup.stamp'), before);
  },
};
