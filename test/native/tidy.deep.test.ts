/** clang-tidy has no complaint about the C++ sources (.clang-tidy). */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { clangTool, cppFiles } from '../../tools/native/clang.mjs';
import { nativeSources } from '../../tools/native/sources.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const headers = join(dirname(dirname(process.execPath)), 'include', 'node');
/** Files for one run of the program; each run is a thread's share. */
const AT_ONCE = 2;

function check(files: readonly string[]): Promise<string> {
  const flags = [
    ...['-std=c++17', '-Inative', '-Itest/native', '-DNODE_GYP_MODULE_NAME=tensorbundle'],
    ...nativeSources(root).defines.map(define => `-D${define}`),
    ...['-isystem', 'node_modules/node-addon-api', '-isystem', headers],
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(clangTool(root, 'clang-tidy'), ['--quiet', ...files, '--', ...flags], { cwd: root });
    let output = '';
    child.stdout.on('data', text => {
      output += text;
    });
    child.on('error', reject);
    child.on('exit', status => resolve(status === 0 ? '' : output || `it ended with ${status}`));
  });
}

test('clang-tidy', { timeout: 900_000 }, async ctx => {
  ctx.skip(!existsSync(join(headers, 'node_api.h')), `Node's headers are not beside it, in ${headers}`);
  const files = cppFiles(root).filter(file => file.endsWith('.cc'));
  expect(files.length).toBeGreaterThan(30);
  const shares = Array.from({ length: AT_ONCE }, (_, share) => files.filter((_, i) => i % AT_ONCE === share));
  expect(await Promise.all(shares.map(check))).toEqual(shares.map(() => ''));
});
