/**
 * Compiles the engine and the checksum for Windows with zig, and links them with a table of file operations that
 * supports nothing (test/native/windows_stub.cc). This shows that for Windows only a table, one file, has to be
 * written.
 */
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { zigCompiler } from '../prebuild/zig.mjs';
import { nativeSources } from './sources.mjs';

const FLAGS = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-fexceptions', '-Inative'];

/** @param {string} root */
function sourcesFor(root) {
  const { crc32c, engine } = nativeSources(root);
  return [...crc32c, ...engine, join('test', 'native', 'windows_stub.cc')];
}

/**
 * What the program needs from elsewhere: the symbols that none of its objects defines. Takes seconds, where a link
 * takes minutes: for that zig compiles the whole C++ library for Windows. Throws what the compiler says.
 * @param {string} root the checkout
 * @param {string} target zig's name, such as x86_64-windows-gnu
 * @param {string} folder for the objects
 * @returns {Promise<{ defined: string[], missing: string[] }>} as the compiler spells them
 */
export async function symbolsForWindows(root, target, folder) {
  const { file, args, env } = zigCompiler(root);
  const options = { cwd: root, env: { ...process.env, ...env } };
  const waiting = sourcesFor(root);
  /** @type {string[]} */
  const objects = [];
  const work = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const object = join(folder, `${basename(source)}.obj`);
      await promisify(execFile)(file, [...args, '-target', target, ...FLAGS, '-c', '-o', object, source], options);
      objects.push(object);
    }
  };
  await Promise.all(Array.from({ length: Math.min(cpus().length, 4) }, work));
  // One line for each symbol: its name, a letter, and numbers. Those of other objects have the letter U.
  const lines = execFileSync('nm', ['--format=posix', ...objects], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const symbols = lines.split('\n').flatMap(line => {
    const [, name, kind] = /^(\S+) ([A-Za-z])\b/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, isDefined: kind !== 'U' }];
  });
  const defined = new Set(symbols.filter(({ isDefined }) => isDefined).map(({ name }) => name));
  const missing = new Set(symbols.map(({ name }) => name).filter(name => !defined.has(name)));
  return { defined: [...defined].sort(), missing: [...missing].sort() };
}

/**
 * @param {string} root the checkout
 * @param {string} target zig's name, such as x86_64-windows-gnu
 * @param {string} folder for the program
 * @returns {{ status: number | null, output: string, program: string }}
 */
export function linkForWindows(root, target, folder) {
  const program = join(folder, `${target}.exe`);
  const { file, args, env } = zigCompiler(root);
  const options = { cwd: root, encoding: 'utf8', env: { ...process.env, ...env } };
  const result = spawnSync(file, [...args, '-target', target, ...FLAGS, '-o', program, ...sourcesFor(root)], options);
  return { status: result.status, output: `${result.stderr}${result.error?.message ?? ''}`, program };
}
