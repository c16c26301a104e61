/**
 * Step `foreign`, for `npm run test:deep`: the Linux binaries for musl and arm64, and what is needed to run them on an
 * x86-64 Debian. Elsewhere it does nothing, and the test that needs it says so. CI runs those binaries on machines of
 * their own kind.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { compile, isCompiled } from '../prebuild/compile.mjs';
import { FOREIGN_FACTS, foreignHome, foreignNodes, installForeign } from '../prebuild/foreign.mjs';
import { hostTarget, TARGETS } from '../prebuild/targets.mjs';
import { installZig } from '../prebuild/zig.mjs';
import { codename } from './debian.mjs';
import { digest, hasStamp, writeStamp } from './stamp.mjs';

/** Releases that have all the packages, for both processors. */
const RELEASES = ['bookworm', 'trixie'];

/** The codename of this machine's Debian; undefined if the binaries cannot be run here. */
function release() {
  const name = hostTarget() === 'linux-x64-glibc' ? codename() : undefined;
  return RELEASES.includes(name) ? name : undefined;
}

/** The targets that can be run here beside the machine's own. */
export function foreignTargets() {
  if (release() === undefined) return [];
  return TARGETS.filter(({ name }) => name.startsWith('linux-') && name !== hostTarget());
}

/** @param {string} root */
function stampFile(root) {
  return join(foreignHome(root), 'setup.stamp');
}

/** @param {string} root */
function state(root) {
  return digest(root, [], [...FOREIGN_FACTS, release()]);
}

/** @param {string} root */
function hasRunners(root) {
  const words = foreignTargets().flatMap(({ name }) => foreignNodes(root, name).flatMap(({ command }) => command));
  return hasStamp(stampFile(root), state(root)) && words.filter(isAbsolute).every(path => existsSync(path));
}

/** @type {import('./step.mjs').Step} */
export const foreign = {
  name: 'foreign',
  what: 'prebuilt addons for musl and arm64, and what runs them',
  deep: true,
  beside: true,

  isDone({ root }) {
    const targets = foreignTargets();
    return targets.length === 0 || (hasRunners(root) && targets.every(target => isCompiled(root, target)));
  },

  async run(context) {
    await installZig(context);
    // All at once: zig compiles the C++ library of each for a minute and a half, on one core.
    const compiled = Promise.all(foreignTargets().map(target => compile(context, target)));
    await Promise.all([compiled, fetchRunners(context)]);
  },
};

/** @param {import('./step.mjs').Context} context */
async function fetchRunners(context) {
  const { root } = context;
  if (hasRunners(root)) return;
  const names = foreignTargets().map(({ name }) => name);
  await installForeign(context, names, release());
  writeStamp(stampFile(root), state(root));
}
