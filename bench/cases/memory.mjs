/**
 * Memory beyond the tensors, by the kernel's accounting. For a save: the peak of the resident memory (VmHWM, reset just
 * before) minus what was resident before it. For a load: the anonymous memory (RssAnon, read every 2 ms), since mapped
 * pages of the file belong to the page cache.
 */
import { node, ours } from '../harness/program.mjs';
import { amount } from '../harness/rows.mjs';

const FOLDER = 'memory';
const peak = ({ peakRssBytes }) => peakRssBytes / 2 ** 20;
const anonymous = ({ anonymousBytes }) => anonymousBytes / 2 ** 20;

export const memory = {
  name: 'memory',
  what: 'memory beyond the tensors',
  folder: FOLDER,
  turns: 3,
  seconds: 60,
  turn: 7.9,
  prepare: ({ run, directory, bytes }) =>
    run(ours({ run: 'save', directory, layout: { count: 64, bytes }, durable: false })),
  contestants: ({ directory, bytes }) => {
    const request = { run: 'save', directory, layout: { count: 64, bytes }, overwrite: true };
    return {
      save: ours({ ...request, shards: 1 }),
      sharded: ours({ ...request, shards: 8 }),
      load: ours({ run: 'load', directory, layout: { count: 64 } }),
      weights: node('subjects/weights.mjs', { run: 'save', directory, bytes, durable: true }),
    };
  },
  rows: [
    amount('durable save, 1 shard', 'save', 'MiB', peak, { goal: 64 }),
    amount('durable save, 8 shards', 'sharded', 'MiB', peak, { goal: 64 }),
    amount('saveWeights', 'weights', 'MiB', peak, { goal: 64 }),
    amount('verified load (anonymous memory)', 'load', 'MiB', anonymous, { goal: 16 }),
  ],
};
