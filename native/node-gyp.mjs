/**
 * How an addon is compiled on a user's machine: which node-gyp, which headers. Used for this package's own addon and
 * for tfjs-node's.
 */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { env, execPath, platform } from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SCRIPT = join('node-gyp', 'bin', 'node-gyp.js');

/** What an addon needs to be compiled, by system. */
export const COMPILER_ADVICE =
  'It needs Python 3, make and a C++17 compiler (Debian and Ubuntu: apt-get install python3 make g++; ' +
  'Alpine: apk add python3 make g++; macOS: xcode-select --install).';

/** Where node-gyp may be beside a package manager: npm and pnpm bring their own. */
function besideManager(manager) {
  const folder = dirname(manager);
  return [
    join(folder, '..', 'node_modules', SCRIPT),
    join(folder, '..', 'dist', 'node_modules', SCRIPT),
    join(folder, 'dist', 'node_modules', SCRIPT),
  ];
}

function onPath(name) {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map(folder => join(folder, name))
    .filter(file => existsSync(file))
    .map(file => realpathSync(file));
}

function resolved() {
  try {
    return [createRequire(join(root, 'package.json')).resolve('node-gyp/bin/node-gyp.js')];
  } catch {
    return [];
  }
}

/**
 * The script of the node-gyp to run: the project's own, that of the running package manager, or that of the npm or pnpm
 * beside Node or on the PATH. Undefined if there is none.
 * @returns {string | undefined}
 */
export function nodeGypScript() {
  const candidates = [
    ...resolved(),
    env.npm_config_node_gyp,
    ...(env.npm_execpath ? besideManager(env.npm_execpath) : []),
    join(dirname(execPath), '..', 'lib', 'node_modules', 'npm', 'node_modules', SCRIPT),
    ...[...onPath('npm'), ...onPath('pnpm')].flatMap(besideManager),
  ];
  return candidates.find(path => path && existsSync(path));
}

/**
 * The command that runs node-gyp, and its first arguments. If there is no node-gyp, npx fetches it.
 * @returns {string[]}
 */
export function nodeGyp() {
  const script = nodeGypScript();
  if (script) return [execPath, script];
  if (onPath('node-gyp').length > 0) return ['node-gyp'];
  return [platform === 'win32' ? 'npx.cmd' : 'npx', '--yes', 'node-gyp'];
}

/**
 * `--nodedir` with headers of this machine, which node-gyp would download otherwise: those beside the running Node, or
 * beside another Node on the PATH. The headers of Node-API are the same in every version, and these addons use no
 * others.
 * @returns {string[]}
 */
export function nodeHeaders() {
  const prefixes = [execPath, ...onPath('node')].map(node => dirname(dirname(node)));
  const prefix = prefixes.find(folder => existsSync(join(folder, 'include', 'node', 'node_api.h')));
  return prefix ? [`--nodedir=${prefix}`] : [];
}
