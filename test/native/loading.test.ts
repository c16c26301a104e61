/** The addon that cannot be loaded: the error says why, and what helps in that case. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
/** What loads the addon, with what it imports. */
const LOADER = ['binding.js', 'shared-core.js', 'shared-plain.js'];

function load(directory: string, flags: readonly string[]): { code: string; message: string } {
  const program = `import(${JSON.stringify(pathToFileURL(join(directory, 'binding.js')).href)})
    .then(() => '{}', ({ code, message }) => JSON.stringify({ code, message })).then(console.log)`;
  const { TENSORBUNDLE_BINDING: _, NODE_OPTIONS: __, ...env } = process.env;
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', program], { encoding: 'utf8', env });
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as { code: string; message: string };
}

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

test.each([[['--no-addons']], [[permission, '--allow-fs-read=*']]])(
  '%j: the flag is named, and nothing is to be built',
  flags => {
    const { code, message } = load(DIST, flags);
    expect(code).toBe('ERR_NATIVE_ADDON');
    expect(message).toContain('--allow-addons');
    expect(message).not.toMatch(/compile it|external/);
  },
);

test('a machine without a prebuild: one command is named, by a path that works from everywhere', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-without-'));
  try {
    for (const name of LOADER) cpSync(join(DIST, name), join(directory, 'dist', name));
    for (const name of ['install.mjs', 'node-gyp.mjs']) {
      cpSync(join(DIST, '..', 'native', name), join(directory, 'native', name));
    }
    writeFileSync(join(directory, 'package.json'), '{"name": "tensorbundle", "type": "module"}');
    mkdirSync(join(directory, 'node_modules'));
    cpSync(join(DIST, '../node_modules/node-gyp-build'), join(directory, 'node_modules/node-gyp-build'), {
      recursive: true,
    });
    const { code, message } = load(join(directory, 'dist'), []);
    expect(code).toBe('ERR_NATIVE_ADDON');
    expect(message).toMatch(/No native build was found for platform=/);
    expect(message).toContain(
      `compile it here with \`node '${join(realpathSync(directory), 'native', 'install.mjs')}'\``,
    );
    expect(message).not.toMatch(/external/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('in a bundle: tensorbundle is to be external', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-bundle-'));
  try {
    for (const name of LOADER) cpSync(join(DIST, name), join(directory, 'out', name));
    writeFileSync(join(directory, 'package.json'), '{"type": "module"}');
    expect(load(join(directory, 'out'), [])).toMatchObject({
      code: 'ERR_NATIVE_ADDON',
      message: expect.stringMatching(/^(?!.*compile it).*bundler.*external/),
    });
    // Where the project has node-gyp-build all the same.
    mkdirSync(join(directory, 'node_modules'));
    cpSync(join(DIST, '../node_modules/node-gyp-build'), join(directory, 'node_modules/node-gyp-build'), {
      recursive: true,
    });
    expect(load(join(directory, 'out'), []).message).toMatch(/bundler.*external/);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
