/**
 * A background save of a tfjs-node model. `training`: a network is trained; each step also replaces 8 of the variables
 * that are saved (256 variables, --size in all, synced). The same number of steps is done once beside a save and once
 * without, in the same process. `idle`: the process only has a timer, so the delay of the event loop is the save's own.
 * `thousand`: the same with 1,000 variables of 64 MiB in all.
 */
import { node } from '../harness/program.mjs';
import { amount } from '../harness/rows.mjs';

const FOLDER = 'background';
const subject = request => node('subjects/background.mjs', request);

export const background = {
  name: 'background',
  what: 'training beside a background save',
  folder: FOLDER,
  quick: true,
  turns: 9,
  seconds: 150,
  turn: 35,
  quickTurn: 9.5,
  before: ({ place }) => place.emptied(FOLDER),
  contestants: ({ directory, bytes }) => ({
    training: subject({ mode: 'training', directory, bytes, variables: 256 }),
    idle: subject({ mode: 'idle', directory, bytes, variables: 256 }),
    thousand: subject({ mode: 'idle', directory, bytes: 64 * 2 ** 20, variables: 1000 }),
  }),
  rows: [
    amount('slow-down of the training by one save a minute', 'training', '%', ({ slowDown }) => slowDown * 100, {
      goal: 3,
    }),
    amount('time that training lost by one save', 'training', 'ms', ({ lostSeconds }) => lostSeconds * 1000),
    amount('the call returns after, 256 variables', 'idle', 'ms', blocked, { goal: 5 }),
    amount('the call returns after, 1,000 variables', 'thousand', 'ms', blocked, { goal: 5 }),
    amount('added p99 delay of the event loop, 256 variables', 'idle', 'ms', added, { goal: 5 }),
    amount('added p99 delay of the event loop, 1,000 variables', 'thousand', 'ms', added, { goal: 5 }),
    amount('longest delay of the event loop, 256 variables', 'idle', 'ms', ({ longestMs }) => longestMs),
    amount('longest delay of the event loop, 1,000 variables', 'thousand', 'ms', ({ longestMs }) => longestMs),
    amount('peak memory beyond the model', 'training', 'MiB', ({ peakRssBytes }) => peakRssBytes / 2 ** 20, {
      note: 'with one copy of what training replaced, and the training itself',
    }),
    amount('until the save is on the disk', 'idle', 'ms', ({ seconds }) => seconds * 1000),
  ],
};

function blocked({ blockingSeconds }) {
  return blockingSeconds * 1000;
}

function added({ addedMs }) {
  return addedMs;
}
