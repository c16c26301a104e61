/**
 * Keras's names for the layers of a tfjs model, for the `full_name` of variables. A name the user gave is kept. An automatic
 * one (`dense_Dense3`: class in snake case, class, a counter of the process) becomes what Keras would have called the layer
 * in a fresh session: `dense`, `dense_1`, … in the order of the model, past names that are taken.
 */
import type { Layer, LayersModel } from './types.js';

/** `Conv2DTranspose` becomes `conv2d_transpose`, as in both libraries. */
function snakeCase(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z0-9]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

function isAutomatic(layer: Layer): boolean {
  const className = layer.getClassName();
  const prefix = `${snakeCase(className)}_${className}`;
  return layer.name.startsWith(prefix) && /^\d+$/.test(layer.name.slice(prefix.length));
}

/** Every layer below the model, nested ones in place, each once. */
function allLayers(model: LayersModel): Layer[] {
  const found = new Set<Layer>();
  const visit = (layer: Layer): void => {
    if (found.has(layer)) return;
    found.add(layer);
    for (const inner of (layer as Layer & { layers?: readonly Layer[] }).layers ?? []) visit(inner);
  };
  for (const layer of model.layers) visit(layer);
  return [...found];
}

export function kerasNames(model: LayersModel): Map<Layer, string> {
  const layers = allLayers(model);
  const taken = new Set(layers.filter(layer => !isAutomatic(layer)).map(({ name }) => name));
  const counters = new Map<string, number>();
  return new Map(
    layers.map(layer => {
      if (!isAutomatic(layer)) return [layer, layer.name];
      const base = snakeCase(layer.getClassName());
      let count = counters.get(base) ?? 0;
      const candidate = (): string => (count === 0 ? base : `${base}_${count}`);
      while (taken.has(candidate())) count++;
      counters.set(base, count + 1);
      return [layer, candidate()];
    }),
  );
}
