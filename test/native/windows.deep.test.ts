/**
 * The engine above the table of file operations belongs to no system: with a table that supports nothing it compiles
 * and links for Windows. (native/engine/posix_operations.cc is empty there.)
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { linkForWindows } from '../../tools/native/windows.mjs';
import { zigCompiler } from '../../tools/prebuild/zig.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the engine with a stub for its table', { timeout: 1_200_000 }, ctx => {
  ctx.skip(!existsSync(zigCompiler(root).file), 'zig is not here: `node tools/setup.mjs --only=prebuild` installs it');
  const folder = mkdtempSync(join(tmpdir(), 'tensorbundle-windows-'));
  try {
    const { status, output, program } = linkForWindows(root, 'x86_64-windows-gnu', folder);
    expect({ status, output }).toEqual({ status: 0, output: '' });
    // A program of Windows: 'MZ', and its real header behind that.
    const bytes = readFileSync(program);
    expect(bytes.subarray(0, 2).toString()).toBe('MZ');
    expect(bytes.readUInt16LE(bytes.readUInt32LE(0x3c) + 4)).toBe(0x8664);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
