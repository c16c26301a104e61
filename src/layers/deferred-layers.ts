/**
 * Layers and models that are not complete: what a checkpoint holds for them waits until they are. tfjs builds a layer
 * when it is first applied, and a Sequential as its layers are added; neither tells anybody, so the one object is told
 * to.
 */
import type { Incomplete, Trackable } from '../graph/trackable.js';
import type { Layer } from './types.js';
import { awaitsWeights } from './unbuilt.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Undefined for what is complete; `describe` gives it as it is when called. */
export function incompleteLayer(layer: Layer, describe: () => Trackable): Incomplete | undefined {
  const isEmpty = 'layers' in layer && (layer.layers as readonly Layer[]).length === 0;
  if (isEmpty) return { owner: layer, watch: changed => afterEach(layer, 'add', () => changed(describe())) };
  if (!awaitsWeights(layer)) return undefined;
  return { owner: layer, watch: changed => afterEach(layer, 'build', () => changed(describe())) };
}

/** Calls `then` after each call of a method of this one object, until the function returned is called. */
function afterEach(object: object, method: 'add' | 'build', then: () => void): () => void {
  const methods = object as Record<'add' | 'build', Method>;
  const own = Object.hasOwn(object, method);
  const before = methods[method];
  let active = true;
  methods[method] = function (...args) {
    const result = before.apply(this, args);
    if (active) then();
    return result;
  };
  const wrapped = methods[method];
  return () => {
    active = false;
    if (methods[method] !== wrapped) return;
    if (own) methods[method] = before;
    else Reflect.deleteProperty(object, method);
  };
}
