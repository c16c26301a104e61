/**
 * Numbers the objects of a graph as TensorFlow does: breadth first from the root, children in tracking order, each object
 * once. The first (hence shortest) path by which an object is met names it.
 */
import { markAncestors } from './ancestors.js';
import { escapePart } from './key.js';
import type { Trackable } from './trackable.js';

export interface NumberedObject {
  readonly object: Trackable;
  /** Escaped parts joined by `/`; '' for the root. */
  readonly path: string;
}

/** Objects by node number, and the number of each object. */
export interface Numbering {
  readonly objects: readonly NumberedObject[];
  readonly numbers: ReadonlyMap<Trackable, number>;
}

export function numberObjects(root: Trackable): Numbering {
  const objects: NumberedObject[] = [{ object: root, path: '' }];
  const numbers = new Map<Trackable, number>([[root, 0]]);
  // `objects` is the queue as well: everything before `next` has had its children numbered.
  for (let next = 0; next < objects.length; next++) {
    const { object, path } = objects[next]!;
    for (const { name, node } of object.children) {
      if (numbers.has(node)) continue;
      numbers.set(node, objects.length);
      objects.push({ object: node, path: path === '' ? escapePart(name) : `${path}/${escapePart(name)}` });
    }
  }
  return { objects, numbers };
}

/** For every node, whether it or a descendant satisfies `has`; cycles are fine. */
export function withDescendants({ objects, numbers }: Numbering, has: (object: Trackable) => boolean): boolean[] {
  const parents: number[][] = objects.map(() => []);
  objects.forEach(({ object }, number) => {
    for (const { node } of object.children) parents[numbers.get(node)!]!.push(number);
  });
  const found = objects.map(({ object }) => has(object));
  return markAncestors(found, parents);
}
