/** Runs the native unit tests, without Node, in one variant of tools/test-native.mjs. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';

const run = promisify(execFile);
const tool = fileURLToPath(new URL('../../tools/test-native.mjs', import.meta.url));

export async function runUnitTests(variant: string): Promise<void> {
  const { stdout } = await run(process.execPath, [tool, variant]).catch((error: { stdout: string }) => {
    throw new Error(error.stdout);
  });
  expect(stdout).toMatch(new RegExp(`^ok ${variant} .*: [1-9]\\d* passed$`, 'm'));
}
