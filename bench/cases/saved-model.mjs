/** A whole model as a SavedModel, against Keras's own `model.save` in Python. MobileNet V1, 137 variables, 17 MB. */
import { join } from 'node:path';
import { node, parts } from '../harness/program.mjs';
import { amount, time } from '../harness/rows.mjs';

const REPEATS = 3;
const middle = { pick: 'median' };

const keras = directory => {
  const common = { directory: join(directory, 'keras'), overwrite: true, repeats: REPEATS };
  const requests = {
    save: { run: 'save', ...common },
    load: { run: 'load', ...common },
  };
  return parts('keras', requests, middle);
};

export const savedModel = {
  name: 'saved-model',
  what: "MobileNet V1 as a SavedModel, 137 variables, 17 MB, against Keras's model.save",
  how: `median of ${REPEATS} in each process, each over the one before`,
  folder: 'saved-model',
  seconds: 60,
  turn: 12,
  before: ({ place }) => place.emptied('saved-model'),
  contestants: ({ directory }) => ({
    ours: node('subjects/saved-model.mjs', { directory, repeats: REPEATS }, middle),
    keras: keras(directory),
  }),
  rows: [
    time("save, not synced / Keras's save_traces=False, not synced", 'ours.save', 'keras.save'),
    time("save, synced / Keras's save_traces=False, not synced", 'ours.synced', 'keras.save'),
    time("load as a model / Keras's load_model", 'ours.load', 'keras.load'),
    amount('bytes', 'ours.save', 'B', ({ bytes }) => bytes),
    amount("bytes of Keras's, save_traces=False", 'keras.save', 'B', ({ bytes }) => bytes),
  ],
};
