/** Programs that have not loaded tfjs-node, and a place where it is not installed; for stored.test.ts. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Prints the outputs of `nothing`, or the error. */
const PROGRAM = `
import { loadFunctions } from 'tensorbundle/savedmodel';
try {
  const functions = await loadFunctions(process.argv[1]);
  console.log((await functions.nothing()).dataSync()[0]);
  functions[Symbol.dispose]();
} catch ({ code, message }) {
  console.log(code, message);
}`;

async function printed(cwd: string, model: string): Promise<string> {
  const args = ['--input-type=module', '-e', PROGRAM, model];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd });
  return stdout;
}

/** This package as installed beside tfjs-core alone. */
function installed(folder: string): string {
  const modules = join(folder, 'node_modules');
  const own = join(modules, 'tensorbundle');
  mkdirSync(own, { recursive: true });
  for (const part of ['dist', 'package.json']) cpSync(join(ROOT, part), join(own, part), { recursive: true });
  for (const part of ['build', 'prebuilds']) symlinkSync(join(ROOT, part), join(own, part));
  for (const name of ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers', '@bufbuild/protobuf', 'node-gyp-build']) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return folder;
}

export function withoutTensorFlowSuite(folder: string): void {
  test('a program that has not imported tfjs-node: it is loaded', { timeout: 60_000 }, async () => {
    expect(await printed(ROOT, join(folder, 'module'))).toMatch(/^7$/m);
  });

  test('where tfjs-node is not installed, the error says what to install', async () => {
    const found = await printed(installed(join(folder, 'program')), join(folder, 'module'));
    expect(found).toMatch(/^ERR_NOT_SUPPORTED .*need TensorFlow: install @tensorflow\/tfjs-node, and import it/);
  });
}
