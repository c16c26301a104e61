/**
 * Layers in the fields of a custom layer are often built only when the layer is called for the first time. Until then
 * they have no weights, and saving them would leave those out. tfjs says of a layer whether it is built, but one
 * without weights (Dropout) may never be, so what counts is whether building it makes any.
 */
import { invalidArgument, type TensorBundleError } from '../errors.js';
import type { Layer } from './types.js';

/** Classes of TensorFlow.js that have a `build` which makes no weights of their own. */
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
 * known to make none, has a `build` of its own. A model answers no: its layers know better, and each is looked at.
 */
export function awaitsWeights(layer: Layer): boolean {
  // A `build` that was called directly need not have said so.
  if (layer.built || 'layers' in layer || layer.weights.length > 0) return false;
  if (Object.hasOwn(layer, 'build')) return true;
  let type = Object.getPrototypeOf(layer) as object;
  // The first class that has `build` is Layer.
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
      `yet; call the ` +
      'model once, or build it in build() of the layer that holds it',
    { found: label },
  );
}
