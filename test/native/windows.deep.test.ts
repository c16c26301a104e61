/**
 * The engine above the table of file operations belongs to no system: with a table that supports nothing it compiles
 * for Windows, and needs nothing but the libraries of C++ and C. (native/engine/posix_operations.cc is empty there.)
 * Only `npm run test:long` links it as well, for which zig compiles its C++ library anew, for minutes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linkForWindows, symbolsForWindows } from '../../tools/native/windows.mjs';
import { zigCompiler } from '../../tools/prebuild/zig.mjs';
import { isLong } from '../depth.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const TARGET = 'x86_64-windows-gnu';

/** The C++ library: what is in `std` or in its ABI, `operator new` and `delete`, exceptions, the start of main(). */
const CPP = /^(_Z(N|NK|TVN?|TIN?|TSN?)?(St|10__cxxabi)|_Z[nd][awl]|__cxa_|_Unwind_|__gxx_personality_|__main$)/;
/** Functions of standard C, which Windows has as every system has them. */
const C = ['memchr', 'memcmp', 'memcpy', 'memmove', 'memset', 'printf', 'strcmp', 'strlen'];

describe('the engine with a stub for its table', () => {
  let folder: string;

  beforeEach(ctx => {
    ctx.skip(
      !existsSync(zigCompiler(root).file),
      'zig is not here: `node tools/setup.mjs --only=prebuild` installs it',
    );
    folder = mkdtempSync(join(tmpdir(), 'tensorbundle-windows-'));
  });
  afterEach(() => folder && rmSync(folder, { recursive: true, force: true }));

  test('has all that it needs', async () => {
    const { defined, missing } = await symbolsForWindows(root, TARGET, folder);
    expect(defined).toContain('main');
    expect(defined.filter(name => name.includes('tensorbundle')).length).toBeGreaterThan(50);
    expect(missing).toContain('memcpy');
    const ofCpp = (name: string) => CPP.test(name) && !name.includes('tensorbundle');
    expect(missing.filter(name => !ofCpp(name) && !C.includes(name))).toEqual([]);
  });

  const link = () => {
    const { status, output, program } = linkForWindows(root, TARGET, folder);
    expect({ status, output }).toEqual({ status: 0, output: '' });
    // A program of Windows: 'MZ', and its real header behind that.
    const bytes = readFileSync(program);
    expect(bytes.subarray(0, 2).toString()).toBe('MZ');
    expect(bytes.readUInt16LE(bytes.readUInt32LE(0x3c) + 4)).toBe(0x8664);
  };
  if (isLong) test('becomes a program', { timeout: 1_200_000 }, link);
});
