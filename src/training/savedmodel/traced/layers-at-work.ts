/** Which layer of tfjs-layers computes, while a function is recorded: for places, and for the seeds of layers. */
import type { layers } from '@tensorflow/tfjs-layers';
import { isLayer } from '../../../layers/family.js';
import { optionalLayers } from '../../models/tfjs-layers.js';
import { within } from './named-scopes.js';
import type { Replacements } from './replacements.js';

type Layer = InstanceType<typeof layers.Layer>;

export class LayersAtWork {
  readonly #working: Layer[] = [];
  readonly #watched = new Set<Layer>();

  /** The seeds of the layers that compute, the innermost first. */
  seeds(): number[] {
    const seeds = this.#working.map(layer => (layer as { readonly seed?: unknown }).seed);
    return seeds.filter(seed => typeof seed === 'number').reverse();
  }

  start(replacements: Replacements): void {
    const { prototype } = optionalLayers()?.layers.Layer ?? {};
    if (!prototype) return;
    const { apply } = prototype;
    const work = <T>(layer: Layer, action: () => T): T => this.#work(layer, replacements, action);
    replacements.replace(prototype, 'apply', function (this: Layer, ...given) {
      return work(this, () => apply.apply(this, given));
    });
  }

  #work<T>(layer: Layer, replacements: Replacements, action: () => T): T {
    // A model calls the layers in it directly (tfjs-layers/src/engine/container.ts, runInternalGraph).
    for (const one of layersIn(layer)) if (!this.#watched.has(one)) this.#watchCalls(one, replacements);
    if (this.#working.at(-1) === layer) return action();
    this.#working.push(layer);
    try {
      return within(`the layer '${layer.name}' (${layer.getClassName()})`, action);
    } finally {
      this.#working.pop();
    }
  }

  #watchCalls(layer: Layer, replacements: Replacements): void {
    this.#watched.add(layer);
    const { call } = layer;
    replacements.replace(layer, 'call', (...given) => this.#work(layer, replacements, () => call.apply(layer, given)));
  }
}

/** A layer of the user may have anything in a field of this name. */
function layersIn(layer: Layer): Layer[] {
  const { layers } = layer as { readonly layers?: unknown };
  return Array.isArray(layers) ? layers.filter(isLayer) : [];
}
