/** What is published: the exact files, and that they work where there is neither Python, nor a compiler, nor tfjs. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEPENDENCIES, type Installed, installPackage } from './install.js';
import { CHECKOUT, hostPrebuild, run } from './pack.js';

/** Saves, overwrites, reads; prints what was read and which addon did it. */
const PROGRAM = `
import { CheckpointReader, CheckpointWriter, verifyCheckpoint } from 'tensorbundle';
for (const last of [3, 4]) {
  const writer = new CheckpointWriter('out/model', { shards: 2 });
  writer.add('kernel', { dtype: 'float32', shape: [2, 2], data: new Float32Array([1, 2, 3, last]) });
  writer.add('step', { dtype: 'int64', shape: [], data: new BigInt64Array([7n]) });
  await writer.finish();
}
const reader = await CheckpointReader.open('out/model');
const { data } = await reader.read('kernel');
await reader.close();
const { ok } = await verifyCheckpoint('out/model');
const addon = process.report.getReport().sharedObjects.filter(file => file.endsWith('.node'));
console.log(JSON.stringify({ values: [...data], ok, addon }));
`;

let work: string;
let installed: Installed;

beforeAll(() => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-package-')));
  installed = installPackage(work);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

function sourcesOf(folder: string, endings: RegExp): string[] {
  return readdirSync(join(CHECKOUT, folder), { recursive: true, encoding: 'utf8' }).filter(file => endings.test(file));
}

/** These scripts and what they import, at once or later: a script that none of them needs is not one of the package. */
function scriptsReachedFrom(entries: readonly string[]): string[] {
  const reached = new Set<string>();
  const next = [...entries];
  for (let file = next.pop(); file !== undefined; file = next.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const code = readFileSync(join(CHECKOUT, file), 'utf8');
    for (const [, name] of code.matchAll(/\b(?:from|import)\s*\(?\s*["'`](\.[^"'`]+)["'`]/g)) {
      next.push(posix.join(posix.dirname(file), name!));
    }
  }
  return [...reached];
}

describe('the packed package', () => {
  test('holds these files and no others', () => {
    const { packed } = installed;
    const expected = new Set([
      ...['CHANGELOG.md', 'FORMAT.md', 'LICENSE', 'README.md', 'package.json'],
      // No binding.gyp: package managers compile what has one (managers.deep.test.ts).
      ...['native/addon.gypi', 'native/install.mjs', 'native/node-gyp.mjs'],
      ...sourcesOf('docs', /^[^/]+\.(md|svg)$|^(api|examples|performance)\//).map(file => `docs/${file}`),
      // Not the addon that breaks on demand, native/faults.
      ...sourcesOf('native', /^(crc32c|engine|node)\/[^/]+\.(cc|h)$/).map(file => `native/${file}`),
      ...sourcesOf('src', /\.ts$/).map(file => `dist/${file.replace(/\.ts$/, '.d.ts')}`),
      // The entries, and what they share: tools/setup/bundle.mjs.
      ...scriptsReachedFrom([
        ...['binding', 'index', 'optimizers', 'register', 'savedmodel', 'tfjs'].map(name => `dist/${name}.js`),
        ...['dispatch', 'help', 'main'].map(name => `dist/cli/${name}.js`),
      ]),
    ]);
    const others = packed.files.filter(file => !file.startsWith('prebuilds/'));
    expect(others).toEqual([...expected].sort());
    const prebuilds = packed.files.filter(file => file.startsWith('prebuilds/'));
    expect(prebuilds).toContain(`prebuilds/${hostPrebuild()}`);
    for (const file of prebuilds) {
      expect(file).toMatch(
        /^prebuilds\/(linux-(x64|arm64)\/tensorbundle\.(glibc|musl)|darwin-(x64|arm64)\/tensorbundle)\.node$/,
      );
    }
  });

  test('its recipe compiles every native source that is in it, and the checkout compiles by the same', () => {
    const recipe = readFileSync(join(CHECKOUT, 'native', 'addon.gypi'), 'utf8');
    const named = [...recipe.matchAll(/'(native\/[a-z0-9_/]+\.cc)'/g)].map(match => match[1]!);
    expect(named.filter(file => !file.startsWith('native/faults/')).sort()).toEqual(
      installed.packed.files.filter(file => file.endsWith('.cc')),
    );
    expect(readFileSync(join(CHECKOUT, 'binding.gyp'), 'utf8')).toContain("'includes': ['native/addon.gypi']");
  });

  test('runs nothing when it is installed, and npm is told that there is nothing to compile', () => {
    const card = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { scripts: object };
    expect(Object.keys(card.scripts).filter(name => /^(pre|post)?(install|prepare)$/.test(name))).toEqual([]);
    expect(card).toMatchObject({ gypfile: false });
    // What npm says of an installed package that has something to run or to compile.
    const lock = readFileSync(join(installed.folder, 'package-lock.json'), 'utf8');
    expect(lock).toContain('node_modules/tensorbundle');
    expect(lock).not.toContain('hasInstallScript');
  });

  test('pleases publint', async () => {
    const { staged } = installed;
    const card = JSON.parse(readFileSync(join(staged, 'package.json'), 'utf8')) as Record<string, unknown>;
    const { messages } = await publint({ pkgDir: staged, strict: true, level: 'suggestion' });
    expect(messages.map(message => formatMessage(message, card))).toEqual([]);
  });

  test('installed without Python, compiler or tfjs it saves, reads, and runs its command', () => {
    const { folder, env } = installed;
    writeFileSync(join(folder, 'program.js'), PROGRAM);
    expect(
      readdirSync(join(folder, 'node_modules'))
        .filter(name => !name.startsWith('.'))
        .sort(),
    ).toEqual(['tensorbundle', ...new Set(DEPENDENCIES.map(name => name.split('/')[0]!))].sort());

    const output = JSON.parse(run(process.execPath, ['program.js'], { cwd: folder, env })) as object;
    const prebuild = join(folder, 'node_modules', 'tensorbundle', 'prebuilds', hostPrebuild());
    expect(output).toEqual({ values: [1, 2, 3, 4], ok: true, addon: [prebuild] });

    const command = join(folder, 'node_modules', '.bin', 'tensorbundle');
    expect(JSON.parse(run(command, ['ls', '--json', 'out/model'], { cwd: folder, env }))).toMatchObject({
      tensors: [{ name: 'kernel' }, { name: 'step' }],
    });
  });

  test('the core and the command never ask for tfjs, even where it is installed', () => {
    const asked = (entry: string): string => {
      // tfjs-core is CommonJS, so whoever loads it leaves it in this cache.
      const program = `await import(${JSON.stringify(entry)});
        const { createRequire } = await import('node:module');
        const loaded = Object.keys(createRequire(import.meta.url).cache).filter(file => /@tensorflow/.test(file));
        console.log(loaded.length > 0 ? 'loaded' : 'clean');`;
      return run(process.execPath, ['--input-type=module', '-e', program], { cwd: CHECKOUT }).trim();
    };
    expect(asked('tensorbundle')).toBe('clean');
    // The observation itself: where tfjs is loaded, it is seen.
    expect(asked('tensorbundle/tfjs')).toBe('loaded');
  });
});
