/**
 * The layers of a model as Keras's older HDF5 files have them: a group for each layer of the model, in which the
 * variables of everything inside it lie side by side, under the names of the variables. A loader goes by the order
 * (tf_keras/src/saving/legacy/hdf5_format.py).
 */
import type { Attribute } from '../../../graph/attribute.js';
import type { Trackable } from '../../../graph/trackable.js';
import { isLayer } from '../../../layers/family.js';
import type { Layer } from '../../../layers/types.js';
import { type DescribedModel, modelLayers, ownVariables } from './keras3-objects.js';

/** A layer of the model itself. */
export interface LegacyLayer {
  readonly layer: Layer;
  /** Those that are trained now, then the others. */
  readonly variables: readonly Attribute[];
}

/** In the model's order. */
export function legacyLayers(model: DescribedModel): LegacyLayer[] {
  const isFrozen = !(model.objectOf(model.root) as Layer).trainable;
  return modelLayers(model.root).map(({ node }) => {
    const { trained, others } = weightsOf(node, model, isFrozen);
    return { layer: model.objectOf(node) as Layer, variables: [...new Set([...trained, ...others])] };
  });
}

/** The variables of a model that are trained now, in the order in which Keras gives them to an optimizer. */
export function trainedVariables(model: DescribedModel): readonly Attribute[] {
  return [...new Set(weightsOf(model.root, model, false).trained)];
}

interface Weights {
  readonly trained: readonly Attribute[];
  readonly others: readonly Attribute[];
}

/**
 * As `trainable_weights` and `non_trainable_weights` of tf_keras, where freezing a model freezes everything in it; in
 * TensorFlow.js its layers do not show that. Keras 3 has the trained ones in the same order.
 */
function weightsOf(node: Trackable, model: DescribedModel, isInFrozen: boolean): Weights {
  const layer = model.objectOf(node) as Layer;
  const isModel = 'layers' in layer;
  const isFrozen = isInFrozen || !layer.trainable;
  const inner = innerLayers(node, model).map(one => weightsOf(one, model, isInFrozen || (isModel && isFrozen)));
  const own = ownVariables(node, layer, model);
  const trained = inner.flatMap(weights => weights.trained);
  const others = inner.flatMap(weights => weights.others);
  if (!isFrozen) return { trained: [...own.trainable, ...trained], others: [...own.others, ...others] };
  const all = isModel ? [...trained, ...others] : inner.flatMap(weights => [...weights.trained, ...weights.others]);
  return { trained: [], others: [...own.trainable, ...own.others, ...all] };
}

/** The layers that it holds directly, also in lists, in tracking order. */
function innerLayers(node: Trackable, model: DescribedModel): Trackable[] {
  if ('layers' in (model.objectOf(node) as Layer)) return modelLayers(node).map(edge => edge.node);
  const found = new Set<Trackable>();
  const seen = new Set<Trackable>();
  const visit = ({ children }: Trackable): void => {
    for (const { node: child } of children) {
      const live = model.objectOf(child);
      if (isLayer(live)) found.add(child);
      if (live !== undefined || seen.has(child)) continue;
      seen.add(child);
      visit(child);
    }
  };
  visit(node);
  return [...found];
}
