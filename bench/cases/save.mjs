/**
 * Saves tensors from memory into an empty folder. Compared are our `add` and `finish` (with the index and, if durable,
 * all syncs); TensorFlow's SaveV2 in one eager call, the best of three (then fdatasync of each file and fsync of the
 * folder); and a raw writer of files of the same sizes, without checksum, index or rename.
 */
import { node, python, raw } from '../harness/fresh-process.mjs';

const FOLDER = 'save';

const saving = ({ name, what, how, durable, shards, files, rows }) => ({
  name,
  what,
  how,
  contestants: workspace => ({
    ours: node('subjects/save.mjs', { directory: workspace.path(FOLDER), bytes: workspace.bytes, durable, shards }),
    tensorflow: python('peers/python_saver.py', {
      run: 'save',
      directory: workspace.path(FOLDER),
      bytes: workspace.bytes,
      durable,
    }),
    raw: raw('write', workspace.path(FOLDER), workspace.bytes, files, durable ? 1 : 0),
  }),
  before: workspace => workspace.emptied(FOLDER),
  after: workspace => workspace.emptied(FOLDER),
  rows,
});

export const saveDurable = saving({
  name: 'save-durable',
  what: 'durable save, one data file',
  how: 'raw: fallocate, pwrite of 1 MiB, sync_file_range each 8 MiB, fdatasync, fsync of the folder',
  durable: true,
  shards: 1,
  files: 1,
  rows: [
    { title: 'durable save / SaveV2 + fdatasync', of: 'ours', over: 'tensorflow', goal: 1.5, later: 2 },
    {
      title: 'durable save / best raw durable write of the same files',
      of: 'ours',
      over: 'raw',
      goal: 0.8,
      later: 0.9,
    },
  ],
});

export const saveDurableAuto = saving({
  name: 'save-durable-auto',
  what: "durable save, `shards: 'auto'` (two data files on two cores)",
  durable: true,
  shards: 'auto',
  files: 2,
  rows: [
    { title: 'durable save in 2 shards / SaveV2 + fdatasync', of: 'ours', over: 'tensorflow' },
    { title: 'durable save in 2 shards / raw durable write of 2 files', of: 'ours', over: 'raw' },
  ],
});

export const save = saving({
  name: 'save',
  what: 'save without waiting for the disk, one data file',
  how: 'raw: fallocate, pwrite of 1 MiB',
  durable: false,
  shards: 1,
  files: 1,
  rows: [
    { title: 'save / SaveV2', of: 'ours', over: 'tensorflow', later: 2.5 },
    { title: 'save / raw write of the same file', of: 'ours', over: 'raw', later: 0.95 },
  ],
});
