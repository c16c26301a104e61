/** Which class of Keras a layer was. A class here may stand for another one, whose name is in Keras 3's files. */
import type { Layer } from '../../../layers/types.js';
import { isList, isObject, type Json, type JsonObject, text } from './keras-json.js';

/** A class of this package for one of TensorFlow.js with more options (src/training/models/added). */
const VARIANT = /^Keras(?=[A-Z])/;

/** `config`: what the model was made from. */
export function kerasClasses(model: Layer, config: JsonObject): (layer: Layer) => string {
  const found = new Map<Layer, string>();
  const visit = (layer: Layer, given: Json | undefined): void => {
    if (!isObject(given)) return;
    const className = text(given.class_name, '');
    if (className !== '') found.set(layer, className.slice(className.lastIndexOf('>') + 1));
    const { layers, layer: wrapped } = layer as Layer & { layers?: readonly Layer[]; layer?: Layer };
    const of = isList(given.config) ? { layers: given.config } : isObject(given.config) ? given.config : {};
    const byName = new Map((isList(of.layers) ? of.layers : []).map(one => [nameOf(one), one]));
    for (const inner of layers ?? []) visit(inner, byName.get(inner.name));
    if (wrapped) visit(wrapped, of.layer);
  };
  visit(model, config);
  return layer => found.get(layer) ?? plainClass(layer);
}

function plainClass(layer: Layer): string {
  const name = layer.getClassName();
  return name === 'Model' ? 'Functional' : name.replace(VARIANT, '');
}

function nameOf(value: Json): string {
  if (!isObject(value)) return '';
  return text(isObject(value.config) ? value.config.name : undefined, text(value.name, ''));
}
