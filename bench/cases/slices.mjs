/**
 * A part of a tensor: 1,000 rows of a table of 1,000 columns that has a quarter of --size. The peers read only the
 * rows. So does this library with `verify: 'never'`; by default it checks the whole tensor before it gives out a part.
 */
import { ours, peer } from '../harness/program.mjs';
import { amount, speed } from '../harness/rows.mjs';
import { middle } from './small.mjs';

const COLUMNS = 1000;
const FOLDER = 'slices';

const layout = bytes => ({ shapes: [[Math.max(3000, Math.floor(bytes / 4 / COLUMNS)), COLUMNS]] });

export const slices = {
  name: 'slices',
  what: '1,000 rows of one tensor of a quarter of --size, with the opening of the checkpoint',
  how: 'median of 9 in each process, page cache warm; file written by tensorbundle',
  folder: FOLDER,
  share: 0.25,
  seconds: 60,
  turn: 6.4,
  prepare: async ({ place, bytes, run, tryToRun, directory }) => {
    await run(ours({ run: 'save', directory, layout: layout(bytes), durable: false }));
    const beside = await place.emptied(`${FOLDER}/safetensors`);
    await tryToRun(peer('safetensors', { run: 'save', directory: beside, layout: layout(bytes), durable: false }));
  },
  contestants: ({ bytes, directory }) => {
    const request = { run: 'load', layout: layout(bytes), partial: { begin: 1000, length: 1000 }, repeats: 9 };
    return {
      checked: ours({ ...request, directory, mode: 'copied' }, middle),
      ours: ours({ ...request, directory, mode: 'copied', verify: 'never' }, middle),
      tensorflow: peer('tensorflow', { ...request, variant: 'ops', directory }, middle),
      safetensors: peer('safetensors', { ...request, directory: `${directory}/safetensors` }, middle),
    };
  },
  rows: [
    speed("read of 1,000 rows (verify: 'never') / RestoreV2 of a slice", 'ours', 'tensorflow'),
    speed("read of 1,000 rows (verify: 'never') / safetensors get_slice", 'ours', 'safetensors'),
    amount("read of 1,000 rows (verify: 'never')", 'ours', 'ms', ({ seconds }) => seconds * 1000),
    amount('the same, after a check of the whole tensor', 'checked', 'ms', ({ seconds }) => seconds * 1000),
  ],
};
