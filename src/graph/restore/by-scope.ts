/** Finds variables below a scope of another name, in a checkpoint that has only names of tensors (no object graph). */

import type { Attribute } from '../attribute.js';
import type { KeyedAttribute } from '../numbering.js';

/**
 * For each variable of an object, its tensor below `scope`. The beginning of a variable's name is the object's own name
 * and is replaced by `scope`: `dense/kernel` is `old/kernel`, `cell/gate/kernel` is `old/gate/kernel`. How long that
 * beginning is, is not known. It has the same length for all variables: the one that finds most tensors, and of several
 * such, the shortest. Two variables never get the same tensor.
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
