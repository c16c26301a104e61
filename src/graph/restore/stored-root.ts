/**
 * Finds where in a stored graph a model is: `tf.train.Checkpoint(model)` and `save_weights` make it the root,
 * `tf.train.Checkpoint(net=…, optimizer=…)` a child of the root.
 */

import { keysBelow } from '../stored/walks.js';
import type { StoredGraph } from '../stored-graph.js';
import type { Trackable } from '../trackable.js';
import { type Match, matchByEdges } from './by-edges.js';
import { type Fits, matchByPosition } from './by-position.js';

interface RootMatch extends Match {
  /**
   * Names of the root's children that fit the live object equally well, in stored order. If there are any, nothing was
   * matched (`root` is 0 and `keys` is empty), rather than guessing which one is meant.
   */
  readonly ambiguous: readonly string[];
}

/**
 * How many children of the root are tried. A checkpoint of models does not have more, and each costs a walk of the
 * graph.
 */
const MOST_CANDIDATES = 32;

interface Candidate extends Match {
  readonly name: string;
  readonly fitting: number;
}

/**
 * Matches the root, or its child `model`, if any value is found from there by name, whether it fits or not. A value
 * that does not fit is reported then: another network of the checkpoint is not used instead because its shapes agree.
 *
 * Only if nothing is found from either, the other children are tried. The best is the one with most values that fit by
 * dtype and shape; then the one with most values that are found at all; then the one of which no value is left over. If
 * two different children are still equal (two networks of one shape), the match is ambiguous. If nothing is found by
 * edges, lists of variables are tried (`by-position.ts`).
 *
 * TensorFlow has no such search: there the caller builds the same `Checkpoint` again.
 */
export function matchGraph(live: Trackable, stored: StoredGraph, fits: Fits = () => true): RootMatch {
  const candidate = (name: string, node: number): Candidate => {
    const match = matchByEdges(live, stored, node);
    return { ...match, name, fitting: [...match.keys].filter(([attribute, key]) => fits(attribute, key)).length };
  };
  const edges = candidateEdges(live, stored);
  const root = candidate('', 0);
  const models = edges.filter(({ name }) => name === 'model').map(({ name, node }) => candidate(name, node));
  const [named] = bestCandidates([root, ...models]);
  if (named!.keys.size > 0) return { ...named!, ambiguous: [] };
  const best = bestCandidates(
    edges
      .slice(0, MOST_CANDIDATES)
      .map(({ name, node }) => candidate(name, node))
      .filter(({ keys }) => keys.size > 0),
  );
  const [only] = best;
  if (only === undefined) return { ...(matchByPosition(live, stored, fits) ?? root), ambiguous: [] };
  if (best.length === 1) return { ...only, ambiguous: [] };
  const exact = best.filter(({ root, keys }) => keysBelow(stored, root).length === keys.size);
  if (exact.length === 1) return { ...exact[0]!, ambiguous: [] };
  const names = new Set((exact.length > 0 ? exact : best).map(({ name }) => name));
  const inOrder = stored[0]!.children.map(({ name }) => name).filter(name => names.has(name));
  return { root: 0, keys: new Map(), owners: new Map(), ambiguous: inOrder };
}

/** All candidates that are as good as the best, in their given order. */
function bestCandidates(candidates: readonly Candidate[]): readonly Candidate[] {
  const order = (a: Candidate, b: Candidate): number => b.fitting - a.fitting || b.keys.size - a.keys.size;
  const sorted = [...candidates].sort(order);
  return sorted.filter(one => order(one, sorted[0]!) === 0);
}

/** The root's children, each node once, without those where no edge of the live object could be followed. */
function candidateEdges(live: Trackable, stored: StoredGraph): { name: string; node: number }[] {
  const known = new Set([...live.children, ...(live.aliases ?? [])].map(({ name }) => name));
  const seen = new Set([0]);
  return stored[0]!.children.filter(({ node }) => {
    if (seen.has(node)) return false;
    seen.add(node);
    const { children, attributes } = stored[node]!;
    return live.attributes.length > 0 ? attributes.length > 0 : children.some(({ name }) => known.has(name));
  });
}
