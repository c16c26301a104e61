/** Compiles the addon for one target with zig's C++ compiler, from the sources and definitions of native/addon.gypi. */
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { nativeSources } from '../native/sources.mjs';
import { command } from '../setup/command.mjs';
import { SetupFailure } from '../setup/failure.mjs';
import { digest, hasStamp, writeStamp } from '../setup/stamp.mjs';
import { ZIG_VERSION, zigCompiler } from './zig.mjs';

// Without optimization, zig compiles undefined behaviour into traps; -O2 also prevents that.
const FLAGS = ['-std=c++17', '-O2', '-DNDEBUG', '-fPIC', '-fexceptions', '-fvisibility=hidden', '-ffunction-sections'];
const WARNINGS = ['-Wall', '-Wextra', '-Werror'];

/** Node's headers beside the running Node. The Node-API part is the same for every version and platform. */
function headers() {
  const folder = join(dirname(dirname(process.execPath)), 'include', 'node');
  if (existsSync(join(folder, 'node_api.h'))) return folder;
  throw new SetupFailure(
    `there is no node_api.h in ${folder}`,
    'Use a Node from nodejs.org or another distribution with its headers (Debian: libnode-dev is not enough).',
  );
}

/** @param {string} root */
function apiHeaders(root) {
  return join(root, 'node_modules', 'node-addon-api');
}

/**
 * The digest of what the binary is made of, and the paths of the binary and its stamp. The stamp also has the digest of
 * the binary, since the files in prebuilds/ may come from another machine.
 * @param {string} root
 * @param {import('./targets.mjs').Target} target
 */
function paths(root, target) {
  const { version } = JSON.parse(readFileSync(join(apiHeaders(root), 'package.json'), 'utf8'));
  const facts = [ZIG_VERSION, version, JSON.stringify(target)];
  const recipe = ['compile.mjs', 'exports.map', 'targets.mjs', 'zig.mjs'].map(name => `tools/prebuild/${name}`);
  return {
    sources: digest(root, ['native', 'tools/native/sources.mjs', ...recipe], facts),
    stamp: join(root, '.tools', 'prebuilds', `${target.name}.stamp`),
    output: join(root, 'prebuilds', target.file),
  };
}

/**
 * Whether prebuilds/FILE exists and was made from the present sources.
 * @param {string} root
 * @param {import('./targets.mjs').Target} target
 */
export function isCompiled(root, target) {
  if (!existsSync(apiHeaders(root))) return false;
  const { sources, stamp, output } = paths(root, target);
  return existsSync(output) && hasStamp(stamp, digest(root, [relative(root, output)], [sources]));
}

/**
 * Makes prebuilds/FILE. Returns false if it was up to date.
 * @param {{ root: string }} context
 * @param {import('./targets.mjs').Target} target
 */
export async function compile(context, target) {
  const { root } = context;
  if (isCompiled(root, target)) return false;
  // Taken before the build, so that a source that changes meanwhile makes the stamp out of date and not falsely valid.
  const before = paths(root, target);
  const { stamp, output } = before;

  const { crc32c, engine, node, defines } = nativeSources(root);
  mkdirSync(dirname(output), { recursive: true });
  mkdirSync(dirname(stamp), { recursive: true });
  const unfinished = join(root, '.tools', 'prebuilds', `${target.name}-${process.pid}.node`);
  const { file, args, env } = zigCompiler(root);
  const arguments_ = [
    ...args,
    '-target',
    target.zig,
    ...FLAGS,
    ...WARNINGS,
    ...defines.map(define => `-D${define}`),
    '-Inative',
    '-isystem',
    apiHeaders(root),
    '-isystem',
    headers(),
    '-shared',
    ...target.link,
    '-o',
    unfinished,
    ...crc32c,
    ...engine,
    ...node,
  ];
  const advice = 'Correct the sources in native/ for this target; `npm run build` compiles them for this machine.';
  await command(context, `prebuild-${target.name}`, file, arguments_, { advice, env });
  renameSync(unfinished, output);
  writeStamp(stamp, digest(root, [relative(root, output)], [before.sources]));
  return true;
}
