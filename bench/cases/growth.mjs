/**
 * How the time of a save (not synced) and of a verified load grows: with the bytes, from 1 MiB to 6 GiB in 64 tensors;
 * and with the number of tensors, from 1 to 100,000 of 64 bytes. One process measures all sizes, one after another. Of
 * each size the best of two calls counts; above 1 GiB there is only one.
 */
import { availableBytes } from '../harness/machine.mjs';
import { oursInParts, parts } from '../harness/program.mjs';
import { speed } from '../harness/rows.mjs';
import { spread } from '../harness/statistics.mjs';

const MIB = 2 ** 20;
const SIZES = [1, 4, 16, 64, 256, 1024, 6144];
const COUNTS = [1, 10, 100, 1000, 10_000, 100_000];
const NAMES = { ours: 'tensorbundle', tensorflow: 'TensorFlow' };

/** Tensors, the loaded ones and the file's pages must fit into memory. */
const sizes = () => SIZES.filter(size => size * MIB * 3 < availableBytes());

/** Each step has a folder of its own, so nothing is overwritten. */
function requests(directory, steps, layoutOf) {
  return Object.fromEntries(
    steps.flatMap(step => {
      const layout = layoutOf(step);
      const repeats = layout.bytes > 1024 * MIB ? 1 : 2;
      const common = { directory: `${directory}/${step}`, layout, repeats };
      return [
        [`save-${step}`, { run: 'save', durable: false, ...common }],
        [`load-${step}`, { run: 'load', mode: 'touched', touch: true, ...common }],
      ];
    }),
  );
}

const growing = ({ steps, layoutOf, x, ...more }) => ({
  turns: 3,
  contestants: ({ directory }) => ({
    ours: oursInParts(requests(directory, steps(), layoutOf), { pick: 'best' }),
    tensorflow: parts('tensorflow', requests(directory, steps(), layoutOf), { pick: 'best' }),
  }),
  plots: turns =>
    ['save', 'load'].map(run => ({
      file: `${more.name}-${run}`,
      kind: 'growth',
      title: `${run === 'save' ? 'Save, not synced' : 'Verified load'}: time and ${x}`,
      x,
      y: 'milliseconds',
      series: Object.keys(NAMES)
        .map(name => series(turns, name, run))
        .filter(({ points }) => points.length > 0),
    })),
  before: async ({ place }) => {
    await place.emptied(more.folder);
    for (const step of steps()) await place.emptied(`${more.folder}/${step}`);
  },
  ...more,
});

function series(turns, name, run) {
  const start = `${name}.${run}-`;
  const keys = Object.keys(turns[0]).filter(key => key.startsWith(start) && turns[0][key].seconds !== undefined);
  return {
    name: NAMES[name],
    points: keys.map(key => ({
      x: Number(key.slice(start.length)),
      ...spread(turns.map(turn => turn[key].seconds * 1000)),
    })),
  };
}

const rowsOf = (steps, label) =>
  steps.flatMap(step => [
    speed(`save of ${label(step)} / SaveV2`, `ours.save-${step}`, `tensorflow.save-${step}`),
    speed(`load of ${label(step)} / RestoreV2`, `ours.load-${step}`, `tensorflow.load-${step}`),
  ]);

export const growthSize = growing({
  name: 'growth-size',
  what: 'from 1 MiB to 6 GiB in 64 tensors',
  how: 'the best of two calls for each size, one call above 1 GiB; loads read one value of each page',
  folder: 'growth',
  steps: sizes,
  layoutOf: size => ({ count: 64, bytes: size * MIB }),
  x: 'MiB',
  seconds: 200,
  turn: 61.5,
  rows: rowsOf(SIZES, size => `${size} MiB`),
});

export const growthCount = growing({
  name: 'growth-count',
  what: 'from 1 to 100,000 tensors of 64 bytes',
  how: 'the best of two calls for each number; loads read one value of each page',
  folder: 'growth',
  steps: () => COUNTS,
  layoutOf: count => ({ count, bytes: 64 * count }),
  x: 'tensors',
  seconds: 120,
  turn: 43,
  rows: rowsOf(COUNTS, count => `${count.toLocaleString('en')} ${count === 1 ? 'tensor' : 'tensors'}`),
});
