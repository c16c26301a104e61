/**
 * The variables of a model in an order that freezing does not change. (`getWeights` puts trainable variables first.)
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Layer, LayerVariable } from '../../layers/types.js';

/**
 * The variables of each layer, also of layers within an inner model. Within a layer they have the order in which they
 * were made; it is the same each time the layer is built. Each variable occurs once.
 */
export function modelVariables(model: LayersModel): LayerVariable[] {
  const found = new Set<LayerVariable>();
  collect(model as unknown as Layer, found);
  return [...found];
}

function collect(layer: Layer, found: Set<LayerVariable>): void {
  const { layers } = layer as { layers?: unknown };
  if (Array.isArray(layers)) for (const inner of layers as Layer[]) collect(inner, found);
  const own = [...(layer.weights as readonly (LayerVariable & { readonly id: number })[])];
  for (const variable of own.sort((a, b) => a.id - b.id)) found.add(variable);
}
