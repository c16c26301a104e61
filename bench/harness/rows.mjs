/**
 * Turns measurements into rows. A row of a case is either a ratio, `{ title, of, over }`: how many times as fast as
 * `over` `of` is in the same turn (above 1 is faster), or an amount, `{ title, of, value, unit }`. `goal` must be
 * reached now; `later` is the goal of a later issue. `least` says whether a larger figure is better.
 */
import { spread } from './statistics.mjs';

export function evaluate(benchmark, rounds, machine) {
  return benchmark.rows.map(row => {
    const ratio = row.over !== undefined;
    const values = rounds.map(round =>
      ratio ? round[row.over].seconds / round[row.of].seconds : row.value(round[row.of]),
    );
    const result = spread(values);
    const least = row.least ?? ratio;
    // The goals are for a disk; memory-backed file systems have other goals.
    const { goal, later } = machine.memoryBacked && row.tmpfs ? { later: row.tmpfs.later } : row;
    const reached = wanted => wanted === undefined || (least ? result.median >= wanted : result.median <= wanted);
    return {
      title: row.title,
      unit: ratio ? 'x' : row.unit,
      ...result,
      least,
      goal,
      later,
      verdict: verdictOf(goal, later, reached),
      details: ratio ? [detail(row.of, rounds), detail(row.over, rounds)] : [],
    };
  });
}

function verdictOf(goal, later, reached) {
  if (goal === undefined && later === undefined) return 'info';
  if (!reached(goal)) return 'missed';
  if (later === undefined) return 'ok';
  if (reached(later)) return 'ok';
  return goal === undefined ? 'not yet' : 'ok for now';
}

/** Median speed of a contestant: in GB/s if it reported bytes, otherwise its time. */
function detail(name, rounds) {
  const { median: seconds } = spread(rounds.map(round => round[name].seconds));
  const { bytes } = rounds[0][name];
  return { name, seconds, gigabytesPerSecond: bytes === undefined ? undefined : bytes / seconds / 1e9 };
}
