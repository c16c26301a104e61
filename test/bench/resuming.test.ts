/** An interrupted run goes on where it was: finished turns are kept, only the rest is made. */
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Processes } from '../../bench/harness/fresh-process.mjs';
import { measure } from '../../bench/harness/measure.mjs';
import { Place } from '../../bench/harness/place.mjs';
import { command } from '../../bench/harness/program.mjs';
import { newestUnfinished, Results } from '../../bench/harness/results.mjs';
import { time } from '../../bench/harness/rows.mjs';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-test-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const machine = { tensorbundle: '1', commit: 'a', node: 'v20', processor: 'P', kernel: '6' };
const options = { json: '', quick: false, size: 1, pairs: 3, only: ['x'], peers: ['raw'], directory: '' };

test('the JSON is complete after each write, and nothing else is left', async () => {
  const json = join(folder, 'one.json');
  const results = Results.begin(machine, { ...options, json });
  const record = results.record('x', { name: 'x' });
  record.turns.push({ ours: { seconds: 1 } });
  await results.write();
  const again = await Results.resume(json, machine);
  expect(again.record('x', {}).turns).toEqual([{ ours: { seconds: 1 } }]);
  expect(again.data.options).toMatchObject({ size: 1, pairs: 3, only: ['x'] });
  expect(await readdir(folder)).toEqual(['one.json']);
});

test('a complete run and a run of another build are not continued', async () => {
  const json = join(folder, 'two.json');
  const results = Results.begin(machine, { ...options, json });
  await results.write();
  await expect(Results.resume(json, { ...machine, commit: 'b' })).rejects.toThrow('another build, Node or machine');
  results.data.finished = true;
  await results.write();
  await expect(Results.resume(json, machine)).rejects.toThrow('is complete: nothing to resume');
});

test('--resume finds the newest run that was interrupted', async () => {
  await writeFile(join(folder, 'broken.json'), '{');
  await utimes(join(folder, 'one.json'), 1000, 1000);
  expect(await newestUnfinished(folder)).toBe(join(folder, 'one.json'));
  await expect(newestUnfinished(join(folder, 'none'))).rejects.toThrow('no run that was interrupted');
});

test('only the turns that are missing are made, in the order that they would have had', async () => {
  const place = await Place.make(folder);
  const order: string[] = [];
  const nothing = command(process.execPath, '-e', '');
  const benchmark = {
    folder: 'x',
    seconds: 60,
    contestants: () => ({ a: nothing, b: nothing }),
    before: (_: unknown, name: string) => void order.push(name),
    rows: [time('a / b', 'a', 'b')],
  };
  const turns: Record<string, { seconds: number }>[] = [{ a: { seconds: 1 }, b: { seconds: 1 } }];
  const kept: number[] = [];
  const ended = await measure({
    benchmark,
    place,
    size: 1,
    quick: false,
    processes: new Processes({}),
    pairs: 3,
    peers: [],
    budget: { most: 60, share: 60 },
    turns,
    onStep: undefined,
    onTurn: async (made: unknown[]) => void kept.push(made.length),
  });
  expect({ ended, order, kept }).toEqual({ ended: 'fixed', order: ['b', 'a', 'a', 'b'], kept: [2, 3] });
  expect(turns.slice(1).every(turn => turn.a!.seconds > 0 && turn.b!.seconds > 0)).toBe(true);
  place.removeNow();
});

test('a program that fails is told with what it wrote; a peer that is not there with its reason', async () => {
  const processes = new Processes({ torch: { name: 'torch', unavailable: 'no wheel' } });
  const failing = command(process.execPath, '-e', 'console.error("the cause"); process.exit(3)');
  await expect(processes.run(failing)).rejects.toThrow(/ended with 3 and without a reply\nthe cause/);
  const request = { kind: 'peer', peer: 'torch', request: {} };
  expect(await processes.run(request)).toEqual({ unavailable: 'no wheel' });
  await expect(processes.mustRun(request)).rejects.toThrow('no wheel');
  expect(await processes.run({ ...request, peer: 'jax' })).toEqual({ unavailable: 'jax was not set up' });
  expect(await readFile(join(folder, 'one.json'), 'utf8')).toContain('"schema": 1');
});
