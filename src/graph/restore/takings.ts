/** Which stored value each variable is about to take: for the check that it is not another layer's. */
import type { CheckpointReader } from '../../bundle/reader.js';
import { keysBelow } from '../stored/decode.js';
import type { KeyedAttribute } from '../stored/encode.js';
import type { Attribute } from '../trackable.js';
import type { Taking } from './misplaced.js';
import type { StoredNames } from './stored-names.js';

/** What each variable takes, and what is not read all the same: it shows whose values are elsewhere. */
export function takingsOf(
  variables: readonly KeyedAttribute[],
  assigned: ReadonlySet<Attribute>,
  reader: CheckpointReader,
  stored: StoredNames,
): Taking[] {
  return variables.flatMap(variable => {
    const { attribute } = variable;
    const key = stored.nameOf(variable);
    const storedName = key === undefined ? undefined : stored.storedNameOf(key);
    if (key === undefined || storedName === undefined || !reader.has(key)) return [];
    const within = stored.mappedWith(attribute);
    const isSure = stored.isNamed(variable) || !assigned.has(attribute);
    return [{ key, storedName, taker: attribute, name: attribute.fullName, isSure, within }];
  });
}

/** What layers that have no variables yet are going to take. */
export function laterTakings(
  reader: CheckpointReader,
  { graph, owners, storedNameOf, mappedWith }: StoredNames,
): Taking[] {
  return [...owners].flatMap(([node, object]) => {
    const { growth, layer, fullName } = object;
    if (!graph || !growth || !layer || layer.isModel || fullName === undefined) return [];
    const scope = fullName.split('/');
    return keysBelow(graph, node).flatMap(key => {
      const storedName = storedNameOf(key);
      if (storedName === undefined || !reader.has(key)) return [];
      const name = [...scope, ...storedName.split('/').slice(scope.length)].join('/');
      return [{ key, storedName, taker: object, name, within: mappedWith(object) }];
    });
  });
}
