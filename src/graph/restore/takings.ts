/** Lists which stored value each variable is about to take, to check that it does not belong to another layer. */
import type { Attribute } from '../attribute.js';
import type { KeyedAttribute } from '../numbering.js';
import { keysBelow } from '../stored/walks.js';
import type { Taking } from './misplaced.js';
import type { RestoreSource } from './restore-source.js';
import type { StoredNames } from './stored-names.js';

/**
 * What each variable takes. Includes values that are not going to be read: they show where the values of other layers
 * are.
 */
export function takingsOf(
  variables: readonly KeyedAttribute[],
  assigned: ReadonlySet<Attribute>,
  reader: RestoreSource,
  stored: StoredNames,
): Taking[] {
  return variables.flatMap(variable => {
    const { attribute } = variable;
    const key = stored.nameOf(variable);
    const storedName = key === undefined ? undefined : stored.storedNameOf(key);
    if (key === undefined || storedName === undefined || !reader.has(key)) return [];
    const within = stored.mappedWith(attribute);
    const isSure = stored.isNamed(variable) || !assigned.has(attribute);
    const place = stored.placeOf?.(key);
    return [{ key, storedName, place, taker: attribute, name: attribute.fullName, isSure, within }];
  });
}

/** What layers without variables yet are going to take once they have some. */
export function laterTakings(
  reader: RestoreSource,
  { graph, owners, storedNameOf, mappedWith }: StoredNames,
): Taking[] {
  return [...owners].flatMap(([node, object]) => {
    const { incomplete, layer, fullName } = object;
    if (!graph || !incomplete || !layer || layer.isModel || fullName === undefined) return [];
    const scope = fullName.split('/');
    return keysBelow(graph, node).flatMap(key => {
      const storedName = storedNameOf(key);
      if (storedName === undefined || !reader.has(key)) return [];
      const name = [...scope, ...storedName.split('/').slice(scope.length)].join('/');
      return [{ key, storedName, taker: object, name, within: mappedWith(object) }];
    });
  });
}
