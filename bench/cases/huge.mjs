/** One tensor of 5 GiB, and a tfjs-node model of 6 GB. Few turns, because each takes long. Both need much memory. */
import { availableBytes } from '../harness/machine.mjs';
import { node, oursInParts, parts, peer } from '../harness/program.mjs';
import { amount, speed } from '../harness/rows.mjs';

const HUGE = 5 * 2 ** 30;
const MODEL = 6e9;
const FOLDER = 'huge';
const GIB = 2 ** 30;

const fits = (bytes, program) =>
  availableBytes() > bytes
    ? program
    : { ...program, kind: 'none', reason: `it needs ${Math.round(bytes / GIB)} GiB of free memory` };

const requests = directory => {
  const layout = { count: 1, bytes: HUGE };
  return {
    save: { run: 'save', directory, layout, durable: false },
    load: { run: 'load', directory, layout, mode: 'copied' },
  };
};

export const hugeTensor = {
  name: 'huge-tensor',
  what: 'one tensor of 5 GiB',
  how: 'ours: copy: true, because an external array of Node 20 ends at 4 GiB',
  folder: FOLDER,
  apart: true,
  turns: 3,
  seconds: 150,
  turn: 68,
  before: ({ place }) => place.emptied(FOLDER),
  contestants: ({ directory }) => ({
    ours: fits(2.2 * HUGE, oursInParts(requests(directory))),
    tensorflow: fits(3.2 * HUGE, parts('tensorflow', requests(directory))),
    raw: fits(
      HUGE * 1.2,
      peer('raw', { run: 'write', directory, bytes: HUGE, files: 1, durable: false, method: 'plain' }),
    ),
  }),
  rows: [
    speed('save of one tensor of 5 GiB, not synced / SaveV2', 'ours.save', 'tensorflow.save'),
    speed('save of one tensor of 5 GiB, not synced / raw write', 'ours.save', 'raw'),
    speed('verified load of one tensor of 5 GiB / RestoreV2', 'ours.load', 'tensorflow.load'),
  ],
};

export const sixGigabytes = {
  name: 'six-gigabytes',
  what: "a tfjs-node model of 6 GB, saved and loaded in one process; tfjs-node's own save fails above 4 GiB",
  folder: FOLDER,
  apart: true,
  turns: 1,
  seconds: 60,
  turn: 43,
  contestants: ({ directory }) => ({
    ours: fits(
      2.4 * MODEL,
      node('subjects/weights.mjs', { run: 'save-and-load', directory, bytes: MODEL, durable: true }),
    ),
  }),
  rows: [
    amount('a model of 6 GB is saved and loaded (GB)', 'ours.load', 'GB', ({ bytes }) => bytes / 1e9, {
      better: 'more',
      goal: 6,
    }),
    amount('its save, synced', 'ours.save', 's', ({ seconds }) => seconds),
    amount('its load', 'ours.load', 's', ({ seconds }) => seconds),
  ],
};
