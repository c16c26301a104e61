/** Rows of the benchmark: verdicts, goals for each place, the best of several peers, and what is not there. */
import { expect, test } from 'vitest';
import { cases } from '../../bench/cases/all.mjs';
import { measurements, node, parts } from '../../bench/harness/program.mjs';
import { amount, costs, evaluate, speed, time } from '../../bench/harness/rows.mjs';

const turn = (ours: number, others: Record<string, object>) => ({ ours: { seconds: ours }, ...others });
const rowOf = (row: object, turns: readonly object[], kind = 'disk') => evaluate({ rows: [row] }, turns, kind)[0];

test('a ratio of speed must be at least its goal, a ratio of time at most', () => {
  const turns = [turn(2, { peer: { seconds: 4 } })];
  expect(rowOf(speed('a', 'ours', 'peer', { goal: 2 }), turns)).toMatchObject({ median: 2, verdict: 'reached' });
  expect(rowOf(speed('a', 'ours', 'peer', { goal: 2.1 }), turns)).toMatchObject({ verdict: 'missed' });
  expect(rowOf(time('a', 'ours', 'peer', { goal: 0.5 }), turns)).toMatchObject({ median: 0.5, verdict: 'reached' });
  expect(rowOf(time('a', 'ours', 'peer', { goal: 0.4 }), turns)).toMatchObject({ verdict: 'missed' });
  expect(rowOf(time('a', 'ours', 'peer'), turns)).toMatchObject({ verdict: 'no goal' });
});

test('a goal may be another on tmpfs, or only there for the disk', () => {
  const row = speed('a', 'ours', 'peer', { goal: { disk: 6, tmpfs: 2 } });
  const turns = [turn(1, { peer: { seconds: 3 } })];
  expect(rowOf(row, turns)).toMatchObject({ goal: 6, verdict: 'missed' });
  expect(rowOf(row, turns, 'tmpfs')).toMatchObject({ goal: 2, verdict: 'reached' });
  expect(rowOf({ ...row, goal: { disk: 6 } }, turns, 'tmpfs')).toMatchObject({ verdict: 'no goal' });
});

test('of several peers the one with the smallest median counts, in all turns', () => {
  const turns = [
    turn(1, { a: { seconds: 2 }, b: { seconds: 3 } }),
    turn(1, { a: { seconds: 9 }, b: { seconds: 3 } }),
    turn(1, { a: { seconds: 9 }, b: { seconds: 3 } }),
  ];
  const row = rowOf(speed('best', 'ours', ['a', 'b', 'missing']), turns);
  expect(row).toMatchObject({ median: 3, sides: [{ name: 'ours' }, { name: 'b' }] });
});

test('what is not available is said with its reason, and is no verdict', () => {
  const turns = [turn(1, { peer: { unavailable: 'no wheel of it' }, broken: { unavailable: 'bad', failed: true } })];
  const missing = { verdict: 'not here', because: 'no wheel of it', pairs: 0 };
  expect(rowOf(speed('a', 'ours', 'peer', { goal: 1 }), turns)).toMatchObject(missing);
  expect(rowOf(speed('a', 'ours', 'broken'), turns)).toMatchObject({ verdict: 'not here', failed: true });
  expect(rowOf(speed('a', 'ours', 'never'), turns)).toMatchObject({ because: 'never did not run' });
  expect(rowOf(speed('a', 'ours', 'peer'), [])).toMatchObject({ because: 'it was not measured' });
});

test('parts of a process are contestants of their own; the repeats are picked as the program says', () => {
  const program = parts('tensorflow', { save: { run: 'save' }, load: { run: 'load' } }, { pick: 'best' });
  const found = measurements('tf', program, { replies: [{ seconds: 3, times: [3, 1, 2] }, { unavailable: 'x' }] });
  expect(found).toEqual({ 'tf.save': { seconds: 1, times: [3, 1, 2] }, 'tf.load': { unavailable: 'x' } });
  const all = measurements('tf', program, { unavailable: 'not set up' });
  expect(all).toEqual({ 'tf.save': { unavailable: 'not set up' }, 'tf.load': { unavailable: 'not set up' } });
  const middle = measurements('a', node('x.mjs', {}, { pick: 'median' }), { seconds: 9, times: [9, 1, 2] });
  expect(middle).toMatchObject({ a: { seconds: 2 } });
});

test('blocking time, whole time and memory are told apart', () => {
  const reply = { seconds: 2, blockingSeconds: 0.1, peakRssBytes: 5, bytes: 8, syncs: true };
  expect(costs([{ ours: reply, other: { seconds: 1 } }])).toEqual([{ name: 'ours', ...reply, verifies: undefined }]);
});

interface Row {
  readonly of: string;
  readonly over?: string | string[];
  readonly needs?: string[];
  readonly goal?: unknown;
}

interface Case {
  readonly name: string;
  readonly what: string;
  readonly folder: string;
  readonly seconds: number;
  readonly turn: number;
  readonly quick?: boolean;
  readonly quickTurn?: number;
  readonly places?: string[];
  readonly rows: Row[];
  contestants(context: object): object;
}

test('the cases: rows of contestants that exist, the goals that are asked for, what a turn takes', () => {
  const all = cases as Case[];
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  const context = { directory: '/nowhere', bytes: 2 ** 20, quick: false };
  for (const benchmark of all) {
    const { name, what, folder, seconds, turn, quick = false, rows } = benchmark;
    const types = [what, folder, seconds, turn].map(value => typeof value);
    expect(types, name).toEqual(['string', 'string', 'number', 'number']);
    expect(benchmark.quickTurn !== undefined || !quick, name).toBe(true);
    const programs = Object.keys(benchmark.contestants(context));
    for (const row of rows) {
      for (const needed of [row.of, ...[row.over ?? []].flat(), ...(row.needs ?? [])])
        expect(
          programs.some(program => `${needed}.`.startsWith(`${program}.`)),
          `${name}: ${needed}`,
        ).toBe(true);
    }
  }
  const goals = all.flatMap(({ rows }) => rows).filter(({ goal }) => goal !== undefined);
  expect(goals.length).toBeGreaterThanOrEqual(35);
});

test('amounts: one figure of one contestant', () => {
  const row = amount('open', 'ours', 'ms', ({ seconds }: { seconds: number }) => seconds * 1000, { goal: 5 });
  expect(rowOf(row, [turn(0.004, {})])).toMatchObject({ median: 4, unit: 'ms', verdict: 'reached' });
});
