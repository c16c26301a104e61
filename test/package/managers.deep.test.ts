/**
 * The package as users get it: published to a registry, installed from there by each package manager, with scripts of
 * packages blocked and allowed. Nothing is compiled, nobody is warned of scripts. Where no prebuild fits, the error's
 * one command compiles.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isLong } from '../depth.js';
import { DEPENDENCIES } from './install.js';
import { MANAGERS, type Manager, projectFolder } from './managers.js';
import { CHECKOUT, hostPrebuild, pack, run, stage } from './pack.js';
import { type Registry, startRegistry } from './registry.js';

// What `npm run` hands on to its children is not what a user has.
for (const name of Object.keys(process.env)) if (name.startsWith('npm_')) delete process.env[name];

let work: string;
let staged: string;
let registry: Registry;
/** A PATH with Node, npm and a shell; whatever could compile only notes that it was asked to. */
let watchfulPath: string;
let asked: string;

beforeAll(async () => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-managers-')));
  staged = join(work, 'staged');
  stage(staged);
  registry = await startRegistry(work);
  for (const name of [...DEPENDENCIES, 'node-addon-api'])
    registry.publish(pack(join(CHECKOUT, 'node_modules', name), work).tarball);
  // The folder, not a tarball: npm looks for binding.gyp there.
  registry.publish(staged);

  watchfulPath = join(work, 'bin');
  asked = join(work, 'asked');
  mkdirSync(watchfulPath);
  for (const name of ['node', 'npm', 'sh', 'dirname']) {
    symlinkSync(
      realpathSync(run('/bin/sh', ['-c', `command -v ${name}`], { cwd: work }).trim()),
      join(watchfulPath, name),
    );
  }
  for (const name of ['python', 'python3', 'make', 'cc', 'c++', 'gcc', 'g++', 'clang', 'clang++', 'node-gyp']) {
    writeFileSync(join(watchfulPath, name), `#!/bin/sh\necho ${name} >> '${asked}'\nexit 1\n`);
    chmodSync(join(watchfulPath, name), 0o755);
  }
});
afterAll(async () => {
  await registry?.stop();
  rmSync(work, { recursive: true, force: true });
});

interface Outcome {
  status: number | null;
  output: string;
}

function start([file, ...first]: readonly string[], args: readonly string[], cwd: string, env: object): Outcome {
  const options = { cwd, encoding: 'utf8', env: env as NodeJS.ProcessEnv } as const;
  const { status, stdout, stderr, error } = spawnSync(file!, [...first, ...args], options);
  return { status, output: `${stdout}${stderr}${error?.message ?? ''}` };
}

/** A fresh copy of the manager's project, with a home of its own, and what installing `dependency` into it gave. */
function install(manager: Manager, way: string, dependency = 'tensorbundle') {
  const folder = mkdtempSync(join(work, `${manager.project}-`));
  cpSync(projectFolder(manager.project), folder, { recursive: true });
  const card = readFileSync(join(folder, 'package.json'), 'utf8');
  writeFileSync(join(folder, 'package.json'), card.replace('"tensorbundle"', `"${dependency}"`));
  for (const [name, text] of Object.entries(manager.settings(registry.url))) writeFileSync(join(folder, name), text);
  const home = join(folder, '.home');
  const { args, env } = manager.installs[way]!;
  rmSync(asked, { force: true });
  const settings = { HOME: home, YARN_ENABLE_IMMUTABLE_INSTALLS: 'false', ...env };
  const outcome = start(manager.command, args, folder, { PATH: watchfulPath, ...settings });
  return { folder, settings, ...outcome };
}

function wasAsked(): string[] {
  return existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : [];
}

const ways = MANAGERS.flatMap(manager =>
  Object.keys(manager.installs).map(way => ({ name: manager.name, way, manager })),
);

