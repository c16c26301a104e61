/**
 * Runs the turns of a case. In each turn every contestant runs once, in a new process; the order is reversed from turn
 * to turn, so that drift cancels. After the least number of turns more follow, until the confidence interval of every
 * ratio is within 5 % of its median on each side, or the next turn would not fit into the time that the case has.
 */
import { measurements } from './program.mjs';
import { evaluate } from './rows.mjs';

export const WANTED = 0.05;
const MOST_TURNS = 41;

/**
 * @param run `{ benchmark, place, size, quick, processes, pairs, peers, budget, turns, onTurn, onStep }`; `size` in
 *   MiB; `budget` see Plan; `turns` are those that an interrupted run has made already. `onTurn(turns)` is called
 *   after each.
 * @returns why no more turns were made: 'sure', 'turns', 'time', 'fixed' (a case with a fixed number), or 'plan' (not
 *   even the least number, since the time of the whole run did not allow it)
 */
export async function measure({ benchmark, place, size, quick, processes, pairs, peers, budget, turns, ...hooks }) {
  const { onTurn, onStep } = hooks;
  const context = {
    place,
    quick,
    bytes: roundBytes(size),
    directory: place.path(benchmark.folder),
    run: program => processes.mustRun(program),
    tryToRun: program => processes.run(program),
  };
  const contestants = wanted(benchmark.contestants(context), peers);
  const names = Object.keys(contestants);
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let last = 0;
  try {
    await place.emptied(benchmark.folder);
    await benchmark.prepare?.(context);
    for (;;) {
      const began = seconds();
      const reason = enough({ benchmark, turns, pairs, budget, kind: place.kind, next: began + last });
      if (reason) return reason;
      const turn = {};
      for (const name of turns.length % 2 === 0 ? names : names.toReversed()) {
        onStep?.(name);
        await benchmark.before?.(context, name);
        await place.settle();
        const reply = await processes.run(contestants[name]).catch(failed);
        Object.assign(turn, measurements(name, contestants[name], reply));
      }
      turns.push(turn);
      last = seconds() - began;
      await onTurn(turns);
    }
  } finally {
    await place.emptied(benchmark.folder);
  }
}

/** A contestant that fails does not end the run: its rows say so, and the exit code is 1. */
function failed(error) {
  return { unavailable: `it failed: ${error.message}`, failed: true };
}

/**
 * Whether a case has enough turns, and why; undefined if another turn is to be made. `next`: seconds that the case will
 * have used after it, if it takes as long as the one before. A case that has begun makes one turn in any case.
 */
export function enough({ benchmark, turns, pairs, kind, budget, next }) {
  if (turns.length < leastTurns(benchmark, pairs)) return turns.length > 0 && next > budget.most ? 'plan' : undefined;
  if (benchmark.turns !== undefined) return 'fixed';
  if (pairs < 6) return 'fixed';
  const unsure = evaluate(benchmark, turns, kind).some(row => isRatio(row) && row.uncertainty > WANTED);
  if (!unsure) return 'sure';
  if (turns.length >= MOST_TURNS) return 'turns';
  return next > Math.min(benchmark.seconds, budget.share) ? 'time' : undefined;
}

/** What a case asks for itself counts, unless a shorter run is wanted. */
export function leastTurns({ turns }, pairs) {
  if (turns === undefined) return pairs;
  return pairs < 9 ? Math.min(pairs, turns) : turns;
}

const isRatio = ({ unit, pairs }) => pairs > 0 && unit.startsWith('x');

/** 64 tensors of whole float32 values. */
function roundBytes(size) {
  return Math.max(1, Math.round((size * 2 ** 20) / 64 / 4)) * 4 * 64;
}

/** Without the peers that were not asked for. This library and the raw programs that prepare a case always run. */
function wanted(contestants, peers) {
  return Object.fromEntries(
    Object.entries(contestants).filter(([, { peer }]) => peer === undefined || peers.includes(peer)),
  );
}
