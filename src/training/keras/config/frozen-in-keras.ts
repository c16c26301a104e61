/** The models that are frozen as a whole, in a configuration of Keras 3. */
import type { LayerPath } from '../../models/frozen.js';
import { isList, isObject, type Json, type JsonObject, text } from './keras-json.js';

/** The layers of a frozen model are frozen themselves, as their configurations say; this is what the models say. */
export function frozenIn(root: JsonObject): LayerPath[] {
  const found: LayerPath[] = [];
  const visit = ({ config }: JsonObject, path: LayerPath): void => {
    if (!isObject(config)) return;
    const { layers, layer, trainable } = config;
    if (isList(layers) && trainable === false) found.push(path);
    for (const inner of isList(layers) ? layers : [layer ?? null])
      if (isObject(inner)) visit(inner, [...path, nameOf(inner)]);
  };
  visit(root, []);
  return found;
}

function nameOf({ name, config }: { readonly [key: string]: Json | undefined }): string {
  return text(isObject(config) ? config.name : undefined, text(name, ''));
}
