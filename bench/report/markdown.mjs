/** The same table in Markdown, with the environment, for docs/performance.md. */
import { machineLine, peerLines } from '../harness/machine.mjs';
import { costTexts, endText, rowTexts, turnsText } from './words.mjs';

const GOALS = ['case', 'figure', 'median', '95 % interval', 'goal', 'reached'];
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
    table(
      GOALS,
      cases.flatMap(({ key, rows = [] }) =>
        rows.filter(({ goal }) => goal !== undefined).map(row => goalCells(key, row)),
      ),
    ),
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

function goalCells(key, row) {
  if (row.verdict === 'not here') return [key, row.title, 'not here', '', '', ''];
  const { title, amount, interval, goal, verdict } = rowTexts(row);
  return [key, title, amount, interval, goal, verdict.replace('reached', 'yes').replace('missed', 'no')];
}

function cells(row) {
  if (row.verdict === 'not here') return [row.title, `not here: ${row.because}`, ...Array(HEAD.length - 2).fill('')];
  const { title, amount, interval, spread, goal, verdict, verifies, syncs, sides } = rowTexts(row);
  const name = row.note ? `${title} (${row.note})` : title;
  return [name, amount, interval, spread, String(row.pairs), goal, verdict, verifies, syncs, sides];
}

function costCells({ name, verifies, syncs, ...figures }) {
  const { blocks, takes, memory } = costTexts(figures);
  const [checks, synced] = [verifies, syncs].map(value => (value === undefined ? '' : value ? 'yes' : 'no'));
  return [name, blocks, takes, memory, checks, synced];
}

function table(head, rows) {
  const line = values => `| ${values.map(value => value.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
