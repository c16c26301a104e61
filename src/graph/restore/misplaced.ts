/**
 * Finds values that would go to the wrong layer. Layers are found by their positions (`layer_with_weights-1`), which
 * change with the order of layers: a Dropout in one of two branches is enough. A checkpoint also has the name of each
 * variable (`a/kernel`). If a user gave that name, it says which layer the variable belongs to. TensorFlow does not
 * look at it, and gives one layer's weights to another.
 */
import { TensorBundleError } from '../../errors.js';
import type { Attribute } from '../attribute.js';
import { pathOfKey } from '../key.js';
import { numberPlainObjects } from '../numbering.js';
import { enumerate } from '../object-path.js';
import type { LayerName, Trackable } from '../trackable.js';
import type { SourceKind } from './restore-source.js';

/** A stored value and its taker: the variable that is to get it, or a layer that has no variables yet. */
export interface Taking {
  /** Key of the stored value. */
  readonly key: string;
  /** Name of its variable when it was saved: `a/kernel`. */
  readonly storedName: string;
  /** Where the values of its layer are, if the key does not tell. */
  readonly place?: string | undefined;
  readonly taker: Attribute | Trackable;
  /** Name of the taker here: `b/kernel`. */
  readonly name: string;
  /** There is no doubt: the caller named this value for this variable, or the value is not going to be assigned. */
  readonly isSure?: boolean;
  /** An object that the caller has mapped and that the taker is in. Only layers in it can have changed places. */
  readonly within?: Trackable | undefined;
}

/** The weights of a layer that another layer of the model would be given. */
export interface Misplacement {
  readonly key: string;
  readonly storedName: string;
  /** Name of the live layer that would get the value. `owner`: name of the live layer that it belongs to. */
  readonly taker: string;
  readonly owner: string;
  /**
   * For each of the two layers, by name, the path of its weights in the checkpoint. Undefined unless both are known.
   */
  readonly places: ReadonlyMap<string, string> | undefined;
}

interface NamedLayer extends LayerName {
  readonly object: Trackable;
  readonly scope: string;
  /** The variables in it, and the layers in it that have no variables yet. */
  readonly holds: ReadonlySet<Attribute | Trackable>;
  /** Number of edges from it to each variable, by the variable's name. */
  readonly depths: ReadonlyMap<string, number>;
  /** Last parts of the variables' names; undefined if some are not made yet. */
  readonly variables: ReadonlySet<string> | undefined;
}

/**
 * The takings that go to the wrong layer. A taking is wrong if all of this is true:
 * - the value's name is that of another layer of the same model or list, not that of the taker's layer;
 * - a user gave that other layer its name: names that Keras or TensorFlow.js make up for a class (`dense_1`) prove
 *   nothing;
 * - that other layer does not get its own weights from elsewhere.
 */
export function findMisplaced(root: Trackable, takings: readonly Taking[]): Misplacement[] {
  // Most names agree, and then there is nothing to do.
  const doubtful = takings.filter(({ storedName, name, isSure }) => !isSure && storedName !== name);
  if (doubtful.length === 0) return [];
  return groupsIn(root).flatMap(group => {
    const layers = namedLayers(group);
    const members = new Set(layers.flatMap(({ holds }) => [...holds]));
    const byScope = new Map<string, NamedLayer[]>();
    for (const layer of layers) byScope.set(layer.scope, [...(byScope.get(layer.scope) ?? []), layer]);
    const ownKeys = new Map<NamedLayer, ReadonlySet<string>>();
    return doubtful.flatMap(taking => {
      const found = members.has(taking.taker) ? ownerOf(taking, layers, byScope) : undefined;
      if (found === undefined) return [];
      const { owner, taker } = found;
      const own = ownKeys.get(owner) ?? keysOf(owner, takings);
      ownKeys.set(owner, own);
      // Two layers of this name were saved (in two nested models), and the layer here gets the weights of its own one.
      if (own.size > 0 && !own.has(taking.key)) return [];
      const { key, storedName } = taking;
      const places = placesOf([owner, taker], takings);
      return [{ key, storedName, taker: taker.name, owner: owner.name, places }];
    });
  });
}

