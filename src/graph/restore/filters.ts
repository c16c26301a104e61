/** Selects the variables of a model that a restore changes. */
import { pathOfKey } from '../key.js';
import type { KeyedAttribute } from '../numbering.js';

export interface SelectionOptions {
  /** Only variables that have a matching name. */
  include?: RegExp | undefined;
  /** Without the variables that have a matching name; stronger than `include`. */
  exclude?: RegExp | undefined;
}

/**
 * The names of a variable that filters and maps know: key, key without suffix, Keras's name, the live object's own
 * name.
 */
export function filterNames({ key, attribute }: KeyedAttribute): string[] {
  return [key, pathOfKey(key), attribute.fullName, attribute.label];
}

/** `search` ignores `lastIndex`, so a pattern with the g or y flag does not remember the variable before. */
function matches(pattern: RegExp, names: readonly string[]): boolean {
  return names.some(name => name.search(pattern) >= 0);
}

/** `more`: other names by which filters know the variable. */
export function isSelected(variable: KeyedAttribute, options: SelectionOptions, more: readonly string[] = []): boolean {
  return isSelectedName([...filterNames(variable), ...more], options);
}

/** Whether `exclude` alone leaves out a variable with these names. */
export function isExcludedName(names: readonly string[], { exclude }: SelectionOptions): boolean {
  return exclude !== undefined && matches(exclude, names);
}

/** Whether `include` and `exclude` select a variable with these names. */
export function isSelectedName(names: readonly string[], { include, exclude }: SelectionOptions): boolean {
  return (include === undefined || matches(include, names)) && !(exclude && matches(exclude, names));
}