test('the registry knows no install script', async () => {
  const metadata = await registry.metadata('tensorbundle');
  expect(metadata.gypfile).toBe(false);
  expect(metadata).not.toHaveProperty('hasInstallScript');
  const scripts = Object.keys(metadata.scripts as object);
  expect(scripts.filter(name => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
});

test.each(ways)('$name, $way: installs, saves and reads; nothing is compiled', ({ manager, way }) => {
  const { folder, settings, status, output } = install(manager, way);
  expect(status, output).toBe(0);
  // What they say of the flag and of the project, not of the package.
  const unforced = output
    .replace('warning Ignored scripts due to flag.', '')
    .replace(/^.* YN0092: .*$/m, '')
    .replace('with warnings', '');
  expect(unforced).not.toMatch(
    /approve-builds|ignored build|allow-?scripts|install scripts?|disabled build|warn|error/i,
  );
  expect(wasAsked()).toEqual([]);
  const main = start(manager.node, ['main.js'], folder, { PATH: watchfulPath, ...settings });
  expect(main.status, main.output).toBe(0);
  const { values, addon } = JSON.parse(main.output) as { values: number[]; addon: string };
  expect(values).toEqual([1, 2, 3]);
  expect(addon.endsWith(join('tensorbundle', 'prebuilds', hostPrebuild()))).toBe(true);
});

// The observation itself, on packages with only one of the two measures: what a manager does to them is seen.
describe('what is seen where a package has only one of the two measures', () => {
  const variant = (name: string, change: (card: Record<string, unknown>) => void, withRecipe: boolean): string => {
    const folder = join(work, name);
    mkdirSync(folder);
    const card = { name, version: '1.0.0', type: 'module', files: withRecipe ? ['binding.gyp'] : ['index.js'] };
    change(card);
    writeFileSync(join(folder, 'package.json'), JSON.stringify(card));
    writeFileSync(join(folder, 'index.js'), '');
    writeFileSync(join(folder, 'binding.gyp'), "{ 'targets': [] }");
    return folder;
  };

  test('binding.gyp beside it when it is published: the registry has a script that compiles', async () => {
    registry.publish(variant('only-left-out', () => {}, false));
    expect(await registry.metadata('only-left-out')).toMatchObject({ scripts: { install: 'node-gyp rebuild' } });
  });

  test('binding.gyp in the tarball: yarn 1 compiles', () => {
    registry.publish(
      variant(
        'only-gypfile',
        card => {
          card.gypfile = false;
        },
        true,
      ),
    );
    const yarn = MANAGERS.find(({ name }) => name === 'yarn 1')!;
    const { status, output } = install(yarn, 'scripts allowed', 'only-gypfile');
    expect(status, output).not.toBe(0);
    expect(wasAsked(), output).not.toEqual([]);
  });
});

// Those in which a package sees the least; where node_modules is flat, all the more is found.
const LAYOUTS = isLong ? ['pnpm', "yarn 4, Plug'n'Play"] : ["yarn 4, Plug'n'Play"];
describe.each(LAYOUTS)('a machine without a prebuild: %s', name => {
  test('the error names one command, which compiles; then it works', () => {
    const manager = MANAGERS.find(candidate => candidate.name === name)!;
    const { folder, settings } = install(manager, Object.keys(manager.installs)[0]!);
    // yarn starts itself from the PATH.
    const bin = join(folder, '.bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'yarn'), `#!/bin/sh\nexec ${manager.command.map(word => `'${word}'`).join(' ')} "$@"\n`);
    chmodSync(join(bin, 'yarn'), 0o755);
    const env = { ...settings, npm_config_registry: registry.url, PATH: `${bin}:${process.env.PATH}` };
    const start_ = (args: readonly string[]): Outcome => start(manager.node, args, folder, env);
    const { addon } = JSON.parse(start_(['main.js']).output) as { addon: string };
    const prebuilds = dirname(dirname(addon));
    rmSync(prebuilds, { recursive: true });

    const failed = start_(['main.js']);
    expect(failed.status).toBe(1);
    expect(failed.output).toContain('ERR_NATIVE_ADDON');
    const [, command] = /compile it here with `([^`]+)`/.exec(failed.output)!;
    const compiled = start(['/bin/sh', '-c', command!], [], folder, env);
    expect(compiled.status, compiled.output).toBe(0);
    const built = join(dirname(prebuilds), 'build', 'Release', 'tensorbundle.node');
    expect(JSON.parse(start_(['main.js']).output)).toEqual({ values: [1, 2, 3], addon: built });
    // Again: there is nothing to do.
    expect(start(['/bin/sh', '-c', command!], [], folder, env)).toEqual({
      status: 0,
      output: `tensorbundle: nothing to do: ${built} loads\n`,
    });
  });
});
