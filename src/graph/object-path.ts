/** Follows the path of an object, written as in a key or as people write it, from object to object. */
import { escapePart } from './key.js';

/**
 * The object at the end of a path. If the path cannot be followed: how far it goes, and the names that lead on from
 * there.
 */
type Followed<T> =
  | { readonly object: T }
  | { readonly object: undefined; readonly followed: string; readonly names: readonly string[] };

/**
 * Follows `blocks/1/kernel`; the empty path is `start` itself. A part may be escaped, as in a key, or not. If an object
 * has two children of one name, the first counts.
 */
export function followPath<T>(
  start: T,
  path: string,
  childrenOf: (object: T) => readonly { readonly name: string; readonly node: T }[],
): Followed<T> {
  const parts = path.split('/').filter(part => part !== '');
  let object = start;
  for (const [index, part] of parts.entries()) {
    const children = childrenOf(object);
    const child = children.find(({ name }) => escapePart(name) === part || name === part);
    if (child === undefined) {
      return { object: undefined, followed: parts.slice(0, index).join('/'), names: children.map(({ name }) => name) };
    }
    object = child.node;
  }
  return { object };
}

/** `a, b, …` for messages: the first few of a list, each once. */
export function enumerate(names: Iterable<string>, most = 8): string {
  const distinct = [...new Set(names)];
  return distinct.slice(0, most).join(', ') + (distinct.length > most ? ', …' : '');
}
