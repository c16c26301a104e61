/** Programs as a user would write them, each in a folder where only some packages of TensorFlow.js are installed. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'tensorbundle-flavours-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let count = 0;

/**
 * Runs in a folder where only these packages of @tensorflow's are installed. Links are not followed: they would lead to
 * all of them.
 */
export async function run(
  flavours: readonly string[],
  program: string,
  type: 'module' | 'commonjs' = 'module',
): Promise<string> {
  const folder = join(scratch, String(count++));
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@tensorflow'), { recursive: true });
  const installed = join(ROOT, 'node_modules');
  for (const name of readdirSync(installed))
    if (name !== '@tensorflow' && !name.startsWith('.')) symlinkSync(join(installed, name), join(modules, name));
  for (const name of flavours) symlinkSync(join(installed, '@tensorflow', name), join(modules, '@tensorflow', name));
  // Without its own node_modules.
  mkdirSync(join(modules, 'tensorbundle'));
  for (const name of ['package.json', 'dist', 'build', 'prebuilds'])
    if (existsSync(join(ROOT, name))) symlinkSync(join(ROOT, name), join(modules, 'tensorbundle', name));
  const file = join(folder, type === 'module' ? 'program.mjs' : 'program.cjs');
  writeFileSync(file, program);
  const flags = ['--preserve-symlinks', '--preserve-symlinks-main', '--no-warnings', file];
  const { stdout } = await promisify(execFile)(process.execPath, flags, {
    cwd: folder,
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  return stdout.split('\n').findLast(line => line.startsWith('{'))!;
}

/** Saves, loads, trains on and loads again; `tf` and `layers` are there. */
export const LIFE = `
  const model = layers.sequential({ layers: [layers.layers.dense({ units: 2, inputShape: [2] })] });
  model.compile({ optimizer: tf.train.rmsprop(0.01), loss: 'meanSquaredError' });
  const train = one => one.fit(tf.ones([2, 2]), tf.zeros([2, 2]), { epochs: 2, shuffle: false, verbose: 0 });
  const values = one => JSON.stringify(one.getWeights().map(weight => [...weight.dataSync()]));
  await train(model);
  await model.save('file://files', { includeOptimizer: true });
  await model.save('ckpt://run/model', { includeOptimizer: true });
  const loaded = [];
  for (const url of ['file://files/model.json', 'ckpt://run/model']) loaded.push(await layers.loadLayersModel(url));
  for (const one of [model, ...loaded]) await train(one);
  const same = loaded.map(one => values(one) === values(model));
  const refusal = await layers.loadLayersModel('file://files').catch(error => error.message);
  const missing = await layers.loadLayersModel('file://none/model.json').catch(error => error.code ?? error.message);
  const handlers = tf.io.getLoadHandlers('file://files/model.json').length;
  console.log(JSON.stringify({ same, handlers, refusal, missing }));
`;
export const PLAIN = [
  'tfjs',
  'tfjs-core',
  'tfjs-layers',
  'tfjs-converter',
  'tfjs-data',
  'tfjs-backend-cpu',
  'tfjs-backend-webgl',
];
export const OURS = {
  same: [true, true],
  handlers: 1,
  refusal: expect.stringContaining('files/model.json'),
  missing: 'ERR_NOT_FOUND',
};
