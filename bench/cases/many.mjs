/**
 * Many small tensors (64 bytes each), named as in an object-based checkpoint. For TensorFlow the names are made into a
 * tensor before the measurement. To open means `open` and the list of names here, and `load_checkpoint` and the map of
 * names to shapes in TensorFlow. In a fresh process nothing is warmed up after the import. Otherwise each process first
 * does the same with as many tensors of one value: TensorFlow takes seconds to make the kernel of an operation with
 * 100,000 inputs.
 */
import { ours, oursInParts, parts, peer } from '../harness/program.mjs';
import { amount, speed, time } from '../harness/rows.mjs';
import { middle } from './small.mjs';

const layout = count => ({ count, bytes: 64 * count });
const milliseconds = ({ seconds }) => seconds * 1000;

/** The parts of one process: save, open, restore. */
const requests = (directory, count) => ({
  save: { run: 'save', directory, layout: layout(count), durable: false },
  open: { run: 'open', directory, layout: layout(count) },
  restore: { run: 'load', directory, layout: layout(count) },
});

export const many1000 = {
  name: 'many-1000',
  what: '1,000 tensors of 64 bytes: in a fresh process, and warm',
  how: 'warm: the median of 20 in a process',
  folder: 'many',
  quick: true,
  seconds: 90,
  turn: 11.6,
  quickTurn: 10.9,
  prepare: ({ run, place }) =>
    run(ours({ run: 'save', directory: place.path('many'), layout: layout(1000), durable: false })),
  contestants: ({ directory }) => {
    const opening = { run: 'open', directory, layout: layout(1000) };
    const restoring = { run: 'load', directory, layout: layout(1000) };
    return {
      ours: ours({ ...opening, warm: false }),
      warm: oursInParts({ open: { ...opening, repeats: 20 }, restore: { ...restoring, repeats: 20 } }, middle),
      tensorflow: peer('tensorflow', { ...opening, warm: false }),
      'tensorflow-warm': parts(
        'tensorflow',
        { open: { ...opening, repeats: 20 }, restore: { ...restoring, repeats: 20 } },
        middle,
      ),
    };
  },
  rows: [
    time('open 1,000 / load_checkpoint and its map, fresh process', 'ours', 'tensorflow', { goal: 1.5 }),
    amount('open 1,000, fresh process', 'ours', 'ms', milliseconds),
    amount('open 1,000, warm', 'warm.open', 'ms', milliseconds, { goal: 1 }),
    speed('open 1,000, warm / load_checkpoint and its map', 'warm.open', 'tensorflow-warm.open'),
    speed('open and restore 1,000, warm / RestoreV2', 'warm.restore', 'tensorflow-warm.restore'),
  ],
};

export const many100000 = {
  name: 'many-100000',
  what: '100,000 tensors of 64 bytes: save (not synced), open, restore from open to last value',
  folder: 'many',
  seconds: 150,
  turn: 29,
  before: ({ place }) => place.emptied('many'),
  contestants: ({ directory }) => ({
    ours: oursInParts(requests(directory, 100_000)),
    tensorflow: parts('tensorflow', requests(directory, 100_000)),
  }),
  rows: [
    speed('save 100,000 / SaveV2', 'ours.save', 'tensorflow.save', { goal: 1.5 }),
    speed('open 100,000 and map / load_checkpoint', 'ours.open', 'tensorflow.open', { goal: 1.5 }),
    amount('open 100,000', 'ours.open', 'ms', milliseconds, { goal: 60 }),
    speed('restore 100,000, with open / RestoreV2', 'ours.restore', 'tensorflow.restore', { goal: 1.5 }),
  ],
};
