/**
 * Builds the binaries that go into the package: `npm run prebuild [-- --only=TARGET,... | --host] [--smoke]`. One cross
 * compiler from PyPI makes them all, on any machine. Binaries that are up to date are kept.
 */

import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compile } from './prebuild/compile.mjs';
import { smoke } from './prebuild/smoke.mjs';
import { hostTarget, TARGETS } from './prebuild/targets.mjs';
import { installZig } from './prebuild/zig.mjs';
import { SetupFailure } from './setup/failure.mjs';
import { lock } from './setup/lock.mjs';

const USAGE = `usage: node tools/prebuild.mjs [--only=TARGET,... | --host] [--smoke]
  --only   only these targets (default: all): ${TARGETS.map(target => target.name).join(', ')}
  --host   only the target of this machine
  --smoke  afterwards save and read with this machine's binary on Node 20, 22 and 24 from npm;
           with the one for arm64 too, if qemu is installed`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const context = { root, note: text => console.log(text) };

/** @param {{ only?: string, host?: boolean }} options */
function chosen(options) {
  const names = options.host ? [hostTarget()] : options.only?.split(',');
  if (names === undefined) return TARGETS;
  const unknown = names.filter(name => !TARGETS.some(target => target.name === name));
  if (unknown.length > 0) throw new RangeError(`there is no target ${unknown.join(', ')}`);
  return TARGETS.filter(target => names.includes(target.name));
}

/** @param {readonly import('./prebuild/targets.mjs').Target[]} targets */
async function build(targets) {
  const release = await lock(context);
  try {
    await installZig(context);
  } finally {
    release();
  }
  // Not under the lock: it takes minutes and does not touch the set-up, and a rename makes each result appear complete.
  for (const target of targets) {
    const started = performance.now();
    const fresh = await compile(context, target);
    const size = (statSync(join(root, 'prebuilds', target.file)).size / 1024).toFixed(0);
    const how = fresh ? `built in ${((performance.now() - started) / 1000).toFixed(1)} s` : 'up to date';
    context.note(`${target.name.padEnd(18)} prebuilds/${target.file}, ${size} KiB: ${how}`);
  }
}

/** Debian's qemu-user-static, and the C and C++ libraries for arm64 (libc6-arm64-cross, libstdc++6-arm64-cross). */
const ARM64_LIBRARIES = '/usr/aarch64-linux-gnu';
const EMULATORS = { 'linux-arm64-glibc': ['/usr/bin/qemu-aarch64-static', '-L', ARM64_LIBRARIES] };

/** @param {readonly import('./prebuild/targets.mjs').Target[]} targets */
async function runThem(targets) {
  const host = hostTarget();
  for (const { name, file } of targets) {
    const emulator = EMULATORS[name];
    const emulated = emulator !== undefined && existsSync(emulator[0]) && existsSync(ARM64_LIBRARIES);
    if (name !== host && !emulated) {
      context.note(`${name.padEnd(18)} cannot be run here`);
      continue;
    }
    const arch = name.split('-')[1];
    const addon = join(root, 'prebuilds', file);
    const versions = await smoke(context, { file: addon, arch, emulator: name === host ? [] : emulator });
    context.note(`${name.padEnd(18)} saves and reads on Node ${versions.join(', ')}`);
  }
}

async function main() {
  let targets;
  let options;
  try {
    const known = { only: { type: 'string' }, host: { type: 'boolean' }, smoke: { type: 'boolean' } };
    options = parseArgs({ options: known }).values;
    targets = chosen(options);
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    return 2;
  }
  try {
    await build(targets);
    if (options.smoke) await runThem(targets);
    return 0;
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    console.error(`\nprebuild failed: ${error.message}\n\nWhat to do: ${error.advice}`);
    return 1;
  }
}

process.exitCode = await main();
