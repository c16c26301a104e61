/**
 * How long the event loop is blocked at most while something large or hostile is read, or the caller's arrays are
 * saved: the longest delay of a timer in a process that does nothing else.
 */
import { node } from '../harness/program.mjs';
import { amount } from '../harness/rows.mjs';

const FOLDER = 'delay';
const SUBJECTS = {
  index: 'open an index of 500,000 tensors, verify it',
  slices: 'one element of a tensor of 20,000 slices',
  state: 'read a state file of 4 MiB',
  csv: 'CSV with a quote that is never closed, 64 MiB',
  rows: 'CSV of 500,000 rows',
  save: 'save of 512 MiB of arrays, durable: false',
};

export const delay = {
  name: 'delay',
  what: 'longest delay of the event loop',
  folder: FOLDER,
  turns: 3,
  seconds: 60,
  turn: 7.6,
  contestants: ({ directory }) =>
    Object.fromEntries(
      Object.keys(SUBJECTS).map(run => [run, node('subjects/delay.mjs', { run, directory, bytes: 512 * 2 ** 20 })]),
    ),
  before: ({ place }) => place.emptied(FOLDER),
  rows: Object.entries(SUBJECTS).map(([of, title]) => amount(title, of, 'ms', ({ delayMs }) => delayMs, { goal: 100 })),
};
