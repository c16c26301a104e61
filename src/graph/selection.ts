/** Which variables of a model a restore is about, and which names of a checkpoint the caller gave them. */
import { TensorBundleError } from '../errors.js';
import { pathOfKey } from './key.js';
import type { KeyedAttribute } from './object-graph.js';

export interface SelectionOptions {
  /** Only variables of which a name matches. */
  include?: RegExp | undefined;
  /** Without the variables of which a name matches; stronger than `include`. */
  exclude?: RegExp | undefined;
  /** From a variable's name to the name of a tensor in the checkpoint. */
  map?: Readonly<Record<string, string>> | undefined;
}

/** The names by which filters and maps may speak of a variable: key, key without suffix, Keras's name, the owner's name. */
export function namesOf({ key, attribute }: KeyedAttribute): string[] {
  return [key, pathOfKey(key), attribute.fullName, attribute.label];
}

/** `search` ignores `lastIndex`, so a pattern with the g or y flag does not remember the variable before. */
function matches(pattern: RegExp, names: readonly string[]): boolean {
  return names.some(name => name.search(pattern) >= 0);
}

export function isSelected(variable: KeyedAttribute, { include, exclude }: SelectionOptions): boolean {
  const names = namesOf(variable);
  return (include === undefined || matches(include, names)) && !(exclude && matches(exclude, names));
}

/** Checkpoint name by live key. Throws ERR_INVALID_ARGUMENT for a name that no variable has: that is a typing error. */
export function mappedNames(
  variables: readonly KeyedAttribute[],
  map: Readonly<Record<string, string>> = {},
): Map<string, string> {
  const keyOf = new Map<string, string>();
  for (const variable of variables) {
    for (const name of namesOf(variable)) keyOf.set(name, variable.key);
  }
  return new Map(
    Object.entries(map).map(([name, stored]) => {
      const key = keyOf.get(name);
      if (key !== undefined) return [key, stored];
      const known = variables.slice(0, 5).map(({ attribute }) => attribute.label);
      throw new TensorBundleError(
        'ERR_INVALID_ARGUMENT',
        `map names the variable '${name}', which the model does not have; its variables are ${known.join(', ')}` +
          (variables.length > known.length ? ', …' : ''),
        { found: name },
      );
    }),
  );
}
