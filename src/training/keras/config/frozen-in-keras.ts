/** The models that are frozen as a whole, in a configuration of Keras 3. */
import type { LayerPath } from '../../models/frozen.js';
import { isList, isObject, type JsonObject, layerName } from './keras-json.js';

/** The layers of a frozen model are frozen themselves, as their configurations say; this is what the models say. */
export function frozenIn(root: JsonObject): LayerPath[] {
  const found: LayerPath[] = [];
  const visit = ({ config }: JsonObject, path: LayerPath): void => {
    if (!isObject(config)) return;
    const { layers, layer, trainable } = config;
    if (isList(layers) && trainable === false) found.push(path);
    for (const inner of isList(layers) ? layers : [layer ?? null])
      if (isObject(inner)) visit(inner, [...path, layerName(inner)]);
  };
  visit(root, []);
  return found;
}
