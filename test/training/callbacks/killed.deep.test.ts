/**
 * Trainings that are killed anywhere, and resumed until they are done, end with the weights of one that was not killed,
 * bit for bit.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { Choices } from '../../layers/random-numbers.js';

const PROGRAM = fileURLToPath(new URL('killed.mjs', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'tensorbundle-killed-trainings-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/**
 * Killed so many milliseconds after the batch, unless it is done before. The weights, if it is done; and the batches of
 * this process.
 */
async function train(
  run: string,
  mode: string,
  kill?: { batch: number; milliseconds: number },
): Promise<{ weights: string | null; batches: number }> {
  const child = spawn(process.execPath, [PROGRAM, join(directory, run), mode], { stdio: ['ignore', 'pipe', 'ignore'] });
  let weights: string | null = null;
  let batches = 0;
  createInterface({ input: child.stdout }).on('line', line => {
    if (line.startsWith('done ')) weights = line;
    else if (++batches === kill?.batch) void delay(kill.milliseconds).then(() => child.kill('SIGKILL'));
  });
  await once(child, 'close');
  expect(child.signalCode === 'SIGKILL' || weights !== null).toBe(true);
  return { weights, batches };
}

for (const mode of ['fitDataset', 'background', 'fit']) {
  it(`${mode}: killed until it is done`, async () => {
    const random = new Choices(91);
    const whole = await train(`${mode}-whole`, mode);
    expect(whole).toMatchObject({ batches: 120, weights: expect.stringMatching(/^done [0-9a-f]+/) });
    let kills = 0;
    for (let weights: string | null = null; weights === null; ) {
      const kill = { batch: random.whole(mode === 'fit' ? 16 : 3, 40), milliseconds: random.whole(0, 8) };
      weights = (await train(mode, mode, kills < 12 ? kill : undefined)).weights;
      if (weights === null) kills++;
      else expect(weights).toBe(whole.weights);
    }
    expect(kills).toBeGreaterThan(2);
  }, 120_000);
}
