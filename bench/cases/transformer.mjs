/**
 * The tensors of GPT-2 small (148 float32 tensors, 498 MB), with every peer that a user might pick. One process of each
 * saves, saves with syncs, and loads. Its rows are few; what matters is the list of costs below them: how long the
 * caller is blocked, how long it takes, and how much memory it needs beyond the model. On the disk only, for time; with
 * `--dir=/dev/shm --only=transformer` it runs on tmpfs.
 */
import { oursInParts, parts } from '../harness/program.mjs';
import { speed } from '../harness/rows.mjs';
import { interval, median } from '../harness/statistics.mjs';
import { gpt2Shapes } from './gpt2.mjs';

const FOLDER = 'transformer';
const FOLDERS = ['quick', 'synced'];

/** The peers: name, program, variant. */
const OTHERS = {
  'TensorFlow SaveV2': ['tensorflow', 'ops'],
  'tf.train.Checkpoint': ['tensorflow', 'checkpoint'],
  safetensors: ['safetensors', undefined],
  torch: ['torch', 'plain'],
  'TensorStore zarr3': ['tensorstore', 'zarr3'],
  'TensorStore ocdbt': ['tensorstore', 'ocdbt'],
};

/** The two saves go to folders of their own, so that neither overwrites anything. */
function requests(directory, variant, layout) {
  const common = { layout, repeats: 2, ...(variant && { variant }) };
  const [quick, synced] = FOLDERS.map(folder => `${directory}/${folder}`);
  const loading = { run: 'load', directory: synced, touch: true, mode: 'touched', ...common };
  return {
    save: { run: 'save', durable: false, directory: quick, ...common },
    synced: { run: 'save', durable: true, directory: synced, ...common },
    load: loading,
    ...(variant === 'plain' && { mmap: { ...loading, variant: 'mmap' } }),
  };
}

/** With --quick or a small --size only the first layers. */
const layoutOf = bytes => ({ shapes: gpt2Shapes(bytes) });

const RUNS = { save: 'Save, not synced', synced: 'Save, synced', load: 'Load, every page touched' };

export const transformer = {
  name: 'transformer',
  what: "GPT-2 small's 148 tensors, 498 MB: every peer",
  how: 'the best of two calls in a process; every load reads one value of each page',
  folder: FOLDER,
  apart: true,
  seconds: 330,
  turn: 29.2,
  before: async ({ place }) => {
    await place.emptied(FOLDER);
    for (const folder of FOLDERS) await place.emptied(`${FOLDER}/${folder}`);
  },
  contestants: ({ directory, bytes }) => ({
    tensorbundle: oursInParts(requests(directory, undefined, layoutOf(bytes)), { pick: 'best' }),
    ...Object.fromEntries(
      Object.entries(OTHERS).map(([name, [program, variant]]) => [
        name,
        parts(program, requests(directory, variant, layoutOf(bytes)), { pick: 'best' }),
      ]),
    ),
  }),
  rows: Object.keys(OTHERS).flatMap(name => [
    speed(`save, not synced / ${name}`, 'tensorbundle.save', `${name}.save`),
    speed(`save, synced / ${name} and fdatasync`, 'tensorbundle.synced', `${name}.synced`),
    speed(`load / ${name}`, 'tensorbundle.load', `${name}.load`),
    ...(name === 'torch' ? [speed('load / torch with mmap', 'tensorbundle.load', 'torch.mmap')] : []),
  ]),
  plots: (turns, kind) =>
    Object.entries(RUNS).map(([run, title]) => ({
      file: `peers-${run}-${kind}`,
      kind: 'bars',
      title: `${title}: GPT-2 small (${kind})`,
      axis: 'GB/s',
      bars: barsOf(turns, run),
    })),
};

function barsOf(turns, run) {
  return ['tensorbundle', ...Object.keys(OTHERS)]
    .map(name => [name, turns.map(turn => turn[`${name}.${run}`])])
    .filter(([, replies]) => replies.every(reply => reply?.seconds > 0 && reply.bytes > 0))
    .map(([name, replies]) => {
      const rates = replies.map(({ bytes, seconds }) => bytes / seconds / 1e9);
      return { name, median: median(rates), ...interval(rates) };
    });
}
