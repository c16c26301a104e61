/**
 * The weights of a layer that can be trained, even if they are frozen now: an optimizer may have been given any of
 * them.
 */
import { fieldOf } from './family.js';
import type { Layer, LayersModel, LayerVariable } from './types.js';
import { liveValue } from './variable.js';

/**
 * In Keras's order: the layer's own weights, then those of the layers in it. `innerOf` gives the layers that a layer
 * holds directly.
 */
export function trainedWeights(layer: Layer, innerOf: (layer: Layer) => readonly Layer[]): LayerVariable[] {
  return [...new Set(weightsIn(layer, innerOf, new Set()))];
}

function weightsIn(
  layer: Layer,
  innerOf: (layer: Layer) => readonly Layer[],
  seen: Set<Layer>,
): readonly LayerVariable[] {
  if (seen.has(layer)) return [];
  seen.add(layer);
  const own = (fieldOf(layer, '_trainableWeights') ?? []) as readonly LayerVariable[];
  const inner = innerOf(layer);
  // The weights of a recurrent layer belong to its cell.
  if (own.length === 0 && inner.length === 0) return layer.weights;
  return [...own, ...inner.flatMap(one => weightsIn(one, innerOf, seen))];
}

interface Compiled {
  readonly collectedTrainableWeights?: readonly LayerVariable[] | null;
  /** In a Sequential: the model that does its work. */
  readonly model?: Compiled | null;
}

/**
 * The weights that a compiled model gives to its optimizer at each step, in this order: those that were trainable when
 * it was compiled (tfjs-layers/src/engine/training.ts, `collectedTrainableWeights`). Empty if it was not compiled since
 * it was built.
 */
export function givenWeights(model: LayersModel): readonly LayerVariable[] {
  const { collectedTrainableWeights, model: inner } = model as unknown as Compiled;
  return collectedTrainableWeights ?? inner?.collectedTrainableWeights ?? [];
}

/**
 * Names in tfjs, in the order of a step, of the weights that the model was compiled with, even if they are frozen now.
 * For a model that is not compiled: of its trainable weights.
 */
export function trainedNames(model: LayersModel): string[] {
  const given = givenWeights(model);
  return weightNames(given.length > 0 ? given : model.trainableWeights);
}

export function weightNames(weights: readonly LayerVariable[]): string[] {
  return weights.map(weight => liveValue(weight, weight.originalName).name);
}
