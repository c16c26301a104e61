/** The table in the terminal. */
import { styleText } from 'node:util';
import { duration } from '../harness/progress.mjs';
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
  const first = [
    `  ${row.title.padEnd(62)}`,
    amountText(row).padStart(13),
    `[${intervalText(row)}]`.padEnd(20),
    goalText(row).padEnd(8),
    colour(verdictText(row).padEnd(15), row),
    row.sides.map(sideText).join(', '),
  ];
  const properties = ['verifies', 'syncs'].map(property => [property, whoText(row.sides, property)]);
  const second = [`all values ${spreadText(row)}`, `pairs: ${row.pairs}`]
    .concat(properties.filter(([, names]) => names).map(([property, names]) => `${property}: ${names}`))
    .concat(row.note ?? []);
  return [first.join(' '), styleText('gray', `      ${second.join('; ')}`)];
}

function costLine({ name, blockingSeconds, seconds, peakRssBytes }) {
  const figures = [
    `blocks ${timeText(blockingSeconds)}`,
    `takes ${timeText(seconds)}`,
    `peak memory beyond the model ${bytesText(peakRssBytes)}`,
  ];
  return styleText('gray', `    ${name.padEnd(28)} ${figures.join(', ')}`);
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
    ...missed.map(({ key, ...row }) => `  missed: ${key}: ${row.title}, ${amountText(row)} (goal ${goalText(row)})`),
    ...failed.map(({ key, title }) => `  failed: ${key}: ${title}`),
    ...left.map(({ key, left: reason }) => `  left out: ${key}: ${reason}`),
  ];
}
