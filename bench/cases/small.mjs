/**
 * Small models as most users have them: the latency of one save and of one load. Each process saves its trained model
 * again and again over the checkpoint before, and tells the median; so code, caches and names are warm. Rows of the
 * first saves say what they are when V8 has compiled little of the code. `bare` is a C program that makes only the
 * files, renames, removals and syncs of the commit protocol.
 */
import { node, ours, parts } from '../harness/program.mjs';
import { amount, figure, time } from '../harness/rows.mjs';
import { median } from '../harness/statistics.mjs';

export const middle = { pick: 'median' };
const REPEATS = 61;
/** Of these, the first ones that have rows of their own. */
const FIRST = 21;
const milliseconds = ({ seconds }) => seconds * 1000;
const ofFirst = ({ times }) => median(times.slice(0, FIRST));
const firstTime = (title, of, over) =>
  figure(`${title}, first ${FIRST}`, of, [over], 'x time', turn => ofFirst(turn[of]) / ofFirst(turn[over]));
const firstAmount = (title, of) => amount(`${title}, first ${FIRST}`, of, 'ms', one => ofFirst(one) * 1000);

const subject = (by, more) =>
  node('subjects/small-model.mjs', { by, repeats: REPEATS, ...more }, by === 'tfjs' ? { peer: 'tfjs-node' } : {});

/**
 * The bare protocol over files of the sizes that a save has. No state file: over the same checkpoint it stays as it is.
 */
const bare = (directory, sizes) => {
  const request = { run: 'protocol', directory, overwrite: true, repeats: REPEATS, ...sizes };
  return parts('raw', { save: { ...request, durable: false }, synced: { ...request, durable: true } }, middle);
};

const small = ({ model, sizes, rows, ...more }) => ({
  folder: 'small',
  how: `median of ${REPEATS} in each process, each over the one before`,
  quick: true,
  seconds: 60,
  before: ({ place }) => place.emptied('small'),
  contestants: ({ directory }) => ({
    ours: subject('ours', { directory, model }),
    'tfjs-node': subject('tfjs', { directory, model }),
    bare: bare(directory, sizes),
  }),
  rows: [
    time('save, not synced / bare protocol', 'ours.save', 'bare.save'),
    time('save, synced / bare protocol with its syncs', 'ours.synced', 'bare.synced', { goal: 1.3 }),
    ...rows,
    firstTime('save, synced / bare protocol with its syncs', 'ours.synced', 'bare.synced'),
    amount('save, not synced', 'ours.save', 'ms', milliseconds),
    firstAmount('save, not synced', 'ours.save'),
    amount('save, synced', 'ours.synced', 'ms', milliseconds),
    amount('load', 'ours.load', 'ms', milliseconds),
  ],
  ...more,
});

const WITH_OPTIMIZER = [
  time("save with optimizer, not synced / tfjs-node's save with it, not synced", 'ours.save', 'tfjs-node.save', {
    goal: 1,
  }),
  firstTime("save with optimizer, not synced / tfjs-node's save with it, not synced", 'ours.save', 'tfjs-node.save'),
  time('save without optimizer, not synced / the same, not synced', 'ours.plain', 'tfjs-node.plain'),
  time("load with optimizer into a model / tfjs-node's loadLayersModel", 'ours.load', 'tfjs-node.load', { goal: 0.8 }),
  firstTime("load with optimizer into a model / tfjs-node's loadLayersModel", 'ours.load', 'tfjs-node.load'),
];

export const smallNetwork = small({
  name: 'small-network',
  what: 'a trained network of 225,000 parameters with its optimizer, 47 keys, 2.7 MB',
  model: 'network',
  turn: 3.9,
  quickTurn: 4.7,
  sizes: { data: [2_710_000], index: 2_700, state: 0 },
  rows: WITH_OPTIMIZER,
});

export const quickstartNetwork = small({
  name: 'quickstart-network',
  what: "the quickstart's trained network of 57,000 parameters with its optimizer, 47 keys, 0.7 MB",
  model: 'quickstart',
  turn: 3.5,
  sizes: { data: [688_000], index: 2_700, state: 0 },
  quick: false,
  rows: WITH_OPTIMIZER,
});

export const mobileNet = small({
  name: 'mobilenet',
  what: 'MobileNet V1, 137 tensors, 17 MB, without optimizer',
  model: 'mobilenet',
  turn: 6.8,
  quick: false,
  sizes: { data: [17_020_000], index: 9_000, state: 0 },
  rows: [
    time("save, not synced / tfjs-node's save, not synced", 'ours.save', 'tfjs-node.save'),
    time("load into a model / tfjs-node's loadLayersModel", 'ours.load', 'tfjs-node.load'),
  ],
});

export const oneTensor = {
  name: 'one-tensor',
  what: 'one tensor of 8 bytes',
  how: `median of ${REPEATS} in each process, each over the one before`,
  folder: 'small',
  quick: true,
  seconds: 30,
  turn: 0.45,
  quickTurn: 0.75,
  before: ({ place }) => place.emptied('small'),
  contestants: ({ directory }) => {
    const request = {
      run: 'save',
      directory,
      layout: { count: 1, bytes: 8 },
      overwrite: true,
      repeats: REPEATS,
    };
    return {
      ours: ours({ ...request, durable: false }, middle),
      synced: ours({ ...request, durable: true }, middle),
      bare: bare(directory, { data: [8], index: 150, state: 0 }),
    };
  },
  rows: [
    amount('save of 8 bytes, not synced', 'ours', 'ms', milliseconds, { goal: 1 }),
    firstAmount('save of 8 bytes, not synced', 'ours'),
    amount('save of 8 bytes, synced', 'synced', 'ms', milliseconds),
    time('save of 8 bytes, not synced / bare protocol', 'ours', 'bare.save'),
    time('save of 8 bytes, synced / bare protocol with its syncs', 'synced', 'bare.synced', { goal: 1.3 }),
    firstTime('save of 8 bytes, synced / bare protocol with its syncs', 'synced', 'bare.synced'),
  ],
};

export const firstSave = {
  name: 'first-save',
  what: 'the first save in a process, of the network of 225,000 parameters (not synced)',
  folder: 'small',
  seconds: 45,
  turn: 1.9,
  before: ({ place }) => place.emptied('small'),
  contestants: ({ directory }) => ({
    ours: subject('ours', { directory, model: 'network', first: true }),
    'tfjs-node': subject('tfjs', { directory, model: 'network', first: true }),
  }),
  rows: [
    amount('first save', 'ours.save', 'ms', milliseconds),
    time("first save / tfjs-node's first save", 'ours.save', 'tfjs-node.save'),
  ],
};
