/** One tensor of 200,000 strings of 32 bytes: saved (not synced) and loaded. */
import { oursInParts, parts } from '../harness/program.mjs';
import { speed } from '../harness/rows.mjs';

const requests = directory => {
  const layout = { strings: 200_000, length: 32 };
  return {
    save: { run: 'save', directory, layout, durable: false, repeats: 3 },
    load: { run: 'load', directory, layout, repeats: 3 },
  };
};

export const strings = {
  name: 'strings',
  what: 'one tensor of 200,000 strings of 32 bytes',
  how: 'the best of 3 in each process',
  folder: 'strings',
  seconds: 60,
  turn: 5.9,
  before: ({ place }) => place.emptied('strings'),
  contestants: ({ directory }) => ({
    ours: oursInParts(requests(directory), { pick: 'best' }),
    tensorflow: parts('tensorflow', requests(directory), { pick: 'best' }),
  }),
  rows: [
    speed('save of strings / SaveV2', 'ours.save', 'tensorflow.save'),
    speed('load of strings / RestoreV2', 'ours.load', 'tensorflow.load'),
  ],
};
