/**
 * A save of one file, killed before a file operation: the name has exactly the old or exactly the new file, also for
 * h5py, and the next save leaves nothing else behind.
 */
import { execFile } from 'node:child_process';
import { copyFileSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writePoints } from '../crash/child.js';
import { Scratch } from '../crash/scratch.js';
import { isDeep } from '../depth.js';
import { type Fault, faultAddonPath, type Operation } from '../native/fault-binding.js';
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
  const entry = fileURLToPath(new URL('single-file-child.ts', import.meta.url));
  const build = await rolldown({ input: entry, platform: 'node', logLevel: 'silent' });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  await build.close();
  await writeFile(script, output[0].code);
});

afterAll(() => console.log(`killed ${kills} times; ${states.length} states of a file read by h5py, too`));

/** Null if it was killed. */
function saveIn(job: FileJob): Promise<Operation[] | null> {
  const env = { ...process.env, TENSORBUNDLE_BINDING: faultAddonPath };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script, JSON.stringify(job)], { env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve(null);
      else if (error) reject(new Error(`the child failed: ${error.message}\n${stderr}`));
      else resolve(JSON.parse(stdout) as Operation[]);
    });
  });
}

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
  if (isDeep && scenario === scenarios[0]) return done.map((_, i) => ({ at: i + 1, action: 'kill' }));
  const all = writePoints(done, 'kill');
  if (isDeep) return all;
  const commit = all.findIndex(({ syscall }) => syscall === 'rename');
  const others = all.filter((_, i) => i < commit || i > commit + 1);
  const some = Array.from(
    { length: SPREAD },
    (_, i) => others[Math.floor(((i + Math.random()) * others.length) / SPREAD)]!,
  );
  return [...some, ...all.slice(commit, commit + 2)];
}

describe('killed', () => {
  test.each(isDeep ? scenarios : scenarios.slice(0, 1))('$name', async scenario => {
    const points = await pointsOf(scenario);
    const run = async (): Promise<void> => {
      for (let fault = points.pop(); fault !== undefined; fault = points.pop()) {
        const at = fault;
        await killedAt(scenario, at).catch(error => {
          throw new Error(`${JSON.stringify(at)}: ${(error as Error).message}`, { cause: error });
        });
      }
    };
    await Promise.all([run(), run()]);
  });

  test('processes that save one file at once, and a reader: it is always whole', async () => {
    const path = await placeOf(scenarios[0]!);
    const times = isDeep ? 20 : 6;
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
