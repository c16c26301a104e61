/**
 * Which value of one of Keras's older HDF5 files belongs to which variable. Keras goes by the order of the layers, and
 * of the variables in a layer: those that are trained, then the others. The order changes when layers are frozen, and
 * then Keras loads weights into the wrong variables. Names are stored, too: where they agree, they count.
 */
import type { Attribute } from '../../../graph/attribute.js';
import { isSameShape } from '../../../graph/mismatch.js';
import type { Layer } from '../../../layers/types.js';
import { convertedWeights } from './legacy-conversions.js';
import type { LegacyFile, StoredLayer, StoredWeight } from './legacy-file.js';
import type { LegacyLayer } from './legacy-layers.js';
import { plainValue, type StoredValue } from './stored-value.js';

/** A layer of the live model, and the names that Keras may have for it. */
export interface NamedLegacyLayer extends LegacyLayer {
  readonly names: readonly string[];
}

/** A value for a variable. */
interface LegacyPlace {
  readonly value: StoredValue;
  /** Keras's name of its variable when it was saved: `dense/kernel`. */
  readonly storedName: string;
  readonly layer: StoredLayer;
}

export interface LegacyPlaces {
  readonly places: ReadonlyMap<Attribute, LegacyPlace>;
  /** For a variable without a value: the layer that should have it. */
  readonly layers: ReadonlyMap<Attribute, StoredLayer>;
}

/** `byName`: layers are found by their names only, as with Keras's `by_name=True`. */
export function legacyPlaces(live: readonly NamedLegacyLayer[], file: LegacyFile, byName: boolean): LegacyPlaces {
  const places = new Map<Attribute, LegacyPlace>();
  const layers = new Map<Attribute, StoredLayer>();
  const holding = live.filter(({ variables }) => variables.length > 0);
  const stored = file.layers.filter(({ weights }) => weights.length > 0);
  for (const [one, layer] of pairedLayers(holding, stored, byName)) {
    for (const attribute of one.variables) layers.set(attribute, layer);
    for (const [attribute, place] of pairedWeights(one.layer, one.variables, layer, file.kerasVersion))
      places.set(attribute, place);
  }
  return { places, layers };
}

function pairedLayers(
  live: readonly NamedLegacyLayer[],
  stored: readonly StoredLayer[],
  byName: boolean,
): (readonly [NamedLegacyLayer, StoredLayer])[] {
  const byStoredName = new Map(stored.map(layer => [layer.name, layer]));
  const ownNames = new Set(live.map(({ layer }) => layer.name));
  const isSame =
    ownNames.size === live.length &&
    byStoredName.size === stored.length &&
    live.length === stored.length &&
    live.every(({ layer }) => byStoredName.has(layer.name));
  if (!isSame && !byName && live.length === stored.length) return live.map((one, i) => [one, stored[i]!]);
  return live.flatMap(one => {
    const name = [one.layer.name, ...one.names].find(known => byStoredName.has(known));
    return name === undefined ? [] : [[one, byStoredName.get(name)!] as const];
  });
}

/** Pairs the variables of a layer with values. */
export function pairedWeights(
  layer: Layer,
  variables: readonly Attribute[],
  stored: StoredLayer,
  kerasVersion: string,
): (readonly [Attribute, LegacyPlace])[] {
  const given = stored.weights.map(({ key, dataset }) => plainValue(key, dataset));
  const values = convertedWeights(layer, given, kerasVersion);
  const names = new Map(stored.weights.map(({ key, name }) => [key, name]));
  const order = values.length === given.length ? orderOf(variables, values, stored.weights) : undefined;
  return variables.flatMap((attribute, i) => {
    const value = values[order === undefined ? i : order[i]!];
    if (value === undefined) return [];
    return [[attribute, { value, storedName: names.get(value.key) ?? stored.name, layer: stored }] as const];
  });
}

/** For each variable, the place of its value. Undefined: the order counts. */
function orderOf(
  variables: readonly Attribute[],
  values: readonly StoredValue[],
  weights: readonly StoredWeight[],
): readonly number[] | undefined {
  const names = weights.map(({ name }) => name);
  const byWholeName = variables.map(({ fullName }) => only(names, name => isNamed(name, fullName)));
  // A name that TensorFlow.js made up says nothing.
  const isGiven = variables.every(({ label, fullName }) => firstOf(label) === firstOf(fullName));
  if (isGiven && isComplete(byWholeName) && new Set(byWholeName).size === variables.length) return byWholeName;
  const lastNames = names.map(lastOf);
  const isInOrder =
    values.length === variables.length &&
    variables.every((one, i) => lastOf(one.fullName) === lastNames[i] && isSameShape(one, values[i]!));
  if (isInOrder) return undefined;
  // The n-th variable of a name has the n-th value of that name.
  const taken = new Map<string, number>();
  const byLastName = variables.map(({ fullName }) => {
    const name = lastOf(fullName);
    const from = lastNames.indexOf(name, taken.get(name) ?? 0);
    taken.set(name, from + 1);
    return from;
  });
  const isFitting = !byLastName.includes(-1) && variables.every((one, i) => isSameShape(one, values[byLastName[i]!]!));
  // With a different number of them, names tell more than the order.
  return isFitting || (values.length !== variables.length && !byLastName.every(at => at === -1))
    ? byLastName
    : undefined;
}

function isComplete(places: readonly (number | undefined)[]): places is readonly number[] {
  return !places.includes(undefined);
}

/** Keras 3 puts the name of the model before some names. */
function isNamed(stored: string, name: string): boolean {
  return stored === name || stored.endsWith(`/${name}`);
}

/** The place of the one name that fits; undefined if there are several, or none. */
function only(names: readonly string[], fits: (name: string) => boolean): number | undefined {
  const first = names.findIndex(fits);
  return first >= 0 && !names.slice(first + 1).some(fits) ? first : undefined;
}

function firstOf(name: string): string {
  return name.split('/', 1)[0]!;
}

function lastOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
