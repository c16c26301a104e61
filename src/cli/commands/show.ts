/** `tensorbundle show`: prints one tensor, its statistics and its first values. */

import { invalidArgument, TensorBundleError } from '../../errors.js';
import type { Entry } from '../../index.js';
import { EXIT } from '../terminal/failure.js';
import { jsonStatistics } from '../terminal/json-values.js';
import type { Output } from '../terminal/output.js';
import { visible, visibleJson } from '../terminal/printable.js';
import { columns, humanBytes, plural, shapeText } from '../terminal/style.js';
import { digest, type TensorDigest, type TensorSource } from '../terminal/tensor-digest.js';
import { valueLines } from '../terminal/value-text.js';
import { type Arguments, type Command, wholeNumber } from './command.js';
import { openTensors } from './opened-tensors.js';

/** How many elements are shown by default. The number for JSON is documented; the one for text suits a screen. */
const JSON_ELEMENTS = 1000;
const TEXT_ELEMENTS = 100;

/** The largest --limit. More would not fit into memory anyway. */
const MOST_ELEMENTS = 10_000_000;

const SUGGESTIONS = 5;

/** Suggests the names that contain the given text: keys are long, and people type only a part of them. */
function notFound(reader: TensorSource, name: string, path: string): TensorBundleError {
  const wanted = name.toLowerCase();
  const close = reader.names().filter(candidate => candidate.toLowerCase().includes(wanted));
  const some = close.slice(0, SUGGESTIONS).map(candidate => `'${candidate}'`);
  const more = close.length > some.length ? ` and ${close.length - some.length} more` : '';
  const hint =
    some.length > 0 ? `did you mean ${some.join(', ')}${more}?` : `list the names with: tensorbundle ls ${path}`;
  return new TensorBundleError('ERR_NOT_FOUND', `there is no tensor '${name}' in ${reader.prefix}; ${hint}`, {
    path: reader.prefix,
    tensor: name,
  });
}

/** The usual ending of names, which the tree leaves out. */
const VALUE = '/.ATTRIBUTES/VARIABLE_VALUE';

/**
 * The name of the tensor that is meant. It may be given in full; without its usual ending, as the tree and Keras's
 * tools show it; with extra or missing slashes at its ends; as a listing prints it, with codes for characters that are
 * not printed; or as TensorFlow prints variables, NAME:0.
 */
function nameMeant(reader: TensorSource, asked: string, path: string): string {
  const bare = asked.replace(/^\/+|\/+$/g, '');
  const forms = [
    asked,
    `${asked}${VALUE}`,
    bare,
    `${bare}${VALUE}`,
    `/${bare}`,
    `/${bare}${VALUE}`,
    asked.replace(/:0$/, ''),
    asked.replace(/:0$/, VALUE),
  ];
  const found = forms.find(form => form !== '' && reader.has(form));
  if (found !== undefined) return found;
  const wanted = new Set(forms);
  const printed = reader.names().filter(name => wanted.has(visible(name)) || wanted.has(jsonText(name)));
  if (printed.length === 0) throw notFound(reader, asked, path);
  if (printed.length === 1) return printed[0]!;
  throw invalidArgument(
    `${printed.length} names in ${reader.prefix} are printed as '${asked}'; give the one that is meant ` +
      'with its real characters, not with the printed codes',
    { path: reader.prefix, tensor: asked },
  );
}

/** The name as --json prints it between quotes. */
function jsonText(name: string): string {
  return visibleJson(JSON.stringify(name)).slice(1, -1);
}

function number(value: number | bigint | null): string {
  if (value === null) return '-';
  if (Object.is(value, -0)) return '-0';
  return typeof value === 'bigint' ? String(value) : String(Number(value.toPrecision(7)));
}

function describe(name: string, found: TensorDigest, entry: Entry, output: Output): string {
  const { style } = output;
  const rows: [string, string][] = [
    ['name', visible(name)],
    ['dtype', entry.dtype],
    ['shape', shapeText(entry.shape)],
    ['bytes', entry.bytes < 1024 ? String(entry.bytes) : `${entry.bytes} (${humanBytes(entry.bytes)})`],
  ];
  if (entry.slices.length > 0) rows.push(['stored', `in ${plural(entry.slices.length, 'slice')}`]);
  else if (entry.shard !== null) rows.push(['stored', `shard ${entry.shard}, byte ${entry.offset}`]);
  if (entry.crc32c !== null) rows.push(['crc32c', entry.crc32c.toString(16).padStart(8, '0')]);
  if (found.statistics) {
    const { min, max, mean, std, nan, inf } = found.statistics;
    rows.push(['min', number(min)], ['max', number(max)], ['mean', number(mean)], ['std', number(std)]);
    rows.push(['nan', String(nan)], ['inf', String(inf)]);
  }
  const lines = columns(rows.map(([label, value]) => [label, value])).map(
    (line, i) => style.dim(line.slice(0, rows[i]![0].length)) + line.slice(rows[i]![0].length),
  );
  lines.push('', ...valueLines(found.values));
  if (found.omitted > 0) lines.push(style.dim(`… ${plural(found.omitted, 'element')} more`));
  return `${lines.join('\n')}\n`;
}

export const show: Command = {
  name: 'show',
  synopsis: 'PATH NAME [--limit N] [--json]',
  summary: 'one tensor: statistics and values',
  description: `Prints dtype, shape, place, statistics and the first values of one tensor, after checking its
checksum. Minimum, maximum, mean and (population) deviation are those of the finite elements; NaNs and infinities
are counted. A numeric tensor may be larger than memory. PATH may also be a file of Keras, as for \`ls\`. NAME may be
written as \`ls\` prints it: without /.ATTRIBUTES/VARIABLE_VALUE, or with codes such as \\u0000.

In JSON, 64-bit integers are strings; numbers that are not finite are "NaN", "Infinity" and "-Infinity"; complex
numbers are {re, im}; strings are {utf8}, or {base64} if they are not UTF-8; a variant is its stored bytes as
{base64}.`,
  options: {
    limit: { type: 'string', value: 'N', help: `elements to show (${TEXT_ELEMENTS}; with --json ${JSON_ELEMENTS})` },
  },
  examples: [
    ['show model/ckpt-7 save_counter/.ATTRIBUTES/VARIABLE_VALUE', 'a scalar'],
    ["show --json model/ckpt-7 layer/kernel | jq '.stats'", 'statistics for a program'],
  ],
  positionals: [2, 2],
  async run(args: Arguments, output: Output): Promise<number> {
    const [path, asked] = args.positionals as [string, string];
    const limit = wholeNumber(args, 'limit', 0, MOST_ELEMENTS) ?? (args.json ? JSON_ELEMENTS : TEXT_ELEMENTS);
    const reader = await openTensors(path);
    try {
      const name = nameMeant(reader, asked, path);
      const entry = reader.entry(name);
      const found = await digest(reader, name, limit);
      if (args.json) {
        const { dtype, shape, bytes } = entry;
        const stats = found.statistics && jsonStatistics(found.statistics);
        output.json({ name, dtype, shape, bytes, stats, values: found.values });
      } else {
        output.write(describe(name, found, entry, output));
      }
      return EXIT.ok;
    } finally {
      await reader.close();
    }
  },
};
