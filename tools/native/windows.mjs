/**
 * Compiles the engine and the checksum for Windows with zig, and links them with a table of file operations that
 * supports nothing (test/native/windows_stub.cc). This shows that for Windows only a table, one file, has to be
 * written.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { zigCompiler } from '../prebuild/zig.mjs';
import { nativeSources } from './sources.mjs';

const FLAGS = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-fexceptions', '-Inative'];

/**
 * @param {string} root the checkout
 * @param {string} target zig's name, such as x86_64-windows-gnu
 * @param {string} folder for the program
 * @returns {{ status: number | null, output: string, program: string }}
 */
export function linkForWindows(root, target, folder) {
  const { crc32c, engine } = nativeSources(root);
  const program = join(folder, `${target}.exe`);
  const { file, args, env } = zigCompiler(root);
  const sources = [...crc32c, ...engine, join('test', 'native', 'windows_stub.cc')];
  const options = { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } };
  const result = spawnSync(file, [...args, '-target', target, ...FLAGS, '-o', program, ...sources], options);
  return { status: result.status, output: `${result.stderr}${result.error?.message ?? ''}`, program };
}
