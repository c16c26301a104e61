/**
 * Programs that are bundled: with tensorbundle outside of the bundle they work; inside, the error says what to do. And
 * programs under Node's permissions: the error names the flags that are missing.
 */
import { cpSync, mkdtempSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPackage } from './install.js';
import { start } from './lives/live.js';
import { hostNodes } from './lives/nodes.js';
import { projectFolder } from './managers.js';
import { hostPrebuild, run } from './pack.js';
import { managerFile } from './registry.js';

let work: string;
let folder: string;

beforeAll(() => {
  work = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-bundlers-')));
  ({ folder } = installPackage(work));
  for (const name of ['esbuild', 'rollup', 'webpack', '@rollup']) {
    symlinkSync(managerFile(name), join(folder, 'node_modules', name));
  }
  for (const name of BUNDLERS) {
    cpSync(projectFolder(name), join(folder, name), { recursive: true });
    rmSync(join(folder, name, 'package.json'));
  }
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const BUNDLERS = ['esbuild', 'rollup', 'webpack'];
const FORMATS = ['esm', 'cjs'];
const kinds = BUNDLERS.flatMap(name => FORMATS.map(format => ({ name, format })));

/** Gives the file. */
function bundle(name: string, format: string, way: string): string {
  const file = join('out', way, `main.${format === 'esm' ? 'mjs' : 'cjs'}`);
  run(process.execPath, ['build.mjs', format, way, file], { cwd: join(folder, name) });
  return join(name, file);
}

describe.each(kinds)('$name, $format', ({ name, format }) => {
  test('external: works on each Node', async () => {
    const file = bundle(name, format, 'external');
    for (const node of hostNodes()) {
      const { stdout, stderr, status } = await start(node, [file], folder);
      expect(status, `Node ${node.version}: ${stderr}`).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        values: [1, 2, 3],
        addon: join(folder, 'node_modules', 'tensorbundle', 'prebuilds', hostPrebuild()),
      });
    }
  });

  // webpack writes into the bundle where the sources lie, so there it works until they are gone.
  test('inside: it says that tensorbundle is to be external', async () => {
    const file = bundle(name, format, 'bundled');
    const installed = join(folder, 'node_modules', 'tensorbundle');
    if (name === 'webpack') renameSync(installed, `${installed}-moved`);
    try {
      for (const node of hostNodes()) {
        const { stderr, status } = await start(node, [file], folder);
        expect(status).toBe(1);
        expect(stderr, `Node ${node.version}`).toContain('ERR_NATIVE_ADDON');
        // Node shows the line of the program too, and webpack's has only one.
        const said = stderr
          .split('\n')
          .filter(line => line.length < 1000)
          .join('\n');
        expect(said).toMatch(/mark tensorbundle as external \(esbuild: --external:tensorbundle; rollup: external/);
        expect(said).not.toMatch(/compile it/);
      }
    } finally {
      if (name === 'webpack') renameSync(`${installed}-moved`, installed);
    }
  });
});

describe.each(hostNodes())('under permissions, Node $version', node => {
  const flag = node.version.startsWith('20.') ? '--experimental-permission' : '--permission';
  const program = join('esbuild', 'main.js');
  const everything = ['--allow-fs-read=*', '--allow-fs-write=*'];

  test('with --allow-addons and the right to read it works', async () => {
    for (const read of ['--allow-fs-read=*', `--allow-fs-read=${folder}/*`]) {
      const { stdout, stderr } = await start(node, [flag, '--allow-addons', read, program], folder);
      expect(stdout, stderr).toContain('[1,2,3]');
    }
  });

  test.each([
    ['permission', ['PERMISSION', ...everything]],
    ['no addons', ['--no-addons']],
  ])('without (%s): --allow-addons is named', async (_name, flags) => {
    const { stderr, status } = await start(
      node,
      [...flags.map(one => one.replace('PERMISSION', flag)), program],
      folder,
    );
    expect(status).toBe(1);
    expect(stderr).toContain('ERR_NATIVE_ADDON');
    expect(stderr).toContain('--allow-addons');
    expect(stderr).not.toMatch(/compile it|external/);
  });

  // Node 20 then refuses to import the package at all.
  if (!node.version.startsWith('20.'))
    test('where only the JavaScript may be read: --allow-fs-read is named', async () => {
      const home = join(folder, 'node_modules', 'tensorbundle');
      const read = [join(folder, 'esbuild', '*'), join(home, 'dist', '*'), join(home, 'package.json')];
      const others = ['@bufbuild', 'node-gyp-build'].map(name => join(folder, 'node_modules', name, '*'));
      const allowed = [...read, ...others, join(folder, 'package.json')].map(path => `--allow-fs-read=${path}`);
      const { stderr, status } = await start(node, [flag, '--allow-addons', ...allowed, program], folder);
      expect(status).toBe(1);
      expect(stderr).toContain('ERR_NATIVE_ADDON');
      expect(stderr).toContain('--allow-fs-read');
      expect(stderr).not.toMatch(/compile it|external/);
    });
});
