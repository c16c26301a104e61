/**
 * Memory beyond the tensors. For a save: the peak of the resident memory (VmHWM, reset just before) minus what was
 * resident before it. For a load: the anonymous memory (RssAnon, read every 2 ms), since mapped pages of the file
 * belong to the page cache.
 */
import { node } from '../harness/fresh-process.mjs';

const MIB = 2 ** 20;
const extra = ({ extraBytes }) => extraBytes / MIB;

export const memory = {
  name: 'memory',
  what: 'memory beyond the tensors',
  turns: 3,
  contestants: workspace => {
    const common = { directory: workspace.path('memory'), bytes: workspace.bytes };
    return {
      save: node('subjects/memory.mjs', { ...common, run: 'save', shards: 1 }),
      sharded: node('subjects/memory.mjs', { ...common, run: 'save', shards: 8 }),
      load: node('subjects/memory.mjs', { ...common, run: 'load' }),
      weights: node('subjects/weights.mjs', { ...common, run: 'save', durable: true }),
    };
  },
  before: (workspace, name) => (name === 'load' ? undefined : workspace.emptied('memory')),
  prepare: workspace => workspace.emptied('memory'),
  after: workspace => workspace.emptied('memory'),
  rows: [
    { title: 'durable save, 1 shard', of: 'save', value: extra, unit: 'MiB', goal: 64 },
    { title: 'durable save, 8 shards', of: 'sharded', value: extra, unit: 'MiB', goal: 64 },
    { title: 'saveWeights', of: 'weights', value: extra, unit: 'MiB', goal: 64 },
    { title: 'verified load (anonymous memory)', of: 'load', value: extra, unit: 'MiB', later: 16 },
  ],
};
