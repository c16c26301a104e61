/**
 * Step `converter`: tensorflowjs_converter from PyPI in the git-ignored folder .tools/converter. It runs in the Python
 * of the step `python`, with this folder on its path.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
function state(root) {
  return digest(root, ['tools/requirements-converter.txt'], []);
}

/** @param {string} root */
function folder(root) {
  return join(root, '.tools', 'converter');
}

/** @type {import('./step.mjs').Step} */
export const converter = {
  name: 'converter',
  what: 'tensorflowjs_converter from PyPI into .tools/converter',

  isDone({ root }) {
    return hasStamp(join(folder(root), 'setup.stamp'), state(root)) && existsSync(join(folder(root), 'tensorflowjs'));
  },

  async run(context) {
    const { root } = context;
    const fresh = `${folder(root)}-new`;
    rmSync(fresh, { recursive: true, force: true });
    const before = state(root);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    const args = [...pip, '--target', fresh, '-r', join(root, 'tools', 'requirements-converter.txt')];
    await command(context, 'converter', join(root, '.tools', 'venv', 'bin', 'python'), args, {
      advice:
        'It needs the step `python`. Check that the network reaches PyPI or the index that pip is configured for.',
    });
    writeStamp(join(fresh, 'setup.stamp'), before);
    // The whole folder is renamed, so that an interrupted run leaves nothing that looks complete.
    rmSync(folder(root), { recursive: true, force: true });
    renameSync(fresh, folder(root));
  },
};
