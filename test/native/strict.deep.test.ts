/**
 * A warning that a newer compiler has learned must not break a user's build, also not in a user's CI; in ours it is an
 * error. On the real recipe, with sources that are empty but for one that warns.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nativeSources } from '../../tools/native/sources.mjs';
import { isStrict } from '../../tools/setup/addon.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** An addon without functions, and a variable that nothing uses. */
const WARNS = `#include <node_api.h>
NAPI_MODULE_INIT() {
  static_cast<void>(env);
  int forgotten;
  return exports;
}
`;

let place: string;
beforeAll(() => {
  place = realpathSync(mkdtempSync(join(tmpdir(), 'tensorbundle-strict-')));
  for (const name of ['addon.gypi', 'install.mjs', 'node-gyp.mjs']) {
    cpSync(join(root, 'native', name), join(place, 'native', name));
  }
  const { crc32c, engine, node } = nativeSources(root);
  for (const source of [...crc32c, ...engine, ...node]) {
    mkdirSync(dirname(join(place, source)), { recursive: true });
    writeFileSync(join(place, source), source.endsWith('/addon.cc') ? WARNS : '');
  }
  cpSync(join(root, 'package.json'), join(place, 'package.json'));
  symlinkSync(join(root, 'node_modules'), join(place, 'node_modules'));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

function install(...flags: string[]) {
  const script = join(place, 'native', 'install.mjs');
  const env = { ...process.env, CI: 'true' };
  return spawnSync(process.execPath, [script, '--rebuild', ...flags], { encoding: 'utf8', env });
}

test('a user compiles what has a warning, in CI too', { timeout: 300_000 }, () => {
  const { status, stderr } = install();
  expect(stderr).toContain('tensorbundle: compiled ');
  expect(status).toBe(0);
});

test('for this project’s CI the warning is an error', { timeout: 300_000 }, () => {
  const { status, stderr } = install('--strict');
  expect(stderr).toMatch(/forgotten.*-Werror/);
  expect(status).toBe(1);
});

test('the set-up compiles so in CI, and only there', () => {
  expect([isStrict({ CI: 'true' }), isStrict({}), isStrict({ CI: '' })]).toEqual([true, false, false]);
});
