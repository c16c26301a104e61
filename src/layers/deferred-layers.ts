/**
 * Layers and models that are not complete: their values in a checkpoint wait until they are. tfjs builds a layer when
 * it is first applied, and a Sequential as its layers are added. There is no event for either, so a method of the one
 * object is replaced.
 */
import type { Incomplete, Trackable } from '../graph/trackable.js';
import type { Layer } from './types.js';
import { awaitsWeights } from './unbuilt.js';

type Method = (this: unknown, ...args: unknown[]) => unknown;

/** Undefined for a layer that is complete. `describe` returns its description at the time of the call. */
export function incompleteLayer(layer: Layer, describe: () => Trackable): Incomplete | undefined {
  const isEmpty = 'layers' in layer && (layer.layers as readonly Layer[]).length === 0;
  if (isEmpty) return { owner: layer, watch: changed => afterEach(layer, 'add', () => changed(describe())) };
  if (!awaitsWeights(layer)) return undefined;
  return { owner: layer, watch: changed => afterEach(layer, 'build', () => changed(describe())) };
}

/** Calls `then` after each call of a method of this one object, until the returned function is called. */
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
