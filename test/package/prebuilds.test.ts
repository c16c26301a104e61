/**
 * The binaries in prebuilds/, all that are here, and the ones compiled on this machine: what their loader will do with
 * them.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isCompiled } from '../../tools/prebuild/compile.mjs';
import { hostTarget, TARGETS } from '../../tools/prebuild/targets.mjs';
import { type Elf, readElf } from './elf.js';
import { CHECKOUT, hostPrebuild } from './pack.js';

const addonsIn = (folder: string): string[] =>
  existsSync(join(CHECKOUT, folder))
    ? readdirSync(join(CHECKOUT, folder), { recursive: true, encoding: 'utf8' })
        .filter(name => name.endsWith('.node'))
        .map(name => join(folder, name))
    : [];
const elves = [...addonsIn('prebuilds'), ...addonsIn('build/Release')]
  .map(file => ({ file, elf: readElf(join(CHECKOUT, file)) }))
  .filter((addon): addon is { file: string; elf: Elf } => addon.elf !== null);

test('the one of this machine is there and as old as its sources', async ctx => {
  expect(addonsIn('prebuilds')).toContain(join('prebuilds', hostPrebuild()));
  const target = TARGETS.find(({ name }) => name === hostTarget())!;
  if (!existsSync(join(CHECKOUT, '.tools', 'zig'))) ctx.skip('the prebuilds here were made on another machine');
  expect(isCompiled(CHECKOUT, target)).toBe(true);
});

describe.each(elves)('$file', ({ elf }) => {
  test('stays loaded until the process ends', () => expect(elf.staysLoaded).toBe(true));

  test('leaves nothing to be run at the end of a thread or of the process', () => {
    // What a static or thread_local object with a destructor needs. Of all others only the loader's own call is there,
    // if any.
    expect(elf.imports.filter(name => /^__cxa_(thread_)?atexit(_impl)?$|^(on_exit|atexit)$/.test(name))).toEqual([]);
    expect(elf.imports).toContain('napi_create_threadsafe_function');
  });
});

test.each(elves.filter(({ file }) => file.startsWith('prebuilds')))(
  '$file needs the C library and no other',
  ({ elf }) => {
    expect(elf.needed.filter(name => !/^(lib(c|m|pthread|dl)\.so(\.\d)?|ld-linux-.*|ld-musl-.*)$/.test(name))).toEqual(
      [],
    );
  },
);
