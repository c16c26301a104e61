/**
 * A save of one file, killed before a file operation: the name has exactly the old or exactly the new file, also for
 * h5py, and the next save leaves nothing else behind.
 */
import { copyFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { joinProgram, killAtEach, killPoints, runProgram } from '../crash/killed-children.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import type { Fault, Operation } from '../native/fault-binding.js';
import { runPython } from '../oracle/python.js';
import { numberIn, saveAt } from './saved-file.js';
import type { FileJob } from './single-file-child.js';

const scratch = new Scratch('single-file-kill');
const script = join(scratch.path, 'child.mjs');
const [OLD, NEW, NEXT] = [1, 2, 3];
/** Beside the deep run, so many kills of a save, and always those around the rename. */
const SPREAD = 5;

interface Scenario {
  name: string;
  durable: boolean;
  isFresh?: boolean;
}

const scenarios: Scenario[] = [
  { name: 'an overwrite', durable: true },
  { name: 'an overwrite, not durable', durable: false },
  { name: 'a fresh save', durable: true, isFresh: true },
];

const states: { path: string; found: number }[] = [];
let kills = 0;

beforeAll(async () => {
  await joinProgram(fileURLToPath(new URL('single-file-child.ts', import.meta.url)), script);
});

afterAll(() => console.log(`killed ${kills} times; ${states.length} states of a file read by h5py, too`));

/** Null if it was killed. */
const saveIn = (job: FileJob): Promise<Operation[] | null> => runProgram(script, job);

async function placeOf({ isFresh }: Scenario): Promise<string> {
  const path = join(scratch.directory(), 'm.h5');
  if (!isFresh) await saveAt(path, OLD);
  return path;
}

async function killedAt(scenario: Scenario, fault: Fault): Promise<void> {
  const path = await placeOf(scenario);
  const { durable } = scenario;
  expect(await saveIn({ path, k: NEW, durable, faults: [fault] })).toBeNull();
  kills++;
  const found = await numberIn(path, [OLD, NEW]);
  if (scenario.isFresh) expect(found).not.toBe(OLD);
  else expect(found).not.toBeNull();
  if (found !== null && states.length < 40) {
    const copy = join(scratch.directory('copy'), 'm.h5');
    copyFileSync(path, copy);
    states.push({ path: copy, found });
  }
  await saveAt(path, NEXT, { durable });
  expect(await numberIn(path, [NEXT])).toBe(NEXT);
  expect(readdirSync(join(path, '..'))).toEqual(['m.h5']);
}

/** In the deep run all operations of a durable overwrite, and of other saves all that write. */
async function pointsOf(scenario: Scenario): Promise<Fault[]> {
  const path = await placeOf(scenario);
  const done = (await saveIn({ path, k: NEW, durable: scenario.durable, faults: [] }))!;
  expect(await numberIn(path, [NEW])).toBe(NEW);
  const commit = 'rename';
  return killPoints(done, { everywhere: scenario === scenarios[0], commit, count: SPREAD });
}

describe('killed', () => {
  test.each(isDeep ? scenarios : scenarios.slice(0, 1))('$name', async scenario => {
    await killAtEach(await pointsOf(scenario), fault => killedAt(scenario, fault));
  });

  test('processes that save one file at once, and a reader: it is always whole', async () => {
    const path = await placeOf(scenarios[0]!);
    const times = isDeep ? 40 : 6;
    let left = 3;
    const saves = [NEW, NEXT, 4].map(async k => {
      await saveIn({ path, k, durable: k === NEXT, faults: [], times });
      left--;
    });
    const seen = new Set<number | null>();
    while (left > 0) {
      seen.add(await numberIn(path, [OLD, NEW, NEXT, 4]));
      await new Promise(resolve => setTimeout(resolve, 1));
    }
    await Promise.all(saves);
    expect(seen.size).toBeGreaterThan(1);
    expect(seen).not.toContain(null);
    expect(readdirSync(join(path, '..'))).toEqual(['m.h5']);
  });

  test('h5py reads the same', async () => {
    const code = [
      'import h5py, json, numpy as np, sys',
      'def number(path):',
      '    with h5py.File(path) as f:',
      '        k = float(f.attrs["k"])',
      '        assert all(np.all(f["layer"][name][()] == k) for name in ("kernel", "bias"))',
      '        return k',
      'print(json.dumps([number(path) for path in sys.argv[1:]]))',
    ].join('\n');
    const numbers = JSON.parse(
      await runPython(
        { code },
        states.map(({ path }) => path),
      ),
    ) as number[];
    expect(numbers).toEqual(states.map(({ found }) => found));
    expect(new Set(numbers)).toEqual(new Set([OLD, NEW]));
  });
});
