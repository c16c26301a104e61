/** A model with layers of user-defined classes: Keras makes it only with the same classes in Python. */
import { TensorBundleError } from '../../../errors.js';
import type { LayersModel } from '../../../layers/types.js';

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_LACKING_IN_KERAS' };
const warned = new WeakSet<LayersModel>();

/** Warns, once for a model. */
export function warnOfLacking(model: LayersModel, lacking: readonly string[]): void {
  if (warned.has(model)) return;
  warned.add(model);
  const text =
    `Keras lacks ${lacking.join(', ')}: tf_keras.models.load_model makes the model '${model.name}' only if it is ` +
    "given what it lacks under these names (custom_objects={'Name': Name}). tf.saved_model.load, TensorFlow Serving " +
    "and Keras 3's TFSMLayer run the SavedModel as it is, and loadModel loads it here";
  process.emitWarning(text, WARNING);
}

/** Nothing could run the SavedModel. `problem`: why it has no functions; left out if nobody wants any. */
export function useless(lacking: readonly string[], problem?: Error): TensorBundleError {
  const what = `Keras lacks ${lacking.join(', ')}, so only functions could run this model as a SavedModel`;
  const why = problem
    ? `and it cannot become a graph: ${problem.message}. Change that, or`
    : 'and saveTraces: false leaves them out. Leave out saveTraces, or';
  const otherwise = "save with saveWeights or saveModel of 'tensorbundle/tfjs', and make the model in Python yourself";
  return new TensorBundleError('ERR_NOT_SUPPORTED', `${what}, ${why} ${otherwise}`, { found: lacking, cause: problem });
}
