/**
 * Loading every tensor of a checkpoint. `views` opens the checkpoint, checks every CRC32C and makes a Float32Array over
 * the mapped file for each tensor: the pages are in the page cache but not yet mapped into the process. `touched` then
 * reads one value of every page. `copied` makes arrays with their own memory. RestoreV2 is one eager call for all
 * tensors: open, check, copy. Raw readers read the file into 256 KiB buffers on all cores: `raw-pread` XORs the words,
 * so that each byte is looked at; `raw-crc` computes CRC32C, at memory speed.
 *
 * How a file was written decides how large its page-cache folios are, and so how fast it is mapped and read. Therefore
 * each case names the writer: ours writes chunks of 256 KiB.
 */
import { ours, peer } from '../harness/program.mjs';
import { speed } from '../harness/rows.mjs';
import { best } from './save.mjs';

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
    ...Object.fromEntries(modes.map(mode => [mode, ours({ run: 'load', directory, mode, layout: { count: 64 } })])),
    tensorflow: peer(
      'tensorflow',
      { run: 'load', variant: 'ops', directory, layout: layout(bytes), repeats: cold ? 1 : 3 },
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
    speed('verified warm load (views) / RestoreV2', 'views', 'tensorflow', { goal: { disk: 6, tmpfs: 2 } }),
    speed('verified warm load, every page touched / RestoreV2', 'touched', 'tensorflow'),
    speed('verified warm load (copy: true) / RestoreV2', 'copied', 'tensorflow', { goal: 2 }),
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
    speed('verified load (views) / RestoreV2', 'views', 'tensorflow'),
    speed('verified load, every page touched / RestoreV2', 'touched', 'tensorflow'),
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
