/** Step `clang`: pinned versions of clang-format and clang-tidy from PyPI in the git-ignored folder .tools/clang. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { clangTool } from '../native/clang.mjs';
import { interpreter } from '../prebuild/zig.mjs';
import { command } from './command.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** @param {string} root */
function state(root) {
  return digest(root, ['tools/requirements-clang.txt'], [process.platform, process.arch]);
}

/** @param {string} root */
function folder(root) {
  return join(root, '.tools', 'clang');
}

/** @type {import('./step.mjs').Step} */
export const clang = {
  name: 'clang',
  what: 'clang-format and clang-tidy from PyPI into .tools/clang',

  isDone({ root }) {
    return hasStamp(join(folder(root), 'setup.stamp'), state(root)) && existsSync(clangTool(root, 'clang-format'));
  },

  async run(context) {
    const { root } = context;
    const fresh = `${folder(root)}-new`;
    rmSync(fresh, { recursive: true, force: true });
    const before = state(root);
    // A virtual environment is made only because some systems have no pip outside of one. The programs need no Python.
    await command(context, 'clang', interpreter(), ['-m', 'venv', fresh], {
      advice: "Python's venv module must work (Debian: `apt-get install python3-venv`).",
    });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    const args = [...pip, '--target', join(fresh, 'packages'), '-r', join(root, 'tools', 'requirements-clang.txt')];
    await command(context, 'clang', join(fresh, 'bin', 'python'), args, {
      advice: 'Check that the network reaches PyPI or the index that pip is configured for.',
    });
    writeStamp(join(fresh, 'setup.stamp'), before);
    // The whole folder is renamed, so that an interrupted run leaves nothing that looks complete.
    rmSync(folder(root), { recursive: true, force: true });
    renameSync(fresh, folder(root));
  },
};
