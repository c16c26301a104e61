/** The same table in Markdown, with the environment, for docs/performance.md. */
import { machineLine, peerLines } from '../harness/machine.mjs';
import {
  amountText,
  bytesText,
  endText,
  goalText,
  intervalText,
  sideText,
  spreadText,
  timeText,
  turnsText,
  verdictText,
  whoText,
} from './words.mjs';

const HEAD = ['figure', 'median', '95 % interval', 'all values', 'pairs', 'goal', '', 'verifies', 'syncs', 'medians'];
const COSTS = ['contestant', 'blocks for', 'takes', 'peak memory beyond the model', 'verifies', 'syncs'];

export function markdown({ machine, options, cases, notes }, plots = []) {
  const { size, pairs, quick } = options;
  return `${[
    `${machineLine(machine)}.`,
    peerLines(machine).join('; '),
    `${size} MiB of float32 in 64 tensors unless a case says otherwise; at least ${pairs} turns, each process fresh` +
      `${quick ? '; a quick run: the goals are meant for a full one' : ''}. An interval holds the true median with ` +
      '95 %; with fewer than 6 pairs it is all values, and the share says how sure it is.',
    ...cases.map(section),
    ...notes.map(note => `- ${note}`),
    ...plots.map(({ title, path }) => `![${title}](${path})`),
  ].join('\n\n')}\n`;
}

function section({ key, what, how, turns, ended, rows, costs, left }) {
  const title = `### ${key}: ${what}`;
  if (left) return `${title}\n\nLeft out: ${left}.`;
  const end = endText(ended);
  const text = [how, `${turnsText(turns)}${end ? ` (${end})` : ''}`].filter(Boolean).join('; ');
  const parts = [title, `${text}.`, table(HEAD, rows.map(cells))];
  if (costs.length > 0) parts.push(table(COSTS, costs.map(costCells)));
  return parts.join('\n\n');
}

function cells(row) {
  if (row.verdict === 'not here') return [row.title, `not here: ${row.because}`, ...Array(HEAD.length - 2).fill('')];
  return [
    row.note ? `${row.title} (${row.note})` : row.title,
    amountText(row),
    intervalText(row),
    spreadText(row),
    String(row.pairs),
    goalText(row),
    verdictText(row),
    whoText(row.sides, 'verifies'),
    whoText(row.sides, 'syncs'),
    row.sides.map(sideText).join(', '),
  ];
}

function costCells({ name, blockingSeconds, seconds, peakRssBytes, verifies, syncs }) {
  const [checks, synced] = [verifies, syncs].map(value => (value === undefined ? '' : value ? 'yes' : 'no'));
  return [name, timeText(blockingSeconds), timeText(seconds), bytesText(peakRssBytes), checks, synced];
}

function table(head, rows) {
  const line = values => `| ${values.map(value => value.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
