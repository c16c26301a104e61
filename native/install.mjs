/**
 * Compiles the addon if no prebuilt one fits. It never runs automatically: the package has no install script. In a
 * package, `npx tensorbundle build-addon` does the same.
 *
 *   node native/install.mjs             nothing to do if a prebuild or an earlier build loads; else compile
 *   node native/install.mjs --rebuild   compile in any case
 *   node native/install.mjs --faults    compile in any case, the fault-injection addon of the tests too
 *   node native/install.mjs --strict    compile in any case, and a warning is an error: for CI, never for users, whose
 *                                       compilers may know more warnings than this source was written for
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { argv, exit, platform } from 'node:process';
import { fileURLToPath } from 'node:url';
import { COMPILER_ADVICE, nodeGyp, nodeHeaders } from './node-gyp.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const script = fileURLToPath(import.meta.url);
const HEADERS = 'node-addon-api';
/** The folders of native/ that the package has. */
const ROOMS = ['crc32c', 'engine', 'node'];

/** The text of binding.gyp outside of a checkout. */
const RECIPE = `{
  'variables': { 'node_addon_api': '<(module_root_dir)/node-addon-api' },
  'includes': ['native/addon.gypi'],
}
`;

/** Path of the addon that this platform, Node and C library load; undefined if there is none or it does not load. */
function loadedAddon() {
  try {
    const load = require('node-gyp-build');
    load(root);
    return load.resolve(root);
  } catch {
    return undefined;
  }
}

/**
 * Runs node-gyp in `folder`. Throws an Error whose `output` is the end of what node-gyp printed.
 * @param {string} folder
 * @param {readonly string[]} definitions for gyp
 */
function compileIn(folder, definitions) {
  const [command, ...first] = nodeGyp();
  const args = [...first, 'rebuild', '--jobs=2', ...nodeHeaders(), '--', ...definitions];
  const result = spawnSync(command, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 });
  if (result.status === 0) return;
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-40).join('\n');
  const message =
    `the native addon of tensorbundle could not be compiled (${result.error?.message ?? `exit ${result.status}`}). ` +
    `${COMPILER_ADVICE} It also needs node-gyp, which npm brings, and Node's headers. Then run: ` +
    `node '${script}'`;
  throw Object.assign(new Error(message), { output });
}

/**
 * Puts node-addon-api into `folder`. It is not a dependency, because only compiling needs it, and because yarn installs
 * node-gyp if it is one. If the project does not have it, npm fetches the version that this package was made with, with
 * the settings of the project.
 * @param {string} folder
 */
function putHeaders(folder) {
  const to = join(folder, HEADERS);
  try {
    cpSync(dirname(require.resolve(`${HEADERS}/package.json`)), to, { recursive: true });
    return;
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
  const wanted = `${HEADERS}@${require('../package.json').devDependencies[HEADERS]}`;
  const fetched = spawnSync('npm', ['pack', wanted, '--silent', '--pack-destination', folder], { encoding: 'utf8' });
  const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'));
  if (fetched.status !== 0 || tarball === undefined) {
    const why = fetched.error?.message ?? fetched.stderr.trim().split('\n')[0];
    throw new Error(
      `the addon is compiled with the headers of ${wanted}, which npm could not fetch (${why}). Install it beside ` +
        `tensorbundle, then run: node '${script}'`,
    );
  }
  mkdirSync(to);
  execFileSync('tar', ['-xzf', join(folder, tarball), '-C', to, '--strip-components=1']);
}

/**
 * Compiles in a temporary folder, whose path has no spaces (make cannot handle them), and puts only the addon into the
 * package.
 * @param {readonly string[]} definitions for gyp
 */
function compileApart(definitions) {
  const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-addon-'));
  try {
    for (const name of ['addon.gypi', ...ROOMS]) {
      cpSync(join(root, 'native', name), join(folder, 'native', name), { recursive: true });
    }
    putHeaders(folder);
    writeFileSync(join(folder, 'binding.gyp'), RECIPE);
    compileIn(folder, definitions);
    const to = join(root, 'build', 'Release');
    mkdirSync(to, { recursive: true });
    const unfinished = join(to, `tensorbundle-${process.pid}.tmp`);
    copyFileSync(join(folder, 'build', 'Release', 'tensorbundle.node'), unfinished);
    renameSync(unfinished, join(to, 'tensorbundle.node'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Makes sure that there is an addon that loads. If it cannot be compiled, throws an error with advice.
 * @param {{ rebuild?: boolean, faults?: boolean, strict?: boolean, note?: (text: string) => void }} [options]
 *   `rebuild`: compile in any case; `faults`: that too, and the fault-injection addon (needs a checkout); `strict`:
 *   compile in any case, and a warning is an error; `note`: is told what takes long
 * @returns {{ addon: string, compiled: boolean }} the file
 */
export function installAddon({ rebuild = false, faults = false, strict = false, note = () => {} } = {}) {
  const found = rebuild || faults || strict ? undefined : loadedAddon();
  if (found) return { addon: found, compiled: false };
  if (platform === 'win32') throw new Error('there is no native addon for Windows yet');
  note(`compiling the addon with ${nodeGyp().join(' ')}; it takes about a minute ...`);
  const definitions = [...(faults ? ['-Dtb_test=1'] : []), ...(strict ? ['-Dtb_strict=1'] : [])];
  if (existsSync(join(root, 'binding.gyp'))) compileIn(root, definitions);
  else compileApart(definitions);
  const addon = loadedAddon();
  if (!addon) throw new Error('the addon was compiled but does not load; please report this');
  return { addon, compiled: true };
}

// Real paths are compared, since a package manager may have put a symbolic link into the path.
if (argv[1] && realpathSync(argv[1]) === realpathSync(script)) {
  try {
    const { addon, compiled } = installAddon({
      rebuild: argv.includes('--rebuild'),
      faults: argv.includes('--faults'),
      strict: argv.includes('--strict'),
      note: text => console.error(`tensorbundle: ${text}`),
    });
    console.error(compiled ? `tensorbundle: compiled ${addon}` : `tensorbundle: nothing to do: ${addon} loads`);
  } catch (error) {
    if (error?.output) console.error(error.output);
    console.error(error instanceof Error ? `tensorbundle: ${error.message}` : error);
    exit(1);
  }
}
