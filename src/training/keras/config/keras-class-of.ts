/** Which class of Keras a layer was. A class here may stand for another one, whose name is in Keras 3's files. */
import type { Layer } from '../../../layers/types.js';
import { isList, isObject, type Json, type JsonObject, layerName, plainName, text } from './keras-json.js';

/** `config`: what the model was made from. Undefined for a layer that it does not list. */
export function kerasClasses(model: Layer, config: JsonObject): (layer: Layer) => string | undefined {
  const found = new Map<Layer, string>();
  const visit = (layer: Layer, given: Json | undefined): void => {
    if (!isObject(given)) return;
    const className = text(given.class_name, '');
    if (className !== '') found.set(layer, plainName(className));
    const { layers, layer: wrapped } = layer as Layer & { layers?: readonly Layer[]; layer?: Layer };
    const of = isList(given.config) ? { layers: given.config } : isObject(given.config) ? given.config : {};
    const byName = new Map((isList(of.layers) ? of.layers : []).map(one => [layerName(one), one]));
    for (const inner of layers ?? []) visit(inner, byName.get(inner.name));
    if (wrapped) visit(wrapped, of.layer);
  };
  visit(model, config);
  return layer => found.get(layer);
}
