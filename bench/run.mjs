/**
 * The benchmark: `npm run bench -- [options]`, or `node bench/run.mjs [options]` if the peers are set up.
 *
 * Every figure comes from a new process. The processes of a case take turns, and the order is reversed from turn to
 * turn. Only figures of the same turn are compared, since the absolute speed of a shared machine means little. The file
 * of each case says what its ratios compare. Exit code 1 if a goal is missed, 2 for a wrong option, 130 after Ctrl-C.
 */
import { cases } from './cases/all.mjs';
import { Processes } from './harness/fresh-process.mjs';
import { describeMachine, machineLine, peerLines } from './harness/machine.mjs';
import { outputs, RESULTS, readOptions, USAGE } from './harness/options.mjs';
import { PEERS, readPeers } from './harness/peers.mjs';
import { makePlaces } from './harness/place.mjs';
import { newestUnfinished, Results } from './harness/results.mjs';
import { runCases } from './harness/run-cases.mjs';
import { report } from './report/report.mjs';
import { isBad, summaryLines } from './report/table.mjs';

async function main() {
  const options = readOptions(process.argv.slice(2), cases, PEERS);
  if (options.help) return console.log(USAGE(cases, PEERS));
  const peers = await readPeers();
  const processes = new Processes(peers);
  const file = options.resume && !options.jsonGiven ? await newestUnfinished(RESULTS) : options.json;
  const places = await makePlaces(options.directory, options.size * 2 ** 20);
  const cleared = () => {
    processes.end();
    for (const place of Object.values(places)) if (typeof place !== 'string') place.removeNow();
  };
  const interrupted = signal => {
    cleared();
    console.log(`\ninterrupted; the turns so far are kept: npm run bench -- --resume --json=${file}`);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, interrupted);
  try {
    const machine = await describeMachine(places, peers);
    const results = options.resume ? await Results.resume(file, machine) : Results.begin(machine, options);
    for (const line of [machineLine(machine), ...peerLines(machine)]) console.log(line);
    await runCases({ cases, results, places, processes, minutes: options.minutes });
    const written = await report(results, cases, options.resume ? outputs(file) : options);
    for (const line of [...summaryLines(results.data.cases), ...written]) console.log(line);
    process.exitCode = results.data.cases.some(isBad) ? 1 : 0;
  } finally {
    cleared();
  }
}

try {
  await main();
} catch (error) {
  if (error.name !== 'UsageError') throw error;
  console.error(`${error.message}\n${USAGE(cases, PEERS)}`);
  process.exitCode = 2;
}
