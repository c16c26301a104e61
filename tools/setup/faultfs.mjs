/**
 * Step `faultfs`: the FUSE file system of test/storage, compiled into .tools/faultfs. libfuse is that of the system, or
 * comes from Debian packages that are unpacked beside it. If it is not available, the set-up goes on and the tests say
 * why they are skipped; only in CI this is a failure.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.mjs';
import { unpackDebian } from './debian.mjs';
import { SetupFailure } from './failure.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

const SOURCE = join('test', 'storage', 'faultfs', 'faultfs.c');
const FLAGS = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'];

/** @param {string} root */
function folder(root) {
  return join(root, '.tools', 'faultfs');
}

/** @param {string} root */
function state(root) {
  return digest(root, [SOURCE, 'tools/setup/faultfs.mjs'], [process.platform, process.arch]);
}

/** What the compiler needs for the libfuse 3 of the system; null if there is none. */
function systemFlags() {
  const found = spawnSync('pkg-config', ['--cflags', '--libs', 'fuse3'], { encoding: 'utf8' });
  return found.status === 0 ? found.stdout.split(/\s+/).filter(Boolean) : null;
}

/** @type {import('./step.mjs').Step} */
export const faultfs = {
  name: 'faultfs',
  what: 'FUSE file system that tests break',

  isDone(context) {
    const { root } = context;
    if (process.platform !== 'linux' || context.faultfsUnavailable) return true;
    return hasStamp(join(folder(root), 'setup.stamp'), state(root)) && existsSync(join(folder(root), 'faultfs'));
  },

  async run(context) {
    const { root } = context;
    if (!existsSync(join(root, SOURCE))) {
      throw new SetupFailure(`${SOURCE} is missing`, 'The checkout is incomplete: `git status`, `git checkout test`.');
    }
    const before = state(root);
    const fresh = `${folder(root)}-new`;
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { recursive: true });
    try {
      await build(context, fresh);
      writeStamp(join(fresh, 'setup.stamp'), before);
    } catch (error) {
      if (process.env.CI || !(error instanceof SetupFailure)) throw error;
      context.faultfsUnavailable = true;
      const reason = error.message.split('\n')[0];
      writeFileSync(join(fresh, 'unavailable'), `${reason}\n`);
      context.note(`  not built, its tests will be skipped: ${reason}\n  ${error.advice}`);
    }
    rmSync(folder(root), { recursive: true, force: true });
    renameSync(fresh, folder(root));
  },
};

/**
 * @param {import('./step.mjs').Context} context
 * @param {string} fresh
 */
async function build(context, fresh) {
  let libraries = systemFlags();
  if (libraries === null) {
    const packages = join(fresh, 'debian');
    await unpackDebian(context, { names: ['libfuse3-dev', 'libfuse3-3', 'fuse3'], to: packages });
    const archive = readdirSync(join(packages, 'usr', 'lib'))
      .map(triplet => join(packages, 'usr', 'lib', triplet, 'libfuse3.a'))
      .find(file => existsSync(file));
    if (!archive) throw new SetupFailure('libfuse3-dev holds no libfuse3.a', 'Install libfuse3-dev and pkg-config.');
    // Linked statically, so that the program contains no path of this folder.
    libraries = ['-I', join(packages, 'usr', 'include'), archive, '-ldl', '-lrt'];
  }
  const args = [...FLAGS, '-o', join(fresh, 'faultfs'), join(context.root, SOURCE), ...libraries];
  await command(context, 'faultfs', process.env.CC ?? 'cc', args, {
    advice: 'A C compiler is needed (Debian: `apt-get install build-essential`).',
  });
}
