/**
 * The packed package installed as a user would, from its tarball, where there is neither Python nor a compiler. No
 * network.
 */
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT, type Packed, pack, run, stage } from './pack.js';

/** With what they need themselves. */
export const DEPENDENCIES = ['@bufbuild/protobuf', 'node-gyp-build', 'pend', 'yauzl'];

export interface Installed {
  /** Where `tensorbundle` resolves to the installed package. */
  folder: string;
  /** The package before it was packed. */
  staged: string;
  packed: Packed;
  /** A PATH with node, npm and a shell, and nothing that could compile. */
  env: NodeJS.ProcessEnv;
}

function barePath(work: string): string {
  const bin = join(work, 'bin');
  mkdirSync(bin);
  for (const name of ['node', 'npm', 'sh']) {
    const found = run('/bin/sh', ['-c', `command -v ${name}`], { cwd: work }).trim();
    symlinkSync(realpathSync(found), join(bin, name));
  }
  return bin;
}

/** Everything lies below `work`, an empty folder. */
export function installPackage(work: string): Installed {
  const staged = join(work, 'staged');
  const folder = join(work, 'installed');
  stage(staged);
  const packed = pack(staged, work);
  mkdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  // The dependencies come from this checkout's node_modules.
  const tarballs = DEPENDENCIES.map(name => pack(join(CHECKOUT, 'node_modules', name), work).tarball);
  const env = { PATH: barePath(work), HOME: work };
  const args = ['install', '--offline', '--no-audit', '--no-fund', ...tarballs, packed.tarball];
  run(join(work, 'bin', 'npm'), args, { cwd: folder, env });
  return { folder, staged, packed, env };
}
