/**
 * Formats the C++ sources as .clang-format says: `node tools/format-native.mjs [--check]`. With --check it changes
 * nothing, prints what it would change, and fails if there is something.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { argv, exit } from 'node:process';
import { fileURLToPath } from 'node:url';
import { clangTool, cppFiles } from './native/clang.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = clangTool(root, 'clang-format');

if (!existsSync(program)) {
  console.error(`there is no ${program}; \`node tools/setup.mjs --only=clang\` installs it`);
  exit(2);
}
const mode = argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i'];
const { status, error } = spawnSync(program, [...mode, ...cppFiles(root)], { cwd: root, stdio: 'inherit' });
if (error) throw error;
exit(status === 0 ? 0 : 1);