/** Keys of the values that a layer takes and that have the layer's name. */
function keysOf({ holds, scope }: NamedLayer, takings: readonly Taking[]): ReadonlySet<string> {
  const own = takings.filter(
    ({ storedName, taker }) => holds.has(taker) && isWithin(partsOf(scope), partsOf(storedName)),
  );
  return new Set(own.map(({ key }) => key));
}

/**
 * The models and the lists of layers below `root`: positions can only be mixed up within one of these. Objects under
 * names that the user chose cannot be mixed up.
 */
function groupsIn(root: Trackable): Trackable[] {
  const groups: Trackable[] = [];
  const seen = new Set<Trackable>([root]);
  for (const object of seen) {
    const isList = object.children.length > 1 && object.children.every(({ name }) => /^\d+$/.test(name));
    if (object.layer || (isList && object.children.some(({ node }) => node.layer))) groups.push(object);
    else if (!object.restorer) for (const { node } of object.children) seen.add(node);
    for (const { node } of object.added ?? []) seen.add(node);
  }
  return groups;
}

function namedLayers(group: Trackable): NamedLayer[] {
  return numberPlainObjects(group).objects.flatMap(({ object }) => {
    const { layer, fullName: scope } = object;
    if (layer === undefined || scope === undefined) return [];
    const numbered = numberPlainObjects(object).objects;
    const inside = numbered.map(one => one.object);
    const depths = new Map(
      numbered.flatMap(one =>
        one.object.attributes.map(({ fullName }) => [fullName, partsOf(one.path).length] as const),
      ),
    );
    const attributes = inside.flatMap(one => one.attributes);
    const unbuilt = inside.filter(({ incomplete }) => incomplete);
    if (attributes.length + unbuilt.length === 0) return [];
    const variables = unbuilt.length > 0 ? undefined : new Set(attributes.map(({ fullName }) => lastOf(fullName)));
    return [{ ...layer, object, scope, holds: new Set([...attributes, ...unbuilt]), depths, variables }];
  });
}

/** The layer that the value's name belongs to, if the taker is not in it. */
function ownerOf(
  { storedName, name, taker, within }: Taking,
  layers: readonly NamedLayer[],
  byScope: ReadonlyMap<string, readonly NamedLayer[]>,
): { owner: NamedLayer; taker: NamedLayer } | undefined {
  const stored = partsOf(storedName).slice(0, -1);
  const own = partsOf(name).slice(0, -1);
  const mayOwn = (layer: NamedLayer): boolean =>
    layer.isGiven &&
    !layer.holds.has(taker) &&
    (layer.variables?.has(lastOf(storedName)) ?? true) &&
    (within === undefined || numberPlainObjects(within).numbers.has(layer.object));
  const holders = layers.filter(({ holds }) => holds.has(taker)).sort((a, b) => a.holds.size - b.holds.size);
  // Keras 3 puts the names of nested models before the layer's name, and the names of layers in wrappers after it.
  const more = stored.length - own.length;
  const outer = layers.filter(one => one.isModel && stored.slice(0, Math.max(0, more)).includes(one.name));
  const model = holders.find(({ isModel }) => isModel);
  const foreign = outer.every(one => !one.holds.has(taker)) ? outer.find(mayOwn) : undefined;
  if (foreign && model) return { owner: foreign, taker: model };
  if (isWithin(own, stored)) return undefined;
  for (const shift of new Set([more, 0])) {
    for (const [i, part] of own.entries()) {
      const found = stored[i + shift];
      if (found === undefined || found === part) continue;
      const scope = own.slice(0, i + 1).join('/');
      const takers = holders.filter(one => one.scope === scope);
      const scopes = [[...own.slice(0, i), found], stored.slice(0, i + shift + 1)].map(parts => parts.join('/'));
      const owner = scopes
        .flatMap(one => byScope.get(one) ?? [])
        .find(one => mayOwn(one) && one.scope.endsWith(one.name));
      if (owner && takers.length > 0 && !takers.some(({ isAutomatic }) => isAutomatic(found)))
        return { owner, taker: takers.find(one => one.scope.endsWith(one.name)) ?? takers[0]! };
    }
  }
  return undefined;
}

