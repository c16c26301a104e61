/**
 * What a dataset is made of: tensors, numbers, texts, bytes, and arrays and objects of these. Tensors are owned:
 * whoever takes an element disposes of it, and a transformation of what it does not hand on (as
 * tfjs-data/src/dataset.ts has it).
 */

import { isLiteral } from '../../realms.js';
import { Tensor } from '../../tfjs-core.js';

/** Walks arrays and object literals; anything else is a leaf. One call a level: elements may be nested deep. */
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

/** Disposes of the tensors, without those that `kept` has too. */
export function disposeElement(element: unknown, kept?: unknown): void {
  const spared = kept === undefined ? new Set<Tensor>() : tensorsIn(kept);
  for (const tensor of tensorsIn(element)) if (!spared.has(tensor) && !tensor.isDisposed) tensor.dispose();
}

/** The same, with tensors of its own. */
export function cloneElement<T>(element: T): T {
  return mapLeaves(element, leaf => (leaf instanceof Tensor ? leaf.clone() : leaf)) as T;
}
