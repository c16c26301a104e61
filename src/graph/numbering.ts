/**
 * Numbers the objects of a graph as TensorFlow does: breadth first from the root, children in tracking order, each
 * object once. The first (hence shortest) path by which an object is met names it. Slot variables follow, by optimizer,
 * slot name and variable (tensorflow/python/checkpoint/graph_view.py, util.py `serialize_slot_variables`).
 */
import type { Attribute } from './attribute.js';
import { attributeKey, escapePart, slotPath } from './key.js';
import type { Edge, Slot, Trackable } from './trackable.js';

const NO_SLOTS: readonly Slot[] = [];

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
  const numbering = numberByEdges(root, ({ children }) => children);
  addSlots(numbering.objects, numbering.numbers);
  return numbering;
}

function numberByEdges(
  root: Trackable,
  edgesOf: (object: Trackable) => readonly Edge[],
): { objects: NumberedObject[]; numbers: Map<Trackable, number> } {
  const objects: NumberedObject[] = [{ object: root, path: '' }];
  const numbers = new Map<Trackable, number>([[root, 0]]);
  // `objects` is also the queue: the children of all objects before `next` have been numbered.
  for (let next = 0; next < objects.length; next++) {
    const { object, path } = objects[next]!;
    for (const { name, node } of edgesOf(object)) {
      if (numbers.has(node)) continue;
      numbers.set(node, objects.length);
      objects.push({ object: node, path: path === '' ? escapePart(name) : `${path}/${escapePart(name)}` });
    }
  }
  return { objects, numbers };
}

/** The objects whose variables are restored one by one. What belongs to an object with a restorer is left out. */
export function numberPlainObjects(root: Trackable): Numbering {
  return numberByEdges(root, ({ restorer, children, added = [] }) => (restorer ? added : children));
}

/** The slots of an object that are written: by name in the object's order, then by the number of the variable. */
export function writtenSlots({ slots }: Trackable, numbers: ReadonlyMap<Trackable, number>): readonly Slot[] {
  if (slots === undefined || slots.length === 0) return NO_SLOTS;
  const byName = new Map<string, Slot[]>();
  for (const slot of slots) {
    if (!numbers.has(slot.variable)) continue;
    const group = byName.get(slot.name) ?? [];
    byName.set(slot.name, group);
    group.push(slot);
  }
  return [...byName.values()].flatMap(group =>
    group.sort((a, b) => numbers.get(a.variable)! - numbers.get(b.variable)!),
  );
}

function addSlots(objects: NumberedObject[], numbers: Map<Trackable, number>): void {
  const { length } = objects;
  for (let i = 0; i < length; i++) {
    const { object, path } = objects[i]!;
    if (object.slots === undefined) continue;
    for (const { variable, name, node } of writtenSlots(object, numbers)) {
      if (numbers.has(node)) continue;
      const owner = objects[numbers.get(variable)!]!;
      numbers.set(node, objects.length);
      objects.push({ object: node, path: slotPath(owner.path, path, name) });
    }
  }
}

/** For every node, whether it or a descendant satisfies `has`; cycles are fine. */
export function withDescendants({ objects, numbers }: Numbering, has: (object: Trackable) => boolean): boolean[] {
  const parents: number[][] = objects.map(() => []);
  for (const [number, { object }] of objects.entries()) {
    for (const { node } of object.children) parents[numbers.get(node)!]!.push(number);
    for (const { node } of writtenSlots(object, numbers)) parents[numbers.get(node)!]!.push(number);
  }
  const found = objects.map(({ object }) => has(object));
  return markAncestors(found, parents);
}

/** Whether the object or something below it has values. */
export function holdsValues(root: Trackable): boolean {
  if (root.attributes.length > 0 || root.children.some(({ node }) => node.attributes.length > 0)) return true;
  return root.children.length > 0 && numberObjects(root).objects.some(({ object }) => object.attributes.length > 0);
}

/** An attribute of a live object under the key it is saved by. */
export interface KeyedAttribute {
  readonly key: string;
  readonly attribute: Attribute;
}

/** The keys of every attribute of the objects, in node order. */
export function keyedAttributes(objects: Numbering['objects']): KeyedAttribute[] {
  const keyed: KeyedAttribute[] = [];
  for (const { object, path } of objects) {
    for (const attribute of object.attributes) keyed.push({ key: attributeKey(path, attribute.name), attribute });
  }
  return keyed;
}

/** Marks every ancestor of a marked node, in place; cycles are fine. `parents` are by node number. */
export function markAncestors(marked: boolean[], parents: readonly (readonly number[])[]): boolean[] {
  const queue = marked.flatMap((yes, number) => (yes ? [number] : []));
  for (let number = queue.pop(); number !== undefined; number = queue.pop()) {
    for (const parent of parents[number]!) {
      if (marked[parent]) continue;
      marked[parent] = true;
      queue.push(parent);
    }
  }
  return marked;
}
