/**
 * Loads the native addon: the binary of this machine that the package has, or one that was compiled here. A load that
 * fails says what to do.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TensorBundleError } from './errors.js';

/**
 * The folder of the package, seen from this file. `native/install.mjs` lies there, unless this code was copied
 * elsewhere.
 */
interface Place {
  readonly require: NodeJS.Require;
  readonly root: string;
}

/** The exports of the addon; binding.ts says what they are. Throws ERR_NATIVE_ADDON. */
export function loadAddon(): unknown {
  let place: Place | undefined;
  try {
    place = placeOf(import.meta.url);
    // An addon given by path: the sanitizer and fault-injection builds of the tests.
    const given = process.env.TENSORBUNDLE_BINDING;
    if (given) return place.require(given);
    return loadFrom(place);
  } catch (cause) {
    throw new TensorBundleError(
      'ERR_NATIVE_ADDON',
      `the native addon of tensorbundle could not be loaded for ${process.platform}-${process.arch}, ` +
        `Node ${process.version}: ${adviceOn(cause, place)}`,
      { path: place?.root, cause },
    );
  }
}

/**
 * `node-gyp-build` looks for /etc/alpine-release to find out which C library there is. A process with --permission may
 * not do that, so it is told the C library instead.
 */
function loadFrom({ require, root }: Place): unknown {
  const find = (): unknown => (require('node-gyp-build') as (directory: string) => unknown)(root);
  try {
    return find();
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_ACCESS_DENIED' || process.env.LIBC !== undefined) throw error;
  }
  const { header } = process.report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
  process.env.LIBC = header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  try {
    return find();
  } finally {
    delete process.env.LIBC;
  }
}

/** A bundler that makes CommonJS may leave no URL. */
function placeOf(url: string | undefined): Place {
  if (url === undefined) throw new Error('this code does not know in which file it is');
  return { require: createRequire(url), root: join(dirname(fileURLToPath(url)), '..') };
}

function adviceOn(cause: unknown, place: Place | undefined): string {
  const { code, resource } = (cause ?? {}) as { code?: unknown; resource?: unknown };
  if (code === 'ERR_DLOPEN_DISABLED')
    return (
      'this process may not load addons: start Node with --allow-addons if it has --permission (or ' +
      '--experimental-permission), and without --no-addons'
    );
  const { permission } = process as { permission?: { has(scope: string, reference?: string): boolean } };
  const hidden = place && permission?.has('fs.read', place.root) === false ? place.root : undefined;
  const refused = code === 'ERR_ACCESS_DENIED' ? (resource ?? hidden) : hidden;
  if (refused !== undefined)
    return (
      `this process may not read ${refused}: with --permission (or --experimental-permission) start Node with ` +
      `--allow-addons, and with --allow-fs-read for that path, or for all paths (--allow-fs-read='*')`
    );
  const compile = place && compilerOf(place);
  if (compile === undefined)
    return (
      'a bundler has put tensorbundle into another file, but the addon must stay where it is, in node_modules: ' +
      'mark tensorbundle as external (esbuild: --external:tensorbundle; rollup: external: [/^tensorbundle/]; ' +
      'webpack: ' +
      'externals), and deploy node_modules with it'
    );
  if (process.platform === 'win32') return 'Windows is not supported yet; use WSL';
  return (
    `${String((cause as Error)?.message ?? cause)
      .split('\n')[0]!
      .trim()}; compile it here with \`${compile}\` (that needs Python 3, make ` +
    'and a C++17 compiler), or reinstall if node_modules was copied from another kind of machine'
  );
}

/**
 * The command that compiles the addon; undefined if this code is not in its package. It has the whole path, so that it
 * works from every directory.
 */
function compilerOf({ require, root }: Place): string | undefined {
  try {
    const script = require.resolve(join(root, 'native', 'install.mjs'));
    // Under yarn's Plug'n'Play only `yarn node` finds the packages that it needs.
    return `${process.versions.pnp === undefined ? '' : 'yarn '}node '${script}'`;
  } catch {
    return undefined;
  }
}
