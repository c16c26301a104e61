/**
 * Many small tensors (64 bytes each), named as in an object-based checkpoint. For TensorFlow the names are made into a
 * tensor before the measurement. To open means `open` and the list of names here, and `load_checkpoint` and the map of
 * names to shapes in TensorFlow. Each fresh process first does the same with as many tensors of one value: TensorFlow
 * takes seconds to make the kernel of an operation with 100,000 inputs, and then a tenth of a second to run it.
 */
import { node, python, runFresh } from '../harness/fresh-process.mjs';

const FOLDER = 'many';

const subject = (workspace, run, count) => node('subjects/many.mjs', { run, directory: workspace.path(FOLDER), count });
const peer = (workspace, run, count) =>
  python('peers/python_saver.py', { run, directory: workspace.path(FOLDER), count });

const reading = ({ name, what, run, peerRun, count, rows }) => ({
  name,
  what,
  prepare: async workspace => {
    await workspace.emptied(FOLDER);
    await runFresh(subject(workspace, 'save', count), workspace);
  },
  contestants: workspace => ({ ours: subject(workspace, run, count), tensorflow: peer(workspace, peerRun, count) }),
  after: workspace => workspace.emptied(FOLDER),
  rows,
});

const opening = (name, count, most) =>
  reading({
    name,
    what: `open ${count.toLocaleString('en')} tensors and list their names`,
    run: 'open',
    peerRun: 'open-many',
    count,
    rows: [
      { title: 'open', of: 'ours', value: ({ seconds }) => seconds * 1000, unit: 'ms', later: most },
      {
        title: 'open / load_checkpoint and its map',
        of: 'ours',
        over: 'tensorflow',
        later: count > 1000 ? 1.5 : undefined,
      },
    ],
  });

export const open1000 = opening('open-1000', 1000, 1);
export const open100000 = opening('open-100000', 100_000, 60);

export const restore100000 = reading({
  name: 'restore-100000',
  what: 'read 100,000 tensors, verified, from open to last value',
  run: 'restore',
  peerRun: 'restore-many',
  count: 100_000,
  rows: [{ title: 'open and read all / RestoreV2', of: 'ours', over: 'tensorflow', later: 1.5 }],
});

export const save100000 = {
  name: 'save-100000',
  what: 'save 100,000 tensors (durable: false)',
  contestants: workspace => ({
    ours: subject(workspace, 'save', 100_000),
    tensorflow: peer(workspace, 'save-many', 100_000),
  }),
  before: workspace => workspace.emptied(FOLDER),
  after: workspace => workspace.emptied(FOLDER),
  rows: [{ title: 'add and finish / SaveV2', of: 'ours', over: 'tensorflow', later: 1.5 }],
};
