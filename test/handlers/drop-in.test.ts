/**
 * An unmodified program, with one import before it: killed while it saves to file://, TensorFlow.js loads the old model
 * or the new.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-node';
import { afterAll, expect, it } from 'vitest';
import { isDeep } from '../depth.js';
import { Choices } from '../layers/random-numbers.js';

const PROGRAM = fileURLToPath(new URL('saver.mjs', import.meta.url));
const REGISTER = pathToFileURL(fileURLToPath(new URL('../../dist/register.js', import.meta.url))).href;
const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-drop-in-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const KILLS = isDeep ? 20 : 5;

/** The last model that was acknowledged. */
async function saveAndKill(from: number, milliseconds: number): Promise<number> {
  const child = spawn(process.execPath, ['--import', REGISTER, PROGRAM, join(directory, 'model'), String(from)], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let last = from - 1;
  createInterface({ input: child.stdout }).on('line', line => {
    last = Number(line.split(' ')[1]);
    if (last === from + 1) void delay(milliseconds).then(() => child.kill('SIGKILL'));
  });
  await once(child, 'close');
  expect(child.signalCode).toBe('SIGKILL');
  return last;
}

it(`${KILLS} kills`, async () => {
  const random = new Choices(17);
  let next = 1;
  for (let i = 0; i < KILLS; i++) {
    const acknowledged = await saveAndKill(next, random.whole(0, 25));
    const model = await tf.loadLayersModel(`file://${join(directory, 'model')}/model.json`);
    const values = new Set(model.getWeights().flatMap(weight => [...weight.dataSync()]));
    expect(values.size).toBe(1);
    const [found] = values;
    expect([acknowledged, acknowledged + 1]).toContain(found);
    next = found! + 1;
    model.dispose();
  }
  // One more save, and what kills have left is gone.
  const before = readdirSync(join(directory, 'model')).length;
  const last = await saveAndKill(next, 0);
  expect(last).toBeGreaterThanOrEqual(next);
  expect(before).toBeLessThan(6);
}, 180_000);

it('other programs of tfjs-node, saving into a folder that is there, and reading', async () => {
  mkdirSync(join(directory, 'there'));
  const program = [
    "const tf = require('@tensorflow/tfjs-node');",
    'const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] });',
    '(async () => {',
    `  const result = await model.save(${JSON.stringify(`file://${join(directory, 'there')}`)});`,
    `  await tf.loadLayersModel(${JSON.stringify(`file://${join(directory, 'there')}/model.json`)});`,
    '  console.log(result.modelArtifactsInfo.weightDataBytes);',
    '})();',
  ].join('\n');
  const child = spawn(process.execPath, ['--import', REGISTER, '-e', program], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let output = '';
  child.stdout.on('data', chunk => {
    output += String(chunk);
  });
  await once(child, 'close');
  expect(output.trim()).toBe('8');
  expect(readdirSync(join(directory, 'there')).sort()).toEqual(['model.json', 'weights.bin']);
}, 60_000);
