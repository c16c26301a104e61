/**
 * Loading every tensor of a checkpoint. `views` opens the checkpoint, checks every CRC32C and makes a Float32Array over
 * the mapped file for each tensor: the pages are in the page cache but not yet mapped into the process. `touched` then
 * reads one value of every page. `copied` makes arrays with their own memory. RestoreV2 is one eager call for all
 * tensors: open, check, copy. Each process does it three times, and frees what it has loaded in between. Compared are
 * the best of three of both sides, and the first calls of both, in memory that the process has not used before. Raw
 * readers read the file into 256 KiB buffers on all cores: `raw-pread` XORs the words, so that each byte is looked at;
 * `raw-crc` computes CRC32C, at memory speed.
 *
 * How a file was written decides how large its page-cache folios are, and so how fast it is mapped and read. Therefore
 * each case names the writer: ours writes chunks of 256 KiB.
 */
import { ours, peer } from '../harness/program.mjs';
import { figure, speed } from '../harness/rows.mjs';
import { best } from './save.mjs';

const REPEATS = 3;
const firstOf = ({ times }) => times[0];
const bestOf = ({ times }) => Math.min(...times);

/** A verified load beside RestoreV2: the best call of each process, and its first one. */
const beside = (title, mode, more = {}) =>
  [
    [title, bestOf, more],
    [`${title}, first call of each`, firstOf, {}],
  ].map(([text, secondsOf, goal]) =>
    figure(text, mode, ['tensorflow'], 'x', turn => secondsOf(turn.tensorflow) / secondsOf(turn[mode]), {
      better: 'more',
      ...goal,
    }),
  );

const layout = bytes => ({ count: 64, bytes });

const writers = {
  ours: ({ directory, bytes }) => ours({ run: 'save', directory, layout: layout(bytes), durable: true }),
  tensorflow: ({ directory, bytes }) =>
    peer('tensorflow', { run: 'save', variant: 'ops', directory, layout: layout(bytes), durable: true }),
};

const loading = ({ writer, cold = false, modes, methods, ...more }) => ({
  folder: 'load',
  apart: true,
  how: [
    `file written by ${writer === 'ours' ? 'tensorbundle (chunks of 256 KiB)' : 'TensorFlow SaveV2'}`,
    `${cold ? 'not in' : 'in'} the page cache`,
  ].join('; '),
  prepare: context => context.run(writers[writer](context)),
  contestants: ({ directory, bytes }) => ({
    ...Object.fromEntries(
      modes.map(mode => [
        mode,
        ours({ run: 'load', directory, mode, layout: { count: 64 }, repeats: cold ? 1 : REPEATS }),
      ]),
    ),
    tensorflow: peer(
      'tensorflow',
      { run: 'load', variant: 'ops', directory, layout: layout(bytes), repeats: cold ? 1 : REPEATS },
      best,
    ),
    ...Object.fromEntries(methods.map(method => [`raw-${method}`, peer('raw', { run: 'read', directory, method })])),
  }),
  // Reads the file once, since the kernel may have dropped a part of it from the cache meanwhile.
  before: ({ directory, run }) =>
    run(peer('raw', cold ? { run: 'evict', directory } : { run: 'read', directory, method: 'pread' })),
  ...more,
});

export const load = loading({
  name: 'load',
  what: 'verified load of all tensors, warm',
  writer: 'ours',
  modes: ['views', 'touched', 'copied'],
  methods: ['pread', 'crc'],
  places: ['disk', 'tmpfs'],
  quick: true,
  seconds: 80,
  turn: 6.8,
  quickTurn: 3.6,
  rows: [
    ...beside('verified warm load (views) / RestoreV2', 'views', { goal: { disk: 6, tmpfs: 2 } }),
    ...beside('verified warm load, every page touched / RestoreV2', 'touched'),
    ...beside('verified warm load (copy: true) / RestoreV2', 'copied', { goal: 2 }),
    speed('verified warm load (views) / CRC at memory speed', 'views', 'raw-crc', { goal: { disk: 0.85 } }),
    speed('verified warm load (views) / raw read', 'views', 'raw-pread'),
  ],
});

export const loadTensorFlowFile = loading({
  name: 'load-tf-file',
  what: "the same, of TensorFlow's own file",
  writer: 'tensorflow',
  modes: ['views', 'touched'],
  methods: ['pread'],
  seconds: 60,
  turn: 6.5,
  rows: [
    ...beside('verified load (views) / RestoreV2', 'views'),
    ...beside('verified load, every page touched / RestoreV2', 'touched'),
    speed('verified load (views) / raw read', 'views', 'raw-pread'),
  ],
});

export const loadCold = loading({
  name: 'load-cold',
  what: 'verified load of all tensors, cold (the cache is emptied of the files by posix_fadvise)',
  writer: 'ours',
  cold: true,
  modes: ['views'],
  methods: ['pread', 'direct'],
  seconds: 80,
  turn: 7.4,
  rows: [
    speed('verified cold load (views) / RestoreV2', 'views', 'tensorflow'),
    speed('verified cold load (views) / best raw read', 'views', ['raw-pread', 'raw-direct'], { goal: 0.9 }),
  ],
});
