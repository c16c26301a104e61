/** The benchmark's command itself: a small run to its end, and one that is interrupted and then goes on. */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const COMMAND = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-run-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = (json: string, ...args: string[]) => {
  const common = [COMMAND, `--dir=${join(folder, 'work')}`, `--json=${json}`];
  const child = spawn(process.execPath, [...common, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', data => (output += data));
  const ended = new Promise<{ code: number | null; output: string }>(resolve => {
    child.on('close', code => resolve({ code, output }));
  });
  return { child, ended };
};

const SMALL = ['--quick', '--pairs=2', '--size=1'];

test('a small run writes the table, JSON, Markdown and plots, and leaves no other file', async () => {
  const json = join(folder, 'small.json');
  const { code, output } = await start(json, ...SMALL, '--only=one-tensor,overwrite').ended;
  expect(code, output).toBeLessThan(2);
  expect(output).toMatch(/one-tensor: one tensor of 8 bytes\n.*2 turns/);
  expect(output).toMatch(/save of 8 bytes, not synced +[\d.]+ ms/);
  const { finished, cases } = JSON.parse(await readFile(json, 'utf8'));
  expect(finished).toBe(true);
  expect(cases.map(({ key, turns }: { key: string; turns: object[] }) => [key, turns.length])).toEqual([
    ['one-tensor', 2],
    ['overwrite', 2],
  ]);
  expect(cases[1].rows).toMatchObject([{ pairs: 2 }, { pairs: 2 }]);
  expect(await readFile(join(folder, 'small.md'), 'utf8')).toContain('### overwrite');
  expect(await readdir(join(folder, 'small-plots'))).toContain('ratios-time.svg');
  expect(await readdir(join(folder, 'work'))).toEqual([]);
});

test('every subject and peer of a load, of many tensors and of a small model runs', async () => {
  const json = join(folder, 'subjects.json');
  const { code, output } = await start(json, ...SMALL, '--pairs=1', '--only=load,many-1000,small-network').ended;
  expect(code, output).toBeLessThan(2);
  const { cases } = JSON.parse(await readFile(json, 'utf8'));
  const rows = cases.flatMap(({ rows }: { rows: object[] }) => rows);
  expect(rows.length).toBeGreaterThan(20);
  expect(rows.filter(({ verdict }: { verdict: string }) => verdict === 'not here')).toEqual([]);
});

test('Ctrl-C leaves nothing but the finished turns, and --resume goes on from there', async () => {
  const json = join(folder, 'cut.json');
  const { child, ended } = start(json, ...SMALL, '--pairs=4', '--only=overwrite');
  const turns = async (): Promise<number> =>
    JSON.parse(await readFile(json, 'utf8').catch(() => '{"cases":[]}')).cases[0]?.turns.length ?? 0;
  while ((await turns()) === 0) await delay(20);
  child.kill('SIGINT');
  const { code, output } = await ended;
  expect({ code, output }).toMatchObject({ code: 130, output: expect.stringContaining('--resume') });
  expect(await readdir(join(folder, 'work'))).toEqual([]);
  const made = await turns();
  expect(made).toBeLessThan(4);
  const before = JSON.parse(await readFile(json, 'utf8')).cases[0].turns;
  const again = await start(json, '--resume').ended;
  expect(again.code, again.output).toBeLessThan(2);
  const after = JSON.parse(await readFile(json, 'utf8'));
  expect(after.finished).toBe(true);
  expect(after.cases[0].turns).toHaveLength(4);
  expect(after.cases[0].turns.slice(0, made)).toEqual(before);
});

test('a wrong option: the exit code is 2, and the usage says what there is', async () => {
  const { code, output } = await start(join(folder, 'wrong.json'), '--only=nothing').ended;
  expect({ code, output }).toMatchObject({ code: 2, output: expect.stringContaining('unknown case: nothing') });
  expect(output).toContain('usage: npm run bench');
});
