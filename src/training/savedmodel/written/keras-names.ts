/**
 * The names of layers in Keras's configuration: as in the full names of variables (src/layers/naming.ts), but no two
 * layers of the model share one, because Keras refuses that. A name that a user gave stays.
 */
import { isAutomatic, kerasNames } from '../../../layers/naming.js';
import { layerKind } from '../../../layers/registry.js';
import type { Layer, LayersModel } from '../../../layers/types.js';

export function configNames(model: LayersModel): ReadonlyMap<Layer, string> {
  const names = kerasNames([model], layer => layerKind(layer).inner?.(layer) ?? []);
  const taken = new Set([...names].flatMap(([layer, name]) => (isAutomatic(layer) ? [] : [name])));
  for (const [layer, name] of names) {
    if (!isAutomatic(layer)) continue;
    const free = freeName(name, taken);
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
