/**
 * Keras's own files against Keras 3 with h5py in Python: `.weights.h5`, `.keras` and `.h5` of a small trained network
 * with its optimizer, of MobileNet V1, and of Dense layers of half of --size. Keras writes into the file that is there,
 * and syncs nothing; here the file is replaced as a whole.
 */
import { node, parts } from '../harness/program.mjs';
import { amount, time } from '../harness/rows.mjs';

const FORMS = { weights: '.weights.h5', keras: '.keras', h5: '.h5' };

const keras = (request, pick) => {
  const requests = Object.entries(FORMS).flatMap(([form, ending]) =>
    ['save', 'load'].map(run => [`${run}-${form}`, { ...request, run, ending, overwrite: true }]),
  );
  return parts('keras-files', Object.fromEntries(requests), { pick });
};

const kerasCase = ({ model, repeats, share, pick, ...more }) => ({
  folder: 'keras-files',
  how: pick === 'median' ? `median of ${repeats} in each process` : `the best of ${repeats} in each process`,
  seconds: 40,
  before: ({ place }) => place.emptied('keras-files'),
  contestants: ({ directory, bytes }) => {
    const request = { model, directory, repeats, bytes };
    return {
      ours: node('subjects/keras-files.mjs', request, { pick }),
      keras: keras(request, pick),
    };
  },
  rows: [
    ...Object.entries(FORMS).flatMap(([form, ending]) => [
      time(`${ending}: save, not synced / Keras's, not synced`, `ours.save-${form}`, `keras.save-${form}`),
      time(`${ending}: save, synced / Keras's, not synced`, `ours.synced-${form}`, `keras.save-${form}`),
      time(`${ending}: load / Keras's`, `ours.load-${form}`, `keras.load-${form}`),
    ]),
    amount('memory beyond the model: save of .keras', 'ours.save-keras', 'MiB', ({ peakRssBytes }) =>
      Math.round(peakRssBytes / 2 ** 20),
    ),
  ],
  ...(share && { share }),
  ...more,
});

export const kerasNetwork = kerasCase({
  name: 'keras-network',
  what: "a trained network of 225,000 parameters with its optimizer, in Keras's own files, against Keras 3 with h5py",
  model: 'network',
  repeats: 9,
  pick: 'median',
  turn: 6,
  turns: 5,
});

export const kerasMobileNet = kerasCase({
  name: 'keras-mobilenet',
  what: "MobileNet V1, 137 variables, 17 MB, in Keras's own files, against Keras 3 with h5py",
  model: 'mobilenet',
  repeats: 5,
  pick: 'median',
  turn: 9,
  turns: 3,
});

export const kerasLarge = kerasCase({
  name: 'keras-large',
  what: "Dense layers of half of --size, in Keras's own files, against Keras 3 with h5py",
  model: 'large',
  repeats: 2,
  share: 0.5,
  pick: 'best',
  turn: 9,
  turns: 3,
});
