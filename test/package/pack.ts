/** The package as npm would publish it, made from a copy of the checkout so that nothing in the checkout changes. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

/** Not copied: large, and all of it git-ignored, so a clean clone has none of it either. */
const LEFT_OUT = ['node_modules', '.git', '.tools', '.quickstart', 'build', 'bench', 'fixtures'];

export interface Packed {
  tarball: string;
  /** Paths inside, sorted. */
  files: string[];
}

export function run(file: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): string {
  const result = spawnSync(file, args, { encoding: 'utf8', env: process.env, maxBuffer: 1 << 28, ...options });
  if (result.status === 0) return result.stdout;
  throw new Error(`${file} ${args.join(' ')}: ${result.error?.message ?? `${result.stdout}\n${result.stderr}`}`);
}

/** `npm pack` of the package in `folder`; nothing is executed. */
export function pack(folder: string, to: string): Packed {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', to];
  const [made] = JSON.parse(run('npm', args, { cwd: folder })) as [{ filename: string; files: { path: string }[] }];
  return {
    tarball: join(to, basename(made.filename)),
    files: made.files.map(({ path }) => path).sort(),
  };
}

/** File of prebuilds/ that serves this machine. */
export function hostPrebuild(): string {
  const { platform, arch } = process;
  if (platform !== 'linux') return `${platform}-${arch}/tensorbundle.node`;
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return `linux-${arch}/tensorbundle.${report.header.glibcVersionRuntime === undefined ? 'musl' : 'glibc'}.node`;
}

/**
 * A copy of the checkout with the prebuilds that it has. What is tested is what is published, so the binary that was
 * compiled for this machine alone never takes the prebuilt one's place.
 */
export function stage(folder: string): void {
  const prebuild = join('prebuilds', hostPrebuild());
  if (!existsSync(join(CHECKOUT, prebuild))) {
    throw new Error(`there is no ${prebuild}: run \`node tools/setup.mjs --only=prebuild\``);
  }
  cpSync(CHECKOUT, folder, { recursive: true, filter: path => !LEFT_OUT.includes(basename(path)) });
}
