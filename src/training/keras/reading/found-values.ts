/**
 * What one of Keras's files holds for the variables of a model, whatever its layout, as a restore needs to know it.
 */

import { invalidArgument, type TensorBundleError } from '../../../errors.js';
import type { Attribute } from '../../../graph/attribute.js';
import { pathOfKey } from '../../../graph/key.js';
import type { KeyedAttribute } from '../../../graph/numbering.js';
import { numberPlainObjects } from '../../../graph/numbering.js';
import { enumerate } from '../../../graph/object-path.js';
import type { NameMap } from '../../../graph/restore/name-map.js';
import type { Misfit, StoredNames } from '../../../graph/restore/stored-names.js';
import type { Trackable } from '../../../graph/trackable.js';
import type { Hdf5Dataset } from '../../../hdf5/hdf5-file.js';
import type { OptimizerGraph } from '../layouts/optimizer-graph.js';
import { datasetAt, joined, type StoredGroup } from '../layouts/stored-tree.js';

/** What a file says about one variable. */
export interface FoundValue {
  /** Path of its dataset, or the path that it would have. */
  readonly key: string;
  readonly isThere: boolean;
  /** The datasets that the value is made of, if there are several. */
  readonly parts?: readonly Hdf5Dataset[];
  /** Keras's name of the variable when it was saved; undefined if the file does not have it. */
  readonly storedName?: string | undefined;
  /** Path of what the file has for the layer. */
  readonly place?: string | undefined;
}

export interface FoundValues {
  readonly values: ReadonlyMap<Attribute, FoundValue>;
  /** Layers for which the file has another number of variables, so that it is not known which they are. */
  readonly misfits: readonly Misfit[];
}

/** A layout: where in a file the values of a model, or of an object in it, are. */
export interface FileLayout {
  /** Of the whole model. */
  whole(): FoundValues;
  /** Of an object, at a path of the file; undefined if there is nothing. */
  at(object: Trackable, path: string): FoundValues | undefined;
  /** Paths that `map` may name, for messages. */
  readonly paths: readonly string[];
  /** Groups in which paths may begin, beside the root. */
  readonly prefixes: readonly string[];
}

/** Keras keeps values here that TensorFlow.js has no place for: the state of metrics and of random numbers. */
const NOT_OF_MODEL = /(^|\/)(metrics|_metrics|compile_metrics|_compile_metrics|_loss_tracker|seed_generator(_\d+)?)\//;

interface FoundInFile {
  readonly tree: StoredGroup;
  readonly datasets: ReadonlyMap<string, Hdf5Dataset>;
  readonly layout: FileLayout;
  readonly optimizer: OptimizerGraph | undefined;
  /** Keys that are not to be read, and do not count as unused. */
  readonly leftOut: (key: string) => boolean;
}

/** Throws ERR_INVALID_ARGUMENT for a `map` to something that the file does not have. */
export function namesOf(root: Trackable, file: FoundInFile, nameMap: NameMap): StoredNames {
  const { tree, layout, optimizer, datasets } = file;
  const { found, misfits, mappedBy } = foundBelow(root, layout, nameMap);
  const mapped = new Map<string, string>();
  for (const [key, stored] of nameMap.variables) {
    const path = datasetNamed(tree, stored, layout.prefixes);
    if (path === undefined) throw unknownPath(stored, pathOfKey(key), layout.paths);
    mapped.set(key, path);
  }
  const storedNames = new Map<string, string>();
  const places = new Map<string, string>();
  for (const { key, isThere, storedName, place } of found.values()) {
    if (isThere && storedName !== undefined) storedNames.set(key, storedName);
    if (isThere && place !== undefined) places.set(key, place);
  }
  const nameOf = ({ key, attribute }: KeyedAttribute): string | undefined => {
    const value = found.get(attribute);
    return mapped.get(key) ?? (value?.isThere ? value.key : undefined);
  };
  const expectedName = ({ key, attribute }: KeyedAttribute): string => found.get(attribute)?.key ?? pathOfKey(key);
  return {
    ...(optimizer && { graph: optimizer.graph }),
    owners: optimizer?.owners ?? new Map(),
    nameOf,
    expectedName,
    root: '',
    ambiguous: [],
    isMapped: ({ key, attribute }) => mapped.has(key) || mappedBy.has(attribute),
    isNamed: ({ key }) => mapped.has(key),
    mappedWith: part => mappedBy.get(part),
    storedNameOf: key => storedNames.get(key),
    placeOf: key => places.get(key),
    alsoCalled: variable => {
      const key = nameOf(variable) ?? expectedName(variable);
      return [key, `/${key}`, key.replace(/\/vars\/\d+$/, '')];
    },
    missingName: key => (NEVER_THERE.test(key) ? undefined : pathOfKey(key)),
    misfits,
    names: countedNames(file, [...found.values()], datasets),
    accompanied: new Map(),
  };
}

