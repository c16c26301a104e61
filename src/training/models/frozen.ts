/**
 * Models that are not trainable, within a model or the model itself. TensorFlow.js's JSON has `trainable` only for
 * layers (tfjs-layers/src/engine/container.ts), so a frozen model would be trainable after a load.
 */
import type { Layer, LayersModel } from '../../layers/types.js';

/** Names of layers, from the model's own downwards; empty for the model itself. */
export type LayerPath = readonly string[];

interface LayerFlags {
  config: { name?: string; trainable?: boolean; layers?: (LayerFlags & { name?: string })[]; layer?: LayerFlags };
}

/** The paths of the models that are frozen. */
export function frozenModels(model: LayersModel): LayerPath[] {
  const found: LayerPath[] = [];
  const visit = (layer: Layer, path: LayerPath): void => {
    if ('layers' in layer && !layer.trainable) found.push(path);
    for (const inner of childLayers(layer)) visit(inner, [...path, inner.name]);
  };
  visit(model, []);
  return found;
}

/** Freezes the models that were frozen when they were saved. A path that does not exist is ignored. */
export function freeze(model: LayersModel, paths: readonly LayerPath[]): void {
  for (const path of paths) {
    const start: Layer | undefined = model;
    const layer = path.reduce(
      (at, name) => at && childLayers(at).find(inner => inner.name === name),
      start as Layer | undefined,
    );
    if (layer) layer.trainable = false;
  }
}

/** Marks the layers of frozen models as frozen in TensorFlow.js's own JSON, as Keras does. Changes `topology`. */
export function freezeTopology(topology: object, model: LayersModel): void {
  const visit = ({ config }: LayerFlags, layer: Layer, isFrozen: boolean): void => {
    const now = isFrozen || ('layers' in layer && !layer.trainable);
    for (const inner of childLayers(layer)) {
      const entry = config.layer ?? config.layers?.find(one => (one.name ?? one.config.name) === inner.name);
      if (entry) visit(entry, inner, now);
    }
    if (now && 'trainable' in config) config.trainable = false;
  };
  visit(topology as LayerFlags, model, false);
}

/** The layers of a model, or the one layer of a wrapper. */
function childLayers(layer: Layer): readonly Layer[] {
  const { layers, layer: wrapped } = layer as Layer & { layers?: readonly Layer[]; layer?: Layer };
  return layers ?? (wrapped === undefined ? [] : [wrapped]);
}
