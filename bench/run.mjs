/**
 * The benchmark: `node bench/run.mjs [options]`, or `npm run bench -- [options]`.
 *
 * Every figure comes from a new process. The processes of a case take turns, and the order is reversed from turn to
 * turn. Only figures of the same turn are compared, since the absolute speed of a shared machine means little. The file
 * of each case says what its ratios compare. Exit code 1 if a current goal is missed, 2 for a wrong option.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { cases } from './cases/all.mjs';
import { describeMachine } from './harness/machine.mjs';
import { readOptions, USAGE } from './harness/options.mjs';
import { compileRaw } from './harness/raw-peer.mjs';
import { printMachine, printRow, printTitle, summarize } from './harness/report.mjs';
import { measure } from './harness/rounds.mjs';
import { evaluate } from './harness/rows.mjs';
import { Workspace } from './harness/workspace.mjs';

async function main() {
  const options = readOptions(process.argv.slice(2), cases);
  if (options.help) return console.log(USAGE(cases));
  const workspace = await Workspace.create(options);
  try {
    const machine = await describeMachine(workspace.directory);
    printMachine(machine, options);
    await compileRaw(workspace);
    const results = [];
    for (const benchmark of options.cases) {
      printTitle(benchmark);
      const started = performance.now();
      const rounds = await measure(benchmark, workspace, options);
      const rows = evaluate(benchmark, rounds, machine);
      for (const row of rows) printRow(row);
      results.push({ case: benchmark.name, seconds: (performance.now() - started) / 1000, rows, rounds });
    }
    await mkdir(dirname(options.json), { recursive: true });
    const { size, pairs } = options;
    await writeFile(options.json, `${JSON.stringify({ machine, sizeMiB: size, pairs, results }, null, 2)}\n`);
    process.exitCode = summarize(results, options.json);
  } finally {
    await rm(workspace.directory, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  if (error.name !== 'UsageError') throw error;
  console.error(`${error.message}\n${USAGE(cases)}`);
  process.exitCode = 2;
}
