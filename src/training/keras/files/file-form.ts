/** In which form a file is saved, by its name, as Keras chooses it. */
import { TensorBundleError } from '../../../errors.js';

/**
 * 'keras': a `.keras` archive. 'h5': a whole model in an HDF5 file, as Keras 2 writes it. 'keras-weights': weights in a
 * `.weights.h5`, as Keras 3 writes them. 'h5-weights': weights in another HDF5 file, as Keras 2 writes them.
 */
export type FileForm = 'keras' | 'h5' | 'keras-weights' | 'h5-weights';

/** An ending by which Keras knows its files. Only in small letters, as in Keras. */
type Ending = '.keras' | '.weights.h5' | '.weights.json' | '.h5' | '.hdf5';
const ENDINGS: readonly Ending[] = ['.keras', '.weights.h5', '.weights.json', '.h5', '.hdf5'];

/**
 * The form of a whole model; null: not a file of Keras, by name and format. Throws ERR_INVALID_ARGUMENT for a format
 * that does not have such names; ERR_NOT_SUPPORTED for a name of weights alone, and for capital letters in an ending.
 */
export function modelForm(path: string, format?: string): 'keras' | 'h5' | null {
  if (format === 'checkpoint' || format === 'savedmodel') return null;
  const ending = endingOf(path);
  if (ending === '.weights.h5' || ending === '.weights.json') {
    const writers =
      ending === '.weights.h5'
        ? 'saveWeights writes such a file, and ModelCheckpoint with saveWeightsOnly'
        : 'Such files are only read here';
    throw wrongName(
      path,
      `is a name for weights alone, under which Keras looks for nothing else. ${writers}; for the whole model leave ` +
        'out ".weights"',
      `${path.slice(0, -ending.length)}${format === 'h5' ? '.h5' : '.keras'}`,
    );
  }
  const form = ending === null ? null : ending === '.keras' ? 'keras' : 'h5';
  if (format === undefined || format === form) return form;
  const expected = format === 'keras' ? '.keras' : '.h5';
  throw new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `format '${format}' needs a name that ends in '${expected}'${format === 'h5' ? " or '.hdf5'" : ''}, by which ` +
      `Keras knows such files, not '${path}'`,
    { path, expected, found: ending ?? '' },
  );
}

/** The form of weights; null for a checkpoint. Throws ERR_NOT_SUPPORTED for names that mean another thing. */
export function weightsForm(path: string): 'keras-weights' | 'h5-weights' | null {
  const ending = endingOf(path);
  const stem = path.slice(0, -(ending?.length ?? 0));
  switch (ending) {
    case '.keras':
      throw wrongName(
        path,
        'is a name for a whole model. saveModel writes it, and ModelCheckpoint without saveWeightsOnly; for weights ' +
          'alone Keras has another name',
        `${stem}.weights.h5`,
      );
    case '.weights.json':
      throw wrongName(
        path,
        'is a name for weights that Keras divides among several files. They are only read here; one file can have ' +
          'any size',
        `${stem}.weights.h5`,
      );
    case '.weights.h5':
      return 'keras-weights';
    case '.h5':
    case '.hdf5':
      return 'h5-weights';
    default:
      return null;
  }
}

function endingOf(path: string): Ending | null {
  const file = path.replace(/\/+$/, '');
  const base = /[^/]*$/.exec(file)![0];
  const ending = ENDINGS.find(one => base.toLowerCase().endsWith(one)) ?? null;
  if (ending !== null && file !== path) throw wrongName(path, 'ends as directories do, but this is one file', file);
  if (ending === null || base.endsWith(ending)) return ending;
  throw wrongName(path, 'has an ending that Keras knows only in small letters', path.slice(0, -ending.length) + ending);
}

function wrongName(path: string, what: string, expected: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_SUPPORTED', `'${path}' ${what}: '${expected}'`, { path, expected });
}
