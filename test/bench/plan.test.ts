/** A full run ends within the hour with every case in it, and a quick one within three minutes. */
import { expect, test } from 'vitest';
import { cases } from '../../bench/cases/all.mjs';
import { enough } from '../../bench/harness/measure.mjs';
import { Plan } from '../../bench/harness/plan.mjs';
import { speed } from '../../bench/harness/rows.mjs';
import { tasksOf } from '../../bench/harness/run-cases.mjs';

interface Task {
  readonly benchmark: { readonly name: string; readonly turn: number; readonly quickTurn?: number; turns?: number };
  readonly key: string;
}

const FULL = { minutes: 56, quick: false, pairs: 9 };
const QUICK = { minutes: 2.6, quick: true, pairs: 3 };
const all = cases as { name: string; quick?: boolean }[];

const tasks = (options: { quick: boolean }): Task[] =>
  tasksOf(cases, {
    ...options,
    only: all.filter(({ quick }) => quick || !options.quick).map(({ name }) => name),
  });

/**
 * A run on a machine where each turn takes `slower` times what the cases say, and no ratio is ever sure: the turns of
 * each case, and the minutes of all.
 */
function simulated(options: typeof FULL, slower: (task: Task, i: number) => number) {
  const planned = tasks(options);
  const plan = new Plan(planned, options);
  let elapsed = 0;
  const made = planned.map((task, i) => {
    const budget = plan.budget(i, elapsed);
    const turn = (options.quick ? task.benchmark.quickTurn! : task.benchmark.turn) * slower(task, i);
    const rows = [speed('a / b', 'a', 'b')];
    const turns: object[] = [];
    for (let used = 0; ; used += turn, elapsed += turn) {
      const next = used + (turns.length > 0 ? turn : 0);
      const run = { turns, pairs: options.pairs, kind: 'disk', budget, next };
      const ended = enough({ benchmark: { ...task.benchmark, rows }, ...run });
      if (ended !== undefined) return { key: task.key, turns: turns.length, least: task.benchmark.turns ?? 9, ended };
      turns.push({ a: { seconds: 1 }, b: { seconds: turns.length + 1 } });
    }
  });
  return { made, minutes: elapsed / 60 };
}

test('the least turns of all cases fit with room to spare', () => {
  expect(new Plan(tasks(FULL), FULL).needed / 60).toBeLessThan(50);
  expect(new Plan(tasks(QUICK), QUICK).needed / 60).toBeLessThan(2.5);
});

test('each case makes its least number of turns, also if some take twice as long as they did', () => {
  const usual = simulated(FULL, () => 1);
  expect(usual.minutes).toBeLessThan(56);
  expect(usual.made.filter(({ turns, least }) => turns < least)).toEqual([]);
  expect(usual.made.filter(({ turns, least }) => turns > least).length).toBeGreaterThan(10);
  const uneven = simulated(FULL, ({ key }) => (['background', 'save-durable'].includes(key) ? 1.8 : 1));
  expect(uneven.minutes).toBeLessThan(57);
  expect(uneven.made.filter(({ turns, least }) => turns < least)).toEqual([]);
});

test('on a machine that is half as fast the hour holds, too: turns are fewer, and no case is left out', () => {
  const { made, minutes } = simulated(FULL, () => 2);
  expect(minutes).toBeLessThan(59);
  expect(made.filter(({ turns }) => turns < 1)).toEqual([]);
  expect(made.some(({ ended }) => ended === 'plan')).toBe(true);
});

test('--quick ends within three minutes', () => {
  const { made, minutes } = simulated(QUICK, () => 1);
  expect(minutes).toBeLessThan(2.6);
  expect(made.every(({ turns }) => turns === 3)).toBe(true);
  expect(simulated(QUICK, () => 1.5).minutes).toBeLessThan(3);
});
