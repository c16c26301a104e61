/** A save over an older checkpoint of the same name, beside a save into an empty folder; a quarter of --size. */
import { ours } from '../harness/program.mjs';
import { time } from '../harness/rows.mjs';

const FOLDER = 'overwrite';
const saving = ({ directory, bytes }, durable) =>
  ours({ run: 'save', directory, layout: { count: 64, bytes }, durable, overwrite: true });

export const overwrite = {
  name: 'overwrite',
  what: 'a save over an older checkpoint, beside a save into an empty folder; a quarter of --size',
  folder: FOLDER,
  share: 0.25,
  seconds: 60,
  turn: 2.9,
  contestants: context => ({
    fresh: saving(context, true),
    over: saving(context, true),
    'fresh-quick': saving(context, false),
    'over-quick': saving(context, false),
  }),
  before: async (context, name) => {
    await context.place.emptied(FOLDER);
    if (name.startsWith('over')) await context.run(saving(context, false));
  },
  rows: [
    time('overwrite, synced / fresh, synced', 'over', 'fresh'),
    time('overwrite, not synced / fresh, not synced', 'over-quick', 'fresh-quick'),
  ],
};
