/** Prints the results as a table. */
import { styleText } from 'node:util';

const COLOURS = { ok: 'green', 'ok for now': 'green', 'not yet': 'yellow', missed: 'red', info: 'gray' };

export function printMachine(machine, { size, pairs }) {
  console.log(
    `tensorbundle ${machine.tensorbundle}, Node ${machine.node}, ${machine.processor}, ${machine.cores} cores, ` +
      `${machine.memoryGiB} GiB, ${machine.fileSystem}, Linux ${machine.kernel}, load ${machine.load[0]}`,
  );
  console.log(
    `${size} MiB of float32 in 64 tensors; ${pairs} turns, each process fresh; ratio = speed, median [min..max]`,
  );
}

export function printTitle({ name, what, how }) {
  console.log(`\n${name}: ${what}`);
  if (how) console.log(styleText('gray', `  ${how}`));
}

export function printRow(row) {
  const figure = `${number(row.median)} ${row.unit}`.padStart(12);
  const range = `[${number(row.min)}..${number(row.max)}]`.padEnd(18);
  const details = row.details.map(speed).join(' / ');
  console.log(
    `  ${row.title.padEnd(58)} ${figure} ${range} ${goals(row).padEnd(24)} ${verdict(row.verdict)}  ${details}`,
  );
}

/** Returns the exit code: 1 if a current goal is missed. */
export function summarize(results, json) {
  const missed = results.flatMap(({ case: name, rows }) =>
    rows.filter(row => row.verdict === 'missed').map(row => `${name}: ${row.title}`),
  );
  console.log(`\nJSON: ${json}`);
  if (missed.length === 0) return 0;
  console.log(`${missed.length} goal(s) missed:\n${missed.map(line => `  ${line}`).join('\n')}`);
  return 1;
}

function goals({ goal, later, least }) {
  const sign = least ? '>=' : '<=';
  return [goal === undefined ? '' : `${sign} ${goal}`, later === undefined ? '' : `later ${sign} ${later}`]
    .filter(Boolean)
    .join(', ');
}

function verdict(text) {
  return styleText(COLOURS[text], text.padEnd(10), { stream: process.stdout });
}

function speed({ name, seconds, gigabytesPerSecond }) {
  if (gigabytesPerSecond !== undefined) return `${name} ${number(gigabytesPerSecond)} GB/s`;
  return `${name} ${number(seconds * 1000)} ms`;
}

function number(value) {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
