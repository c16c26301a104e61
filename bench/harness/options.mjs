/** Command-line options of the benchmark. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const RESULTS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'results');
const SIZE = { full: 1024, quick: 64 };
const PAIRS = { full: 9, quick: 3 };
/** Minutes that the cases share. What comes before and after them has to fit into the hour, too. */
const MINUTES = { full: 56, quick: 2.6 };

export class UsageError extends Error {
  name = 'UsageError';
}

export const USAGE = (cases, peers) => `usage: npm run bench -- [options]
  --quick          a part of the cases, on the disk, with small sizes and ${PAIRS.quick} turns, within 3 minutes
  --only=A,B       only these cases
  --peer=A,B       only these peers beside this library: ${peers.join(', ')}
  --size=MIB       bytes of the tensors in MiB (default ${SIZE.full}, --quick ${SIZE.quick}), in 64 tensors
  --pairs=N        turns of each case, at least (default ${PAIRS.full}, --quick ${PAIRS.quick})
  --minutes=N      the cases share this time, at least a turn each (${MINUTES.full}, --quick ${MINUTES.quick})
  --dir=FOLDER     where files are written (default bench/results/, so the disk of this checkout); made and removed
  --json=FILE      default bench/results/<time>.json; written after each turn
  --plots=FOLDER   where the SVG plots go (default: a folder beside the JSON)
  --markdown=FILE  where the Markdown table goes (default: beside the JSON)
  --resume         goes on with the newest run that was interrupted, or with the one that --json names
  --help
cases:
${cases.map(caseLine).join('\n')}`;

const caseLine = ({ name, what, quick }) => `  ${name.padEnd(20)} ${what}${quick ? '' : ' (not with --quick)'}`;

const FLAGS = { quick: 'boolean', resume: 'boolean', help: 'boolean' };
const VALUES = ['only', 'peer', 'size', 'pairs', 'minutes', 'dir', 'json', 'plots', 'markdown'];

/** `cases` are all cases that exist; `peers` the names of all peers. */
export function readOptions(args, cases, peers) {
  const values = parse(args);
  const quick = values.quick ?? false;
  const kind = quick ? 'quick' : 'full';
  const json = resolve(values.json ?? join(RESULTS, `${new Date().toISOString().replaceAll(':', '-')}.json`));
  return {
    help: values.help ?? false,
    quick,
    resume: values.resume ?? false,
    size: wholeNumber('size', values.size, SIZE[kind]),
    pairs: wholeNumber('pairs', values.pairs, PAIRS[kind]),
    minutes: positive('minutes', values.minutes, MINUTES[kind]),
    only:
      chosen(
        'case',
        values.only,
        cases.map(({ name }) => name),
      ) ?? namesOf(cases, quick),
    peers: chosen('peer', values.peer, peers) ?? peers,
    directory: resolve(values.dir ?? RESULTS),
    json,
    jsonGiven: values.json !== undefined,
    ...outputs(json, values),
  };
}

/** Where the plots and the Markdown go for a JSON file. */
export function outputs(json, { plots, markdown } = {}) {
  const stem = json.replace(/\.json$/, '');
  return { plots: resolve(plots ?? `${stem}-plots`), markdown: resolve(markdown ?? `${stem}.md`) };
}

function parse(args) {
  const strings = VALUES.map(name => [name, { type: 'string' }]);
  const flags = Object.entries(FLAGS).map(([name, type]) => [name, { type, ...(name === 'help' && { short: 'h' }) }]);
  try {
    return parseArgs({ args, options: Object.fromEntries([...strings, ...flags]) }).values;
  } catch (error) {
    throw new UsageError(error.message);
  }
}

const namesOf = (cases, quick) => cases.filter(benchmark => !quick || benchmark.quick).map(({ name }) => name);

function wholeNumber(name, text, fallback) {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--${name} must be a whole number from 1, not '${text}'`);
}

function positive(name, text, fallback) {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`--${name} must be a number above 0, not '${text}'`);
}

function chosen(kind, list, known) {
  if (list === undefined) return undefined;
  const names = list.split(',').filter(Boolean);
  const unknown = names.filter(name => !known.includes(name));
  if (unknown.length > 0) throw new UsageError(`unknown ${kind}: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return names;
}