/** For each layer, by name, the path of the stored object whose values have the layer's name. */
function placesOf(layers: readonly NamedLayer[], takings: readonly Taking[]): ReadonlyMap<string, string> | undefined {
  const places = new Map<string, string>();
  for (const { name, scope, depths, isModel } of layers) {
    const value = takings.find(({ storedName }) => isWithin(partsOf(scope), partsOf(storedName)));
    const last = value && lastOf(value.storedName);
    const [, depth] = [...depths].find(([variable]) => lastOf(variable) === last) ?? [];
    if (value?.place !== undefined) {
      places.set(name, value.place);
      continue;
    }
    // In a model, Keras 3 has other edges, and not the same number of them.
    if (value === undefined || depth === undefined || isModel) return undefined;
    places.set(name, partsOf(pathOfKey(value.key)).slice(0, -depth).join('/'));
  }
  return places;
}

function partsOf(name: string): string[] {
  return name.split('/');
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Whether all of `parts` are in `whole`, in this order. */
function isWithin(parts: readonly string[], whole: readonly string[]): boolean {
  let found = 0;
  for (const part of whole) if (part === parts[found]) found++;
  return found === parts.length;
}

/** ERR_MISMATCH for a match by position that the names contradict. Nothing was changed. */
export class MisplacedWeightsError extends TensorBundleError {
  /** For each layer that would be given the weights of another: its name, and the name of the other. */
  readonly misplaced: readonly { readonly layer: string; readonly weightsOf: string; readonly key: string }[];

  /** `source` says what has the values, `path` where that is. */
  constructor(found: readonly Misplacement[], source: SourceKind | 'the other model', path: string) {
    const pairs = [...new Map(found.map(one => [`${one.taker}\n${one.owner}`, one])).values()];
    const [first] = pairs;
    const more =
      pairs.length > 1
        ? ` (and ${enumerate(
            pairs.slice(1).map(one => `'${one.taker}' those of '${one.owner}'`),
            3,
          )})`
        : '';
    super(
      'ERR_MISMATCH',
      `layer '${first!.taker}' would be given the weights of '${first!.owner}' (${first!.storedName}, at ` +
        `${first!.key} of ${source})${more}, ` +
        `and '${first!.owner}' is another layer of this model; nothing was changed. Layers are found by their ` +
        `positions, and ${source} has them in another order: ${remedy(pairs, source)}`,
      { path, tensor: first!.key, expected: first!.taker, found: first!.owner },
    );
    this.misplaced = pairs.map(({ taker, owner, key }) => ({ layer: taker, weightsOf: owner, key }));
  }
}

function remedy(pairs: readonly Misplacement[], source: string): string {
  const as = 'build the model with its layers in the order in which it was saved';
  if (source === 'the other model')
    return (
      `build both models with their layers in the same order, or copy layer by layer: ` +
      `to.getLayer('${pairs[0]!.owner}').setWeights(from.getLayer('${pairs[0]!.owner}').getWeights())`
    );
  const places = pairs.every(one => one.places) ? new Map(pairs.flatMap(one => [...one.places!])) : undefined;
  if (places) {
    const entries = [...places].map(([name, path]) => `${JSON.stringify(name)}: ${JSON.stringify(path)}`);
    return `${as}, or say where each is: { map: { ${entries.join(', ')} } }`;
  }
  return (
    `${as}; or say with \`map\` where the weights of '${pairs[0]!.taker}' and '${pairs[0]!.owner}' are, or ` +
    'leave out layers that should keep their values with `exclude`'
  );
}
