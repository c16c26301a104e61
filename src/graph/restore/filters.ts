/** Which variables of a model a restore is about. */
import { pathOfKey } from '../key.js';
import type { KeyedAttribute } from '../numbering.js';

export interface SelectionOptions {
  /** Only variables of which a name matches. */
  include?: RegExp | undefined;
  /** Without the variables of which a name matches; stronger than `include`. */
  exclude?: RegExp | undefined;
}

/**
 * The names by which filters and maps may speak of a variable: key, key without suffix, Keras's name, the owner's name.
 */
export function filterNames({ key, attribute }: KeyedAttribute): string[] {
  return [key, pathOfKey(key), attribute.fullName, attribute.label];
}

/** `search` ignores `lastIndex`, so a pattern with the g or y flag does not remember the variable before. */
function matches(pattern: RegExp, names: readonly string[]): boolean {
  return names.some(name => name.search(pattern) >= 0);
}

export function isSelected(variable: KeyedAttribute, options: SelectionOptions): boolean {
  return isSelectedName(filterNames(variable), options);
}

/** Whether `exclude` alone leaves out what has these names. */
export function isExcludedName(names: readonly string[], { exclude }: SelectionOptions): boolean {
  return exclude !== undefined && matches(exclude, names);
}

/** The same for what has these names. */
export function isSelectedName(names: readonly string[], { include, exclude }: SelectionOptions): boolean {
  return (include === undefined || matches(include, names)) && !(exclude && matches(exclude, names));
}
