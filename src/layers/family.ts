/** How a kind of layer is described: which edges lead from it, in tf_keras's tracking order. */
import { TensorBundleError } from '../errors.js';
import type { Edge, Trackable } from '../graph/trackable.js';
import type { Layer, LayerVariable } from './types.js';

/** What a description may ask for; the same layer or variable always gives the same object. */
export interface Surroundings {
  variable(layer: Layer, variable: LayerVariable, name: string): Trackable;
  layer(layer: Layer): Trackable;
}

export type Describe = (layer: Layer, around: Surroundings) => readonly Edge[];

/** Class names (as tfjs registers them) and their description. */
export type Family = readonly (readonly [className: string, describe: Describe])[];

/**
 * A layer whose variables are fields: pairs of tfjs's field and Keras's name, in tracking order. A field that is null is a
 * variable that the layer was told to do without (`useBias: false`).
 */
export function variables(...pairs: readonly (readonly [field: string, name: string])[]): Describe {
  return (layer, around) =>
    pairs.flatMap(([field, name]) => {
      const variable = variableIn(layer, field);
      return variable === null ? [] : [{ name, node: around.variable(layer, variable, name) }];
    });
}

/** The fields are protected in tfjs's types; what is found there is checked. */
function variableIn(layer: Layer, field: string): LayerVariable | null {
  const value = (layer as unknown as Record<string, unknown>)[field];
  if (value === null || value === undefined) return null;
  if (typeof (value as Partial<LayerVariable>).read === 'function') return value as LayerVariable;
  throw new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `layer '${layer.name}' (${layer.getClassName()}) has no variable in '${field}'; this version of TensorFlow.js is not known`,
    { found: field },
  );
}
