/**
 * Layers in the fields of a custom layer are often built only when the layer is called for the first time. Until then
 * they have no weights, and saving them would leave those out. tfjs says whether a layer is built, but a layer without
 * weights (Dropout) may never be, so the question here is whether building it would make weights.
 */
import { invalidArgument, type TensorBundleError } from '../errors.js';
import type { Layer } from './types.js';

/** Classes of TensorFlow.js whose `build` makes no weights. */
const MAKE_NONE: readonly unknown[] = [
  'Add',
  'Average',
  'Concatenate',
  'Dot',
  'Maximum',
  'Minimum',
  'Multiply',
  'TimeDistributed',
];

/**
 * Whether `build` was not run and may make weights: some class of the layer, other than tfjs's Layer and those that are
 * known to make none, has a `build` of its own. False for a model: each of its layers is checked instead.
 */
export function awaitsWeights(layer: Layer): boolean {
  // A `build` that was called directly may have made weights without setting `built`.
  if (layer.built || 'layers' in layer || layer.weights.length > 0) return false;
  if (Object.hasOwn(layer, 'build')) return true;
  let type = Object.getPrototypeOf(layer) as object;
  // The base class that first has `build` is Layer, where the loop ends.
  for (let parent = parentOf(type); 'build' in parent; type = parent, parent = parentOf(parent)) {
    const { className } = type.constructor as { className?: unknown };
    if (MAKE_NONE.includes(className) && Object.hasOwn(type.constructor, 'className')) return false;
    if (Object.hasOwn(type, 'build')) return true;
  }
  return false;
}

function parentOf(prototype: object): object {
  return (Object.getPrototypeOf(prototype) as object | null) ?? {};
}

/** `label` is the path of fields to the layer: `gate_Gate1/inner`. */
export function innerNotBuilt(layer: Layer, label: string): TensorBundleError {
  return invalidArgument(
    `the inner layer '${layer.name}' (${layer.getClassName()}) at ${label} is not built, so it has no weights ` +
      `yet; call the model once, or build this layer in build() of the layer that holds it`,
    { found: label },
  );
}
