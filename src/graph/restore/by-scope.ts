/** Names of variables below a scope of another name, for checkpoints that know their tensors by name only. */

import type { Attribute } from '../attribute.js';
import type { KeyedAttribute } from '../numbering.js';

/**
 * The tensors of `scope` that the variables of an object stand for. How much of a variable's own name is the object's
 * and is to be replaced (`dense/kernel` in `old/kernel`, `cell/gate/kernel` in `old/gate/kernel`) is not known: it is
 * what finds most tensors, the least replaced first, and is the same for all of them. Two variables never share a
 * tensor by this.
 */
export function nameBelowScope(
  variables: readonly KeyedAttribute[],
  names: ReadonlySet<string>,
  scope: string,
): Map<Attribute, string | undefined> {
  const parts = variables.map(({ attribute }) => attribute.fullName.split('/'));
  const deepest = Math.max(0, ...parts.map(({ length }) => length - 1));
  let best: (string | undefined)[] = variables.map(() => undefined);
  let most = 0;
  for (let replaced = 0; replaced <= deepest; replaced++) {
    const candidates = parts.map(own => [scope, ...own.slice(Math.min(replaced, own.length - 1))].join('/'));
    if (new Set(candidates).size < candidates.length) continue;
    const found = candidates.map(name => (names.has(name) ? name : undefined));
    const count = found.filter(name => name !== undefined).length;
    if (count <= most) continue;
    best = found;
    most = count;
  }
  return new Map(variables.map(({ attribute }, i) => [attribute, best[i]]));
}