interface FoundBelow {
  readonly found: ReadonlyMap<Attribute, FoundValue>;
  readonly misfits: FoundValues['misfits'];
  /** The object that `map` names, by all that is below it. */
  readonly mappedBy: ReadonlyMap<Attribute | Trackable, Trackable>;
}

/** What the layout finds for the whole model, but below the objects that `map` names, what it finds there instead. */
function foundBelow(root: Trackable, layout: FileLayout, { objects }: NameMap): FoundBelow {
  const isRootMapped = objects.some(({ object }) => object === root);
  const whole = isRootMapped ? { values: new Map<Attribute, FoundValue>(), misfits: [] } : layout.whole();
  const found = new Map(whole.values);
  let misfits = whole.misfits;
  const mappedBy = new Map<Attribute | Trackable, Trackable>();
  for (const { object, name, stored } of objects) {
    const below = layout.at(object, stored.replace(/^\/+|\/+$/g, ''));
    if (below === undefined) throw unknownPath(stored, name, layout.paths);
    const replaced = new Set<Attribute>();
    for (const one of numberPlainObjects(object).objects) {
      mappedBy.set(one.object, object);
      for (const attribute of one.object.attributes) replaced.add(attribute);
    }
    for (const attribute of replaced) {
      mappedBy.set(attribute, object);
      const value = below.values.get(attribute);
      if (value === undefined) found.delete(attribute);
      else found.set(attribute, value);
    }
    const others = misfits.filter(({ attributes }) => !attributes.some(one => replaced.has(one)));
    misfits = [...others, ...below.misfits];
  }
  return { found, misfits, mappedBy };
}

/** A schedule instead of a learning rate, or a product that tf_keras does not save. */
const NEVER_THERE = /(^|\/)_(learning_rate|u_product)\//;

/** The datasets that belong to the model. One that has several paths counts once. */
function countedNames(
  { leftOut, optimizer }: FoundInFile,
  found: readonly FoundValue[],
  datasets: ReadonlyMap<string, Hdf5Dataset>,
): string[] {
  const used = new Set(found.flatMap(({ key, isThere }) => (isThere ? [key] : [])));
  for (const { attributes } of optimizer?.graph ?? []) for (const { key } of attributes) used.add(key);
  const ids = new Set([...used].flatMap(key => datasets.get(key)?.id ?? []));
  for (const { parts = [] } of found) for (const { id } of parts) ids.add(id);
  return [...datasets].flatMap(([path, { id }]) => {
    if (used.has(path)) return [path];
    return ids.has(id) || NOT_OF_MODEL.test(path) || leftOut(path) ? [] : [path];
  });
}

/** A path that begins at the root, or in one of the groups where the values of a whole model are. */
function datasetNamed(tree: StoredGroup, path: string, prefixes: readonly string[]): string | undefined {
  const name = path.replace(/^\/+/, '');
  return ['', ...prefixes]
    .flatMap(prefix => [joined(prefix, name), joined(prefix, `${name}:0`)])
    .find(one => datasetAt(tree, one) !== undefined);
}

function unknownPath(stored: string, name: string, paths: readonly string[]): TensorBundleError {
  return invalidArgument(
    `map looks for '${name}' at '${stored}', which the file does not have; it has ${enumerate(paths)}`,
    { found: stored },
  );
}
