/** The table in the terminal. */
import { styleText } from 'node:util';
import { duration } from '../harness/progress.mjs';
import { costTexts, endText, rowTexts, turnsText } from './words.mjs';

const COLOURS = { reached: 'green', missed: 'red', 'not here': 'yellow', 'no goal': 'gray' };

/** All lines of one case. */
export function caseLines(record) {
  const { key, what, how, turns, seconds, ended, rows, costs, left } = record;
  if (left) return [`\n${key}: ${what}`, styleText('yellow', `  left out: ${left}`)];
  const end = endText(ended);
  const count = `${turnsText(turns)} in ${duration(seconds)}${end ? ` (${end})` : ''}`;
  return [
    `\n${key}: ${what}`,
    styleText('gray', `  ${[how, count].filter(Boolean).join('; ')}`),
    ...rows.flatMap(rowLines),
    ...costs.map(costLine),
  ];
}

function rowLines(row) {
  if (row.verdict === 'not here') return [`  ${row.title.padEnd(62)} ${colour('not here', row)}: ${row.because}`];
  const { title, amount, interval, spread, goal, verdict, verifies, syncs, sides } = rowTexts(row);
  const first = [
    `  ${title.padEnd(62)}`,
    amount.padStart(13),
    `[${interval}]`.padEnd(20),
    goal.padEnd(8),
    colour(verdict.padEnd(15), row),
    sides,
  ];
  const second = [`all values ${spread}`, `pairs: ${row.pairs}`]
    .concat(Object.entries({ verifies, syncs }).flatMap(([property, names]) => (names ? `${property}: ${names}` : [])))
    .concat(row.note ?? []);
  return [first.join(' '), styleText('gray', `      ${second.join('; ')}`)];
}

function costLine({ name, ...figures }) {
  const { blocks, takes, memory } = costTexts(figures);
  const text = `blocks ${blocks}, takes ${takes}, peak memory beyond the model ${memory}`;
  return styleText('gray', `    ${name.padEnd(28)} ${text}`);
}

const colour = (text, { verdict }) => styleText(COLOURS[verdict], text, { stream: process.stdout });

/** Whether a goal is missed or something failed: the exit code is 1 then. */
export const isBad = ({ rows = [] }) => rows.some(({ verdict, failed }) => verdict === 'missed' || failed);

/** The last lines: how many goals, and which are missed. */
export function summaryLines(records) {
  const rows = records.flatMap(({ key, rows = [] }) => rows.map(row => ({ key, ...row })));
  const judged = rows.filter(({ verdict }) => verdict === 'reached' || verdict === 'missed');
  const missed = judged.filter(({ verdict }) => verdict === 'missed');
  const failed = rows.filter(row => row.failed);
  const left = records.filter(record => record.left);
  return [
    `\n${judged.length - missed.length} of ${judged.length} goals reached`,
    ...missed.map(({ key, ...row }) => {
      const { title, amount, goal } = rowTexts(row);
      return `  missed: ${key}: ${title}, ${amount} (goal ${goal})`;
    }),
    ...failed.map(({ key, title }) => `  failed: ${key}: ${title}`),
    ...left.map(({ key, left: reason }) => `  left out: ${key}: ${reason}`),
  ];
}
