/** Command-line options of the benchmark. */
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const RESULTS = join(dirname(dirname(fileURLToPath(import.meta.url))), 'results');
const DEFAULT_SIZE = 1024;
const DEFAULT_PAIRS = 9;

export class UsageError extends Error {
  name = 'UsageError';
}

export const USAGE = cases => `usage: node bench/run.mjs [options]
  --size=MIB       bytes of the tensors in MiB (default ${DEFAULT_SIZE}), in 64 tensors
  --pairs=N        turns of each case (default ${DEFAULT_PAIRS})
  --only=A,B       only these cases
  --dir=FOLDER     where the files are written (default bench/results/, so the disk of this checkout); made and removed
  --json=FILE      default bench/results/<time>.json
cases:
${cases.map(({ name, what }) => `  ${name.padEnd(16)} ${what}`).join('\n')}`;

export function readOptions(args, cases) {
  let values;
  try {
    ({ values } = parseArgs({
      args,
      options: {
        size: { type: 'string' },
        pairs: { type: 'string' },
        only: { type: 'string' },
        dir: { type: 'string' },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    throw new UsageError(error.message);
  }
  return {
    help: values.help ?? false,
    size: wholeNumber('size', values.size, DEFAULT_SIZE),
    pairs: wholeNumber('pairs', values.pairs, DEFAULT_PAIRS),
    cases: chosen(values.only, cases),
    parent: resolve(values.dir ?? RESULTS),
    json: resolve(values.json ?? join(RESULTS, `${new Date().toISOString().replaceAll(':', '-')}.json`)),
  };
}

function wholeNumber(name, text, fallback) {
  const value = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new UsageError(`--${name} must be a whole number from 1, not '${text}'`);
}

function chosen(only, cases) {
  if (only === undefined) return cases;
  const names = only.split(',').filter(Boolean);
  const unknown = names.filter(name => !cases.some(benchmark => benchmark.name === name));
  if (unknown.length > 0) throw new UsageError(`unknown case: ${unknown.join(', ')}`);
  return cases.filter(({ name }) => names.includes(name));
}
