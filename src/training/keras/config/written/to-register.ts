/** What a model has that Keras lacks, and what to do in Python before it is loaded there. */
import type { LayersModel } from '../../../../layers/types.js';

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_LACKING_IN_KERAS' };
const warned = new WeakMap<LayersModel, Set<string>>();

/** Warns, once for a model and a library. `how`: registers what is lacking. */
export function warnToRegister(model: LayersModel, library: string, lacking: readonly string[], how: string): void {
  const told = warned.get(model) ?? new Set();
  if (lacking.length === 0 || told.has(library)) return;
  warned.set(model, told.add(library));
  const text =
    `${library} lacks ${lacking.join(', ')}: its load_model makes the model '${model.name}' only if you define that ` +
    `in Python and ${how}. loadModel loads the model here`;
  process.emitWarning(text, WARNING);
}
