/**
 * The elements of a dataset: tensors, numbers, texts, bytes, and arrays and objects of these. Tensors have an owner: a
 * caller that takes an element disposes of it, and a transformation disposes of what it does not hand on (as in
 * tfjs-data/src/dataset.ts).
 */

import { isLiteral } from '../../realms.js';
import { Tensor } from '../../tfjs-core.js';

/**
 * Walks arrays and object literals; anything else is a leaf. Only one call per level, because elements may be nested
 * deeply.
 */
function mapLeaves(value: unknown, change: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const item of value) items.push(mapLeaves(item, change));
    return items;
  }
  if (!isLiteral(value)) return change(value);
  const entries = Object.entries(value);
  for (const entry of entries) entry[1] = mapLeaves(entry[1], change);
  return Object.fromEntries(entries);
}

function tensorsIn(element: unknown): Set<Tensor> {
  const found = new Set<Tensor>();
  mapLeaves(element, leaf => leaf instanceof Tensor && found.add(leaf));
  return found;
}

/** Disposes of the tensors in an element, except those that are also in `kept`. */
export function disposeElement(element: unknown, kept?: unknown): void {
  const spared = kept === undefined ? new Set<Tensor>() : tensorsIn(kept);
  for (const tensor of tensorsIn(element)) if (!spared.has(tensor) && !tensor.isDisposed) tensor.dispose();
}

/** A copy of the element, with tensors of its own. */
export function cloneElement<T>(element: T): T {
  return mapLeaves(element, leaf => (leaf instanceof Tensor ? leaf.clone() : leaf)) as T;
}
