/** How many files an import loads: each takes about half a millisecond. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { CHECKOUT } from './pack.js';

/** The files that a program of Node loads, in the checkout's own words. */
function filesOf(...args: string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-imports-'));
  try {
    const env = { ...process.env, NODE_V8_COVERAGE: folder };
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: CHECKOUT, env, encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const reports = readdirSync(folder).map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Report);
    const home = pathToFileURL(join(CHECKOUT, '/')).href;
    const urls = reports.flatMap(({ result }) => result.map(({ url }) => url)).filter(url => url.endsWith('js'));
    return [...new Set(urls)]
      .filter(url => url.startsWith(home))
      .map(url => url.slice(home.length))
      .sort();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Report {
  readonly result: readonly { readonly url: string }[];
}

const LOADER = ['node_modules/node-gyp-build/index.js', 'node_modules/node-gyp-build/node-gyp-build.js'];
const CORE = ['dist/index.js', 'dist/shared-core.js', 'dist/shared-plain.js'];

test("import 'tensorbundle'", () => {
  expect(filesOf('--input-type=module', '-e', "await import('tensorbundle')")).toEqual([...CORE, ...LOADER]);
});

test('tensorbundle ls', () => {
  const path = join('test', 'fixtures', 'tf-2.21', 'blocks');
  const program = ['dist/cli/main.js', 'dist/shared-dispatch.js', 'dist/shared-help.js'];
  expect(filesOf('dist/cli/main.js', 'ls', path)).toEqual([...program, ...CORE, ...LOADER].sort());
});

test("import 'tensorbundle/optimizers' loads no addon", () => {
  const files = filesOf('--input-type=module', '-e', "await import('tensorbundle/optimizers')");
  expect(files.filter(file => file.startsWith('dist/'))).toEqual([
    'dist/optimizers.js',
    'dist/shared-iterations.js',
    'dist/shared-plain.js',
    'dist/shared-sgd.js',
    'dist/shared-step-counts.js',
    'dist/shared-tfjs-core.js',
  ]);
});

test("import 'tensorbundle' loads none of Node's large modules", () => {
  const script = "await import('tensorbundle'); console.log(JSON.stringify(process.moduleLoadList))";
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: CHECKOUT,
    encoding: 'utf8',
  });
  const loaded = new Set(JSON.parse(stdout) as string[]);
  for (const name of ['crypto', 'stream', 'perf_hooks']) expect(loaded.has(`NativeModule ${name}`), name).toBe(false);
});

test('a first save loads none of them either', () => {
  const script = `
    const { CheckpointWriter } = await import('tensorbundle');
    const folder = process.argv[1];
    for (const durable of [false, true]) {
      const writer = new CheckpointWriter(folder + '/a', { durable });
      writer.add('t', { dtype: 'float32', shape: [1], data: new Float32Array(1) });
      await writer.finish();
    }
    console.log(JSON.stringify(process.moduleLoadList));`;
  const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-imports-'));
  try {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script, folder], {
      cwd: CHECKOUT,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const loaded = new Set(JSON.parse(stdout) as string[]);
    for (const name of ['crypto', 'internal/crypto/random']) expect(loaded.has(`NativeModule ${name}`)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('V8 keeps the text of each file with one byte for a character', () => {
  for (const file of readdirSync(join(CHECKOUT, 'dist')).filter(name => name.endsWith('.js')))
    expect(readFileSync(join(CHECKOUT, 'dist', file), 'utf8'), file).toMatch(/^\p{ASCII}*$/u);
});
