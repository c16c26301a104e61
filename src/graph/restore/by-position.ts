/**
 * SavedModels of `model.export(…)` (Keras 3 and tf_keras): the graph has no layers, only lists of variables. Their
 * order is that of `model.variables`, layer by layer, so it says which variable is which.
 */

import type { Attribute } from '../attribute.js';
import { storedVariable } from '../stored/walks.js';
import type { StoredAttribute, StoredGraph } from '../stored-graph.js';
import type { Edge, Trackable } from '../trackable.js';
import type { Match } from './by-edges.js';

/** The lists that the root of such a graph has (keras/src/export/saved_model.py, ExportArchive). */
const LISTS: readonly string[] = ['variables', 'trainable_variables', 'non_trainable_variables'];

/** The random state of a Dropout, which is not one of its layer's own variables. */
const SEED = /(^|\/)seed_generator_state$/;

/**
 * Undefined unless the whole list fits the whole model, variable by variable: name, dtype and shape. A partial match is
 * never used, since only the position tells variables apart.
 */
export function matchByPosition(live: Trackable, stored: StoredGraph, fits: Fits): Match | undefined {
  const lists = new Map(stored[0]!.children.map(({ name, node }) => [name, node]));
  const root = lists.get('variables');
  if (root === undefined || !LISTS.every(name => lists.has(name))) return undefined;
  const itemsOf = (list: number): StoredAttribute[] =>
    stored[list]!.children.flatMap(({ node }) => storedVariable(stored, node) ?? []);
  const items = itemsOf(root).filter(({ fullName }) => !SEED.test(fullName));
  // A wrapper of tf_keras lists trained variables before frozen ones, so layers of one kind may have changed places.
  const namesOf = (list: string): string[] => itemsOf(lists.get(list)!).map(lastPart);
  const frozen = new Set(namesOf('non_trainable_variables'));
  if (namesOf('trainable_variables').some(name => frozen.has(name))) return undefined;
  const variables = inModelOrder(live);
  const same = ({ attribute, names }: ModelVariable, item: StoredAttribute): boolean =>
    names.has(lastPart(item)) && fits(attribute, item.key);
  if (items.length !== variables.length || !variables.every((one, i) => same(one, items[i]!))) return undefined;
  const keys = new Map(variables.map(({ attribute }, i) => [attribute, items[i]!.key]));
  return { root, keys, owners: new Map() };
}

function lastPart({ fullName }: StoredAttribute): string {
  return fullName.slice(fullName.lastIndexOf('/') + 1);
}

interface ModelVariable {
  readonly attribute: Attribute;
  /** The names that its object has for it, in any library. */
  readonly names: ReadonlySet<string>;
}

/** Depth first, each variable once. */
function inModelOrder(live: Trackable): ModelVariable[] {
  const found: ModelVariable[] = [];
  const seen = new Set([live]);
  const next: Edge[] = [...live.children].reverse();
  const namesIn = new Map<Trackable, Set<string>>();
  const addNames = (object: Trackable): void => {
    for (const { name, node } of [...object.children, ...(object.aliases ?? [])]) {
      if (node.attributes.length > 0) namesIn.set(node, (namesIn.get(node) ?? new Set()).add(name));
    }
  };
  addNames(live);
  for (let edge = next.pop(); edge !== undefined; edge = next.pop()) {
    const { node } = edge;
    if (seen.has(node)) continue;
    seen.add(node);
    for (const attribute of node.attributes) found.push({ attribute, names: namesIn.get(node)! });
    addNames(node);
    next.push(...[...node.children].reverse());
  }
  return found;
}

/** Whether the value stored under a key has the dtype and shape of a live attribute. */
export type Fits = (attribute: Attribute, key: string) => boolean;
