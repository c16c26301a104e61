/**
 * Saves tensors from memory into an empty folder. Compared are our `add` and `finish` (with the index and, if durable,
 * all syncs); TensorFlow's SaveV2 in one eager call, the best of three (then fdatasync of each file and fsync of the
 * folder), because its first large call in a process is two to three times slower; and raw writers of files of the same
 * sizes, without checksum, index or rename. Ours is always the first call of its process.
 */
import { ours, peer } from '../harness/program.mjs';
import { figure, speed } from '../harness/rows.mjs';

const COUNT = 64;
export const best = { pick: 'best' };

const saving = ({ durable, shards, files, methods, besideTensorFlow = true, ...more }) => ({
  folder: 'save',
  apart: true,
  contestants: ({ directory, bytes }) => ({
    ours: ours({ run: 'save', directory, layout: { count: COUNT, bytes }, durable, shards }),
    ...(besideTensorFlow && {
      tensorflow: peer(
        'tensorflow',
        { run: 'save', variant: 'ops', directory, layout: { count: COUNT, bytes }, durable, repeats: 3 },
        best,
      ),
    }),
    ...Object.fromEntries(
      methods.map(method => [`raw-${method}`, peer('raw', { run: 'write', directory, bytes, files, durable, method })]),
    ),
  }),
  before: ({ place }) => place.emptied('save'),
  ...more,
});

export const saveDurable = saving({
  name: 'save-durable',
  what: 'durable save, one data file',
  how: 'raw: ranges = pwrite and sync_file_range each 8 MiB; direct = O_DIRECT; plain = pwrite; each with fdatasync',
  durable: true,
  shards: 1,
  files: 1,
  methods: ['ranges', 'direct', 'plain'],
  quick: true,
  seconds: 150,
  turn: 14,
  quickTurn: 4.3,
  rows: [
    speed('durable save / SaveV2 + fdatasync', 'ours', 'tensorflow', { goal: 2 }),
    speed('durable save / best raw durable writer', 'ours', ['raw-ranges', 'raw-direct', 'raw-plain'], { goal: 0.9 }),
  ],
});

export const saveDurableAuto = saving({
  name: 'save-durable-auto',
  what: "durable save, `shards: 'auto'` (two data files on two cores)",
  durable: true,
  shards: 'auto',
  files: 2,
  methods: ['ranges'],
  besideTensorFlow: false,
  seconds: 50,
  turn: 2.9,
  rows: [speed('durable save in 2 shards / raw durable write of 2 files', 'ours', 'raw-ranges')],
});

const AS_MUCH = 0.95;

export const save = saving({
  name: 'save',
  what: 'save without waiting for the disk, one data file',
  how: 'raw: fallocate and pwrite of 1 MiB',
  durable: false,
  shards: 1,
  files: 1,
  methods: ['plain'],
  places: ['disk', 'tmpfs'],
  quick: true,
  seconds: 120,
  turn: 8.8,
  quickTurn: 3.7,
  rows: [
    speed('save / raw pwrite of the same layout', 'ours', 'raw-plain', { goal: AS_MUCH }),
    speed('save / SaveV2', 'ours', 'tensorflow', { note: 'its goal is the next row' }),
    figure(
      'the same, as a part of raw pwrite / SaveV2',
      'ours',
      ['tensorflow', 'raw-plain'],
      'x',
      turn => turn.tensorflow.seconds / turn.ours.seconds / (turn.tensorflow.seconds / turn['raw-plain'].seconds),
      { better: 'more', goal: AS_MUCH, note: 'as much faster than SaveV2 as the raw write is' },
    ),
  ],
});
