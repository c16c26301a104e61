/**
 * The names of layers in Keras's configuration: as in the full names of variables (src/layers/naming.ts), but no two
 * layers of the model share one, because Keras refuses that. A name that a user gave stays, except for characters that
 * TensorFlow refuses in a scope: a model of such a name could be loaded, but not called. Only models have such names;
 * TensorFlow.js refuses them for other layers.
 */
import { isAutomatic, kerasNames } from '../../../../layers/naming.js';
import { layerKind } from '../../../../layers/registry.js';
import type { Layer, LayersModel } from '../../../../layers/types.js';

/** `slashes`: whether names may have them. Keras 3 refuses them. */
export function configNames(model: LayersModel, slashes = true): ReadonlyMap<Layer, string> {
  const valid = (name: string): string => (slashes ? scopeName(name) : scopeName(name).replaceAll('/', '_'));
  const names = kerasNames([model], layer => layerKind(layer).inner?.(layer) ?? []);
  const isFree = (layer: Layer): boolean => isAutomatic(layer) || valid(layer.name) !== layer.name;
  const taken = new Set([...names].flatMap(([layer, name]) => (isFree(layer) ? [] : [name])));
  for (const [layer, name] of names) {
    if (!isFree(layer)) continue;
    const free = freeName(valid(name), taken);
    taken.add(free);
    names.set(layer, free);
  }
  return names;
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  const base = wanted.replace(/_\d+$/, '');
  let name = wanted;
  for (let number = 1; taken.has(name); number++) name = `${base}_${number}`;
  return name;
}

/** tensorflow/python/framework/ops.py, _VALID_SCOPE_NAME_REGEX and that of what is not in another scope. */
function scopeName(name: string): string {
  const valid = name
    .replace(/[^A-Za-z0-9_.\\/>-]/g, '_')
    // HDF5 takes `a/`, `a//b` and `a/./b` for `a` and `a/b`, which other layers may be called.
    .replace(/\/(?=\/|$)|(?<=^|\/)\.(?=\/|$)/g, '_')
    // Keras has a group of this name beside those of the layers.
    .replace(/^top_level_model_weights(?=\/|$)/, '$&_1');
  return /^[A-Za-z0-9.]/.test(valid) ? valid : `model${valid}`;
}
