/**
 * Loading every tensor of a checkpoint. `views` opens the checkpoint, checks every CRC32C and makes a Float32Array over
 * the mapped file for each tensor: the pages are in the page cache but not yet mapped into the process. `touched` then
 * reads one value of every page. `copied` makes arrays with their own memory. RestoreV2 is one eager call for all
 * tensors: open, check, copy. `raw` reads the file by pread into 256 KiB buffers on all cores and XORs the words, so
 * that each byte is looked at.
 *
 * How a file was written decides how large its page-cache folios are, and so how fast it is mapped and read. Therefore
 * each case names the writer: ours writes chunks of 256 KiB.
 */
import { node, python, raw, runFresh } from '../harness/fresh-process.mjs';

const FOLDER = 'load';

const writers = {
  ours: workspace =>
    node('subjects/save.mjs', { directory: workspace.path(FOLDER), bytes: workspace.bytes, durable: true, shards: 1 }),
  tensorflow: workspace =>
    python('peers/python_saver.py', {
      run: 'save',
      directory: workspace.path(FOLDER),
      bytes: workspace.bytes,
      durable: true,
    }),
};

const loading = ({ name, what, writer, cold = false, modes, rows }) => ({
  name,
  what,
  how: [
    `file written by ${writer === 'ours' ? 'tensorbundle (chunks of 256 KiB)' : 'TensorFlow SaveV2'}`,
    `${cold ? 'not in' : 'in'} the page cache`,
  ].join('; '),
  prepare: async workspace => {
    await workspace.emptied(FOLDER);
    await runFresh(writers[writer](workspace), workspace);
  },
  contestants: workspace => ({
    ...Object.fromEntries(
      modes.map(mode => [mode, node('subjects/load.mjs', { directory: workspace.path(FOLDER), mode })]),
    ),
    tensorflow: python('peers/python_saver.py', { run: 'restore', directory: workspace.path(FOLDER) }),
    raw: raw('read', workspace.path(FOLDER)),
  }),
  // Reads the file once, since the kernel may have dropped a part of it from the cache meanwhile.
  before: async workspace => {
    await workspace.settle();
    await runFresh(raw(cold ? 'evict' : 'read', workspace.path(FOLDER)), workspace);
  },
  after: workspace => workspace.emptied(FOLDER),
  rows,
});

export const load = loading({
  name: 'load',
  what: 'verified load of all tensors, warm',
  writer: 'ours',
  modes: ['views', 'touched', 'copied'],
  rows: [
    {
      title: 'verified load (views) / RestoreV2',
      of: 'views',
      over: 'tensorflow',
      goal: 3,
      later: 6,
      tmpfs: { later: 2 },
    },
    { title: 'verified load, every page touched / RestoreV2', of: 'touched', over: 'tensorflow' },
    { title: 'verified load (copy: true) / RestoreV2', of: 'copied', over: 'tensorflow' },
    { title: 'verified load (views) / raw read at memory speed', of: 'views', over: 'raw', later: 0.85, tmpfs: {} },
  ],
});

export const loadTensorFlowFile = loading({
  name: 'load-tf-file',
  what: "the same, of TensorFlow's own file",
  writer: 'tensorflow',
  modes: ['views', 'touched'],
  rows: [
    { title: 'verified load (views) / RestoreV2', of: 'views', over: 'tensorflow' },
    { title: 'verified load, every page touched / RestoreV2', of: 'touched', over: 'tensorflow' },
    { title: 'verified load (views) / raw read at memory speed', of: 'views', over: 'raw' },
  ],
});

export const loadCold = loading({
  name: 'load-cold',
  what: 'verified load of all tensors, cold (the cache is emptied of the files by posix_fadvise)',
  writer: 'ours',
  cold: true,
  modes: ['views'],
  rows: [
    { title: 'verified cold load (views) / RestoreV2', of: 'views', over: 'tensorflow' },
    { title: 'verified cold load (views) / raw read', of: 'views', over: 'raw', later: 0.9, tmpfs: {} },
  ],
});
