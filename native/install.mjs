/**
 * The package's install script: uses a prebuilt addon if there is one for this platform, else compiles it.
 *
 *   node native/install.mjs             nothing to do if a prebuild or an earlier build loads; else compile
 *   node native/install.mjs --rebuild   compile in any case
 *   node native/install.mjs --faults    compile in any case, the fault-injection addon of the tests too
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { argv, env, execPath, exit, platform } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** Whether an addon for this platform, Node and C library is there and loads. */
function addonLoads() {
  try {
    require('node-gyp-build')(root);
    return true;
  } catch {
    return false;
  }
}

/** The node-gyp to run: this project's own, npm's copy, or whatever the PATH has. */
function nodeGyp() {
  const candidates = [
    join(root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    env.npm_config_node_gyp,
    env.npm_execpath && join(dirname(env.npm_execpath), '..', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
    join(dirname(execPath), '..', 'lib', 'node_modules', 'npm', 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
  ];
  const script = candidates.find(path => path && existsSync(path));
  return script ? [execPath, script] : ['node-gyp'];
}

/** Headers beside the running Node, where its distribution has them: node-gyp would download them otherwise. */
function nodeDirectory() {
  const prefix = dirname(dirname(execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : undefined;
}

/**
 * Compiles the addon into build/Release. Throws with advice if that fails.
 * @param {{ faults?: boolean }} [options] `faults`: also the fault-injection addon (needs a source checkout)
 */
export function buildAddon({ faults = false } = {}) {
  const [command, ...first] = nodeGyp();
  const headers = nodeDirectory();
  const args = [...first, 'rebuild', '--jobs=2'];
  if (headers) args.push(`--nodedir=${headers}`);
  if (faults) args.push('--', '-Dtb_test=1');
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status === 0) return;
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-40).join('\n');
  throw new Error(
    `${output}\n\ntensorbundle: the native addon could not be compiled (${result.error?.message ?? `exit ${result.status}`}).\n` +
      'It needs Python 3, make and a C++17 compiler (Debian and Ubuntu: apt-get install python3 make g++; ' +
      'Alpine: apk add python3 make g++; macOS: xcode-select --install).\n' +
      'Then run: npm rebuild tensorbundle',
  );
}

function main() {
  const faults = argv.includes('--faults');
  if (!faults && !argv.includes('--rebuild') && addonLoads()) return;
  if (platform === 'win32') throw new Error('tensorbundle: there is no native addon for Windows yet');
  buildAddon({ faults });
  if (!addonLoads()) throw new Error('tensorbundle: the addon was compiled but does not load; please report this');
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  try {
    main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    exit(1);
  }
}
