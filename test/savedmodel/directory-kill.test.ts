/**
 * An overwrite of a SavedModel, killed before a file operation: what has the name is exactly the old or exactly the new
 * model, whole, for this library's reader and for real TensorFlow, and the next save leaves nothing else behind.
 */
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CheckpointReader } from '../../src/index.js';
import { joinProgram, killAtEach, killPoints, runProgram } from '../crash/killed-children.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import type { Fault, Operation } from '../native/fault-binding.js';
import { runPython } from '../oracle/python.js';
import type { ChildJob } from './directory-child.js';

const scratch = new Scratch('directory-kill');
const script = join(scratch.path, 'child.mjs');
const models = join(scratch.path, 'models');
const PYTHON = 'test/savedmodel/directories.py';
const [OLD, NEW, NEXT] = [1, 2, 3];
/** Beside the deep run, so many kills of each kind of save. */
const SPREAD = 5;

interface Killed {
  path: string;
  found: number | null;
}
const states: Killed[] = [];
let kills = 0;

beforeAll(async () => {
  await joinProgram(fileURLToPath(new URL('directory-child.ts', import.meta.url)), script);
  await runPython(PYTHON, ['make', models]);
});

afterAll(() => console.log(`killed ${kills} times; ${states.length} states of a SavedModel read by TensorFlow, too`));

/** Null if it was killed. */
const saveIn = (job: ChildJob): Promise<Operation[] | null> => runProgram(script, job);

/** Which model is there, for our reader; null for none. Fails if it is not whole. */
async function numberAt(path: string): Promise<number | null> {
  if (!existsSync(path)) return null;
  await using reader = await CheckpointReader.open(join(path, 'variables/variables'));
  expect((await reader.verify()).problems).toEqual([]);
  const k = Number(((await reader.read('whole/.ATTRIBUTES/VARIABLE_VALUE')).data as Int32Array)[0]);
  const values = (await reader.read('values/.ATTRIBUTES/VARIABLE_VALUE')).data as Float32Array;
  expect(new Set(values)).toEqual(new Set([k]));
  for (const name of ['saved_model.pb', 'fingerprint.pb'])
    expect(readFileSync(join(path, name)).equals(readFileSync(join(models, String(k), name))), name).toBe(true);
  return k;
}

interface Scenario {
  name: string;
  durable: boolean;
  isFresh?: boolean;
}

const job = (path: string, k: number, { durable }: Scenario, faults: readonly Fault[] = []): ChildJob => ({
  path,
  from: join(models, String(k)),
  shards: 2,
  durable,
  faults,
});

async function killedAt(scenario: Scenario, fault: Fault): Promise<void> {
  const parent = scratch.directory();
  const path = join(parent, 'm');
  if (!scenario.isFresh) cpSync(join(models, String(OLD)), path, { recursive: true });
  expect(await saveIn(job(path, NEW, scenario, [fault]))).toBeNull();
  kills++;
  const found = await numberAt(path);
  expect([scenario.isFresh ? null : OLD, NEW]).toContain(found);
  if (found !== null) {
    const copy = join(scratch.directory('copy'), 'm');
    cpSync(path, copy, { recursive: true });
    states.push({ path: copy, found });
  }
  expect(await saveIn(job(path, NEXT, scenario))).not.toBeNull();
  expect(await numberAt(path)).toBe(NEXT);
  expect(readdirSync(parent)).toEqual(['m']);
}

/**
 * In the deep run all operations of a durable overwrite, and of other saves all that write; else some of those that
 * write, and always those around the exchange.
 */
async function pointsOf(scenario: Scenario): Promise<Fault[]> {
  const path = join(scratch.directory(), 'm');
  if (!scenario.isFresh) cpSync(join(models, String(OLD)), path, { recursive: true });
  const done = (await saveIn(job(path, NEW, scenario)))!;
  expect(await numberAt(path)).toBe(NEW);
  const commit = scenario.isFresh ? 'rename' : 'renameat2';
  return killPoints(done, { everywhere: scenario === scenarios[0], commit, count: SPREAD });
}

const scenarios: Scenario[] = [
  { name: 'an overwrite', durable: true },
  { name: 'an overwrite, not durable', durable: false },
  { name: 'a fresh save', durable: true, isFresh: true },
];

describe('killed', () => {
  test.each(isDeep ? scenarios : scenarios.slice(0, 1))('$name', async scenario => {
    await killAtEach(await pointsOf(scenario), fault => killedAt(scenario, fault));
  });

  test('TensorFlow loads the same', async () => {
    const numbers = JSON.parse(await runPython(PYTHON, ['read', ...states.map(({ path }) => path)])) as number[];
    expect(numbers).toEqual(states.map(({ found }) => found));
    expect(new Set(numbers)).toEqual(new Set([OLD, NEW]));
  });
});
