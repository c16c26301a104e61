/**
 * Runs the turns of a case. In each turn every contestant runs once; the order is reversed from turn to turn, so that
 * drift cancels.
 */
import { runFresh } from './fresh-process.mjs';

/**
 * Returns one object per turn: for each contestant what its process reported. A case has `contestants(workspace)`,
 * programs by name; `prepare(workspace)`, called once; and `before(workspace, name)`, called outside of the
 * measurement. `turns` limits the number of turns.
 */
export async function measure(benchmark, workspace, options) {
  const contestants = benchmark.contestants(workspace);
  await benchmark.prepare?.(workspace);
  const names = Object.keys(contestants);
  const turns = Math.min(options.pairs, benchmark.turns ?? Number.POSITIVE_INFINITY);
  const rounds = [];
  for (let turn = 0; turn < turns; turn++) {
    const round = {};
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      await benchmark.before?.(workspace, name);
      await workspace.settle();
      if (process.stdout.isTTY) process.stdout.write(`\r  turn ${turn + 1} of ${turns}: ${name}\x1b[K`);
      round[name] = await runFresh(contestants[name], workspace);
    }
    rounds.push(round);
  }
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  await benchmark.after?.(workspace);
  return rounds;
}
