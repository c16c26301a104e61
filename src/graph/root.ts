/**
 * Finds where in a stored graph a model is: `tf.train.Checkpoint(model)` and `save_weights` make it the root,
 * `tf.train.Checkpoint(net=…, optimizer=…)` a child of the root.
 */
import { matchListed } from './listed.js';
import { type Match, matchFrom } from './match.js';
import { keysBelow, type StoredGraph } from './stored-graph.js';
import type { Attribute, Trackable } from './trackable.js';

export interface RootMatch extends Match {
  /**
   * Names of the root's children that fit the live object equally well, in stored order. If there are any, nothing was
   * matched (`root` is 0 and `keys` is empty): which one is meant is not to be guessed.
   */
  readonly ambiguous: readonly string[];
}

/** Whether the value stored under a key has the dtype and shape of a live attribute. */
export type Fits = (attribute: Attribute, key: string) => boolean;

/** Children of the root that are tried; more is no checkpoint of models, and each costs a walk of the graph. */
const MOST_CANDIDATES = 32;

interface Candidate extends Match {
  readonly name: string;
  readonly fitting: number;
}

/**
 * The root or one of its children: where most values are found that fit by dtype and shape, then where most are found at
 * all. Of equals the root comes first, then the child `model`, then a child of which nothing would be left over. Two
 * different children that are equal even so (two networks of one shape) are ambiguous. TensorFlow has no such search: there
 * the caller builds the same `Checkpoint` again. Where nothing is found by edges, lists of variables are looked at.
 */
export function matchGraph(live: Trackable, stored: StoredGraph, fits: Fits = () => true): RootMatch {
  const candidate = (name: string, node: number): Candidate => {
    const match = matchFrom(live, stored, node);
    return { ...match, name, fitting: [...match.keys].filter(([attribute, key]) => fits(attribute, key)).length };
  };
  let best = candidate('', 0);
  let equals: Candidate[] = [];
  for (const { name, node } of candidateEdges(live, stored)) {
    const next = candidate(name, node);
    const order = next.fitting - best.fitting || next.keys.size - best.keys.size;
    if (order > 0) {
      best = next;
      equals = [];
    } else if (order === 0 && next.keys.size > 0) equals.push(next);
  }
  const listed = best.keys.size === 0 ? matchListed(live, stored, fits) : undefined;
  if (listed) return { ...listed, ambiguous: [] };
  if (equals.length === 0 || best.root === 0 || best.name === 'model') return { ...best, ambiguous: [] };
  const all = [best, ...equals];
  const exact = all.filter(({ root, keys }) => keysBelow(stored, root).length === keys.size);
  if (exact.length === 1) return { ...exact[0]!, ambiguous: [] };
  const names = new Set((exact.length > 0 ? exact : all).map(({ name }) => name));
  const inOrder = stored[0]!.children.map(({ name }) => name).filter(name => names.has(name));
  return { root: 0, keys: new Map(), ambiguous: inOrder };
}

/** `model` first; each node once; only where some edge could be followed at all. */
function candidateEdges(live: Trackable, stored: StoredGraph): { name: string; node: number }[] {
  const known = new Set([...live.children, ...(live.aliases ?? [])].map(({ name }) => name));
  const seen = new Set([0]);
  const edges = stored[0]!.children.filter(({ node }) => {
    if (seen.has(node)) return false;
    seen.add(node);
    const { children, attributes } = stored[node]!;
    return live.attributes.length > 0 ? attributes.length > 0 : children.some(({ name }) => known.has(name));
  });
  const model = edges.filter(({ name }) => name === 'model');
  return [...model, ...edges.filter(({ name }) => name !== 'model')].slice(0, MOST_CANDIDATES);
}
