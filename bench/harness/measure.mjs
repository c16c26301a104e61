/**
 * Runs the turns of a case. In each turn every contestant runs once, in a new process; the order is reversed from turn
 * to turn, so that drift cancels. After the least number of turns more follow, until the confidence interval of every
 * ratio is within 5 % of its median on each side, or the case has used up its time.
 */
import { measurements } from './program.mjs';
import { evaluate } from './rows.mjs';

export const WANTED = 0.05;
const MOST_TURNS = 41;

/**
 * @param run `{ benchmark, place, size, quick, processes, pairs, peers, turns, onTurn, onStep }`; `size` in MiB;
 *   `turns` are those that an interrupted run has made already. `onTurn(turns)` is called after each.
 * @returns why no more turns were made: 'sure', 'turns', 'time', or 'fixed' (a case with a fixed number)
 */
export async function measure({ benchmark, place, size, quick, processes, pairs, peers, turns, onTurn, onStep }) {
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
  try {
    await place.emptied(benchmark.folder);
    await benchmark.prepare?.(context);
    for (;;) {
      const reason = enough({
        benchmark,
        turns,
        pairs,
        kind: place.kind,
        seconds: (performance.now() - started) / 1000,
      });
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

/** Whether a case has enough turns, and why; undefined if another turn is to be made. */
export function enough({ benchmark, turns, pairs, kind, seconds }) {
  if (turns.length < leastTurns(benchmark, pairs)) return undefined;
  if (benchmark.turns !== undefined) return 'fixed';
  if (pairs < 6) return 'fixed';
  const unsure = evaluate(benchmark, turns, kind).some(row => isRatio(row) && row.uncertainty > WANTED);
  if (!unsure) return 'sure';
  if (turns.length >= MOST_TURNS) return 'turns';
  return seconds >= benchmark.seconds ? 'time' : undefined;
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
