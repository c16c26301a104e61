/**
 * Paths of clang-format and clang-tidy as the set-up installs them (tools/setup/clang.mjs), and of the C++ files to
 * check.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Path of the program itself, not of the Python script that starts it.
 * @param {string} root the checkout
 * @param {'clang-format' | 'clang-tidy'} name
 */
export function clangTool(root, name) {
  return join(root, '.tools', 'clang', 'packages', name.replace('-', '_'), 'data', 'bin', name);
}

/**
 * The C++ files of the project, relative to the checkout.
 * @param {string} root
 */
export function cppFiles(root) {
  return ['native', join('test', 'native')].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(cc|h)$/.test(name))
      .map(name => join(folder, name))
      .sort(),
  );
}
