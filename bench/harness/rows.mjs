/**
 * The rows of a case: which figure of each turn is looked at, and what its goal is. Only figures of the same turn are
 * compared, since the absolute speed of a shared machine means little.
 *
 * `of` and `over` are names of contestants. `over` may be a list: the one with the smallest median time counts (the
 * best writer, the best reader). A `goal` is a number, or one for each place: `{ disk, tmpfs }`.
 */
import { interval, median, spread, uncertainty } from './statistics.mjs';

/** How many times as fast as `over` `of` is: above 1 is faster. */
export const speed = (title, of, over, more = {}) => ({ title, of, over, unit: 'x', better: 'more', ...more });

/** How many times as long as `over` `of` takes: below 1 is faster. */
export const time = (title, of, over, more = {}) => ({ title, of, over, unit: 'x time', better: 'less', ...more });

/** One figure of one contestant: `value(measurement)`. */
export const amount = (title, of, unit, value, more = {}) => ({ title, of, unit, value, better: 'less', ...more });

/** A figure of several contestants, `of` being the one that is judged: `figure(turn)`. */
export const figure = (title, of, needs, unit, ofTurn, more = {}) => ({
  title,
  of,
  needs,
  unit,
  figure: ofTurn,
  better: 'less',
  ...more,
});

/** The rows of a case as data for the report. `turns`: for each turn the measurements by contestant. */
export function evaluate(benchmark, turns, kind) {
  return benchmark.rows.map(row => evaluateRow(row, turns, kind));
}

function evaluateRow(row, turns, kind) {
  const needs = [row.of, ...(row.needs ?? []), ...[row.over ?? []].flat()];
  const missing = needs.filter(name => !turns.every(turn => available(turn[name])));
  const others = [row.over ?? []].flat().filter(name => !missing.includes(name));
  const goal = typeof row.goal === 'object' ? row.goal[kind] : row.goal;
  const common = { title: row.title, unit: row.unit, better: row.better, goal, note: row.note };
  const lacking = missing.includes(row.of) || (row.over !== undefined ? others.length === 0 : missing.length > 0);
  if (turns.length === 0 || lacking) return { ...common, pairs: 0, verdict: 'not here', ...why(missing, turns) };
  const over = others.toSorted((a, b) => middle(a, turns) - middle(b, turns))[0];
  const values = turns.map(turn => figureOf(row, turn, over));
  const result = spread(values);
  return {
    ...common,
    ...result,
    ...interval(values),
    uncertainty: uncertainty(values),
    pairs: values.length,
    verdict: verdictOf(result.median, goal, row.better),
    sides: [row.of, over].filter(Boolean).map(name => side(name, turns)),
  };
}

const available = measurement => measurement !== undefined && measurement.unavailable === undefined;
const middle = (name, turns) => median(turns.map(turn => turn[name].seconds));

function figureOf(row, turn, over) {
  if (row.figure) return row.figure(turn);
  if (row.value) return row.value(turn[row.of]);
  const [a, b] = [turn[row.of].seconds, turn[over].seconds];
  return row.better === 'more' ? b / a : a / b;
}

function why(missing, turns) {
  for (const name of missing) {
    const found = turns.map(turn => turn[name]).find(reply => reply?.unavailable);
    if (found) return { because: found.unavailable, failed: found.failed };
  }
  return { because: turns.length === 0 ? 'it was not measured' : `${missing.join(', ')} did not run` };
}

function verdictOf(value, goal, better) {
  if (goal === undefined) return 'no goal';
  return (better === 'more' ? value >= goal : value <= goal) ? 'reached' : 'missed';
}

/** What the report says about one contestant of a row. */
function side(name, turns) {
  const first = turns[0][name];
  const seconds = first.seconds === undefined ? undefined : middle(name, turns);
  return {
    name,
    seconds,
    gigabytesPerSecond: first.bytes > 0 && seconds > 0 ? first.bytes / seconds / 1e9 : undefined,
    verifies: first.verifies,
    syncs: first.syncs,
    how: first.how,
  };
}

/** Blocking time, whole time and memory of every contestant of a case, apart from each other: medians. */
export function costs(turns) {
  const names = [...new Set(turns.flatMap(turn => Object.keys(turn)))];
  return names.flatMap(name => {
    const found = turns.map(turn => turn[name]).filter(available);
    if (found.length === 0 || found[0].blockingSeconds === undefined) return [];
    const of = field => {
      const values = found.map(reply => reply[field]).filter(value => value !== undefined && value !== null);
      return values.length > 0 ? median(values) : undefined;
    };
    const [blockingSeconds, seconds, peakRssBytes] = ['blockingSeconds', 'seconds', 'peakRssBytes'].map(of);
    const { verifies, syncs, bytes } = found[0];
    return [{ name, blockingSeconds, seconds, peakRssBytes, verifies, syncs, bytes }];
  });
}
