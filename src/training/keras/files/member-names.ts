/** Names within a `.keras` archive, or of the files of an unpacked one; and what this package adds to Keras's files. */

/** The architecture, and how the model was compiled. */
export const CONFIG = 'config.json';
/** The version of Keras, and when it was saved. Keras does not read it. */
export const METADATA = 'metadata.json';
export const WEIGHTS = 'model.weights.h5';
/** In its place, if the weights are divided among several files. */
export const WEIGHTS_MAP = 'model.weights.json';
/** In its place, with `weights_format='npz'`. */
export const NUMPY_WEIGHTS = 'model.weights.npz';
/** Holds the files of layers such as vocabularies. */
export const ASSETS = 'assets/';

/** The key of METADATA, and the attribute of the root of an HDF5 file, with the best value of a metric as JSON. */
export const BEST = 'tensorbundle_best';
