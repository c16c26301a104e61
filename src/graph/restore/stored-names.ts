/**
 * Names of the tensors in a checkpoint that hold the values of live variables. Their types and shapes are checked
 * later.
 */

import { invalidArgument, type TensorBundleError } from '../../errors.js';
import { isBytes } from '../../realms.js';
import type { Attribute } from '../attribute.js';
import { OBJECT_GRAPH_KEY, pathOfKey } from '../key.js';
import { compare, type Mismatch } from '../mismatch.js';
import { type KeyedAttribute, keyedAttributes, numberPlainObjects } from '../numbering.js';
import { enumerate, followPath } from '../object-path.js';
import { decodeObjectGraph } from '../stored/decode.js';
import { storedValues } from '../stored/value-names.js';
import { nodesBelow, storedPaths } from '../stored/walks.js';
import type { StoredGraph } from '../stored-graph.js';
import type { Trackable } from '../trackable.js';
import { matchByEdges } from './by-edges.js';
import type { Fits } from './by-position.js';
import { nameBelowScope } from './by-scope.js';
import { type Accompanied, accompaniedValues, type Companion } from './companions.js';
import type { MappedObject, NameMap } from './name-map.js';
import type { RestoreSource } from './restore-source.js';
import { matchGraph } from './stored-root.js';

export interface StoredNames {
  /** Undefined if the checkpoint has only names of tensors. */
  readonly graph?: StoredGraph;
  /** The live object that each stored node was matched to. */
  readonly owners: ReadonlyMap<number, Trackable>;
  /** Name of the tensor; undefined if there is none. */
  nameOf(variable: KeyedAttribute): string | undefined;
  /** The name that its tensor has, or would have, in this checkpoint. */
  expectedName(variable: KeyedAttribute): string;
  /** Path of the object that was taken for the live root; '' for the root of the checkpoint. */
  readonly root: string;
  /**
   * Names of objects that fit the live root equally well, in stored order. If there are any, only variables that `map`
   * mentions have names.
   */
  readonly ambiguous: readonly string[];
  /** Whether `map` says where the variable is. */
  isMapped(variable: KeyedAttribute): boolean;
  /** The name of a stored value's variable when it was saved; undefined if it is not known. */
  storedNameOf(key: string): string | undefined;
  /** Where the values of a value's layer are, as `map` may name it. Left out if the key tells. */
  placeOf?(key: string): string | undefined;
  /**
   * The name in messages of a value that an object with a restorer lacks; undefined if such a file never has it.
   * Default: its key.
   */
  missingName?(key: string): string | undefined;
  /** Layers whose values cannot be told apart. Default: none. */
  readonly misfits?: readonly Misfit[];
  /** More names by which filters know the variable, beside those of a checkpoint. */
  alsoCalled?(variable: KeyedAttribute): readonly string[];
  /** Whether `map` mentions the variable itself, not only an object that it is in. */
  isNamed(variable: KeyedAttribute): boolean;
  /** The innermost object that `map` mentions and that this variable or object is in. */
  mappedWith(part: Attribute | Trackable): Trackable | undefined;
  /** Names in the checkpoint that belong to what was matched. */
  readonly names: readonly string[];
  /** By name, the values that have companions. */
  readonly accompanied: ReadonlyMap<string, Accompanied>;
}

/** A mismatch that is not that of one value. */
export interface Misfit extends Mismatch {
  readonly label: string;
  /** The variables that it is about. */
  readonly attributes: readonly Attribute[];
}

export interface StoredNamesOptions {
  /** Stored variables that change the meaning of others, which must not be read without them. */
  companions?: readonly Companion[] | undefined;
  /** Default true: the live root may be a child of the stored one. */
  search?: boolean | undefined;
  /** Stored objects whose values do not count as the root's, unless they are elsewhere below the root, too. */
  aside?: ((graph: StoredGraph) => readonly number[]) | undefined;
}

/** Throws ERR_CORRUPT for a damaged object graph, ERR_INVALID_ARGUMENT for a `map` to something that does not exist. */
export async function storedNames(
  root: Trackable,
  reader: RestoreSource,
  nameMap: NameMap,
  { companions = [], search = true, aside = () => [] }: StoredNamesOptions,
): Promise<StoredNames> {
  if (!reader.has(OBJECT_GRAPH_KEY)) return namesByVariable(reader, nameMap);
  const { data } = await reader.read(OBJECT_GRAPH_KEY);
  const [serialized] = data;
  const graph = decodeObjectGraph(isBytes(serialized) ? serialized : new Uint8Array(), reader.prefix);
  return namesByPath(root, graph, reader, nameMap, companions, search, aside(graph));
}

function namesByPath(
  root: Trackable,
  graph: StoredGraph,
  reader: RestoreSource,
  nameMap: NameMap,
  companions: readonly Companion[],
  search: boolean,
  aside: readonly number[],
): StoredNames {
  const fits: Fits = (attribute, key) => reader.has(key) && compare(key, attribute, reader.entry(key)) === null;
  const match = search ? matchGraph(root, graph, fits) : { ...matchByEdges(root, graph, 0), ambiguous: [] };
  const rootMapped = nameMap.objects.some(({ object }) => object === root);
  const paths = storedPaths(graph);
  const prefix = paths.get(match.root) ?? '';
  const found = new Map<Attribute, string | undefined>(match.keys);
  const owners = new Map(match.owners);
  const expected = new Map<Attribute, string>();
  // Other children of the root (an optimizer) do not belong to the model, even if the model holds them, too.
  const others = graph[0]!.children.map(({ node }) => node).filter(node => node !== match.root);
  const mappedBy = new Map<Attribute | Trackable, Trackable>();
  const nodes: number[] = [];
  if (!rootMapped) {
    const isWhole = match.root === 0 && aside.length === 0;
    const outside = new Set([...(match.root === 0 ? [] : others), ...aside]);
    nodes.push(...(isWhole ? graph.keys() : nodesBelow(graph, match.root, outside)));
  }
  for (const { object, name, stored } of nameMap.objects) {
    const node = storedObject(graph, match.root, stored, name);
    const { keys, owners: below } = matchByEdges(object, graph, node);
    for (const [stored, live] of below) owners.set(stored, live);
    const { objects } = numberPlainObjects(object);
    for (const below of objects) mappedBy.set(below.object, object);
    for (const { key, attribute } of keyedAttributes(objects)) {
      found.set(attribute, keys.get(attribute));
      mappedBy.set(attribute, object);
      expected.set(attribute, joinKey(paths.get(node) ?? stored, key));
    }
    nodes.push(...nodesBelow(graph, node, new Set(aside)));
  }
  const names = storedValues(graph, nodes, paths, reader);
  const mapped = new Map<string, string>();
  for (const [key, stored] of nameMap.variables) {
    const name = reader.has(stored) ? stored : valueAt(graph, match.root, stored);
    if (name === undefined) throw unknownTensor(stored, pathOfKey(key), [...names].map(pathOfKey));
    mapped.set(key, name);
  }
  const fullNames = new Map(graph.flatMap(({ attributes }) => attributes.map(({ key, fullName }) => [key, fullName])));
  return {
    graph,
    owners,
    storedNameOf: key => fullNames.get(key) || undefined,
    isNamed: ({ key }) => mapped.has(key),
    mappedWith: part => mappedBy.get(part),
    nameOf: ({ key, attribute }) => mapped.get(key) ?? found.get(attribute),
    expectedName: ({ key, attribute }) => expected.get(attribute) ?? joinKey(prefix, key),
    root: prefix,
    ambiguous: rootMapped ? [] : match.ambiguous,
    isMapped: ({ key, attribute }) => mapped.has(key) || expected.has(attribute),
    names: [...names],
    accompanied: accompaniedValues(graph, companions),
  };
}

/** A name-based checkpoint (tf.compat.v1.train.Saver): TensorFlow falls back to the variables' names, and so do we. */
function namesByVariable(reader: RestoreSource, nameMap: NameMap): StoredNames {
  const names = reader.names();
  const found = new Map<Attribute, string | undefined>();
  for (const { object, name, stored } of nameMap.objects) {
    const scope = stored.replace(/\/+$/, '');
    const inScope = names.filter(one => one.startsWith(`${scope}/`));
    if (inScope.length === 0) throw unknownObject(stored, name, `its tensors are ${enumerate(names)}`);
    const attributes = keyedAttributes(numberPlainObjects(object).objects);
    for (const [attribute, tensor] of nameBelowScope(attributes, new Set(inScope), scope)) found.set(attribute, tensor);
  }
  for (const [key, stored] of nameMap.variables) {
    if (!reader.has(stored)) throw unknownTensor(stored, pathOfKey(key), names);
  }
  const byName = ({ attribute }: KeyedAttribute): string | undefined =>
    [attribute.fullName, attribute.label].find(name => reader.has(name));
  return {
    owners: new Map(),
    nameOf: variable =>
      nameMap.variables.get(variable.key) ??
      (found.has(variable.attribute) ? found.get(variable.attribute) : byName(variable)),
    expectedName: ({ attribute }) => attribute.fullName,
    root: '',
    ambiguous: [],
    isMapped: ({ key, attribute }) => nameMap.variables.has(key) || found.has(attribute),
    // Variables are found by their names here, so a name cannot show that a value is misplaced.
    storedNameOf: () => undefined,
    isNamed: ({ key }) => nameMap.variables.has(key),
    mappedWith: () => undefined,
    names,
    accompanied: new Map(),
  };
}

/** The key below an object's path; a key that begins with `/` is the object's own. */
export function joinKey(path: string, key: string): string {
  return path === '' || key.startsWith('/') ? path + key : `${path}/${key}`;
}

/**
 * The node at a path that begins at the root, at the node that was matched to the model, or at the root's child
 * `model`.
 */
function storedObject(graph: StoredGraph, matched: number, path: string, name: MappedObject['name']): number {
  const { object, followed, names } = follow(graph, matched, path);
  if (object !== undefined) return object;
  throw unknownObject(
    path,
    name,
    `${followed === '' ? 'it' : `'${followed}'`} has ${enumerate(names) || 'no objects'}`,
  );
}

function follow(
  graph: StoredGraph,
  matched: number,
  path: string,
): { object: number | undefined; followed: string; names: readonly string[] } {
  const model = graph[0]!.children.find(({ name }) => name === 'model');
  const starts = new Set([0, matched, ...(model ? [model.node] : [])]);
  const attempts = [...starts].map(start => followPath(start, path, number => graph[number]!.children));
  for (const attempt of attempts)
    if (attempt.object !== undefined) return { object: attempt.object, followed: path, names: [] };
  // The attempt that got furthest is most likely what the caller meant.
  const failed = attempts.flatMap(attempt => (attempt.object === undefined ? [attempt] : []));
  return failed.reduce((best, one) => (one.followed.length > best.followed.length ? one : best));
}

/** The key of the one value that the object at a path has. */
function valueAt(graph: StoredGraph, matched: number, path: string): string | undefined {
  const { object } = follow(graph, matched, path);
  return object === undefined ? undefined : graph[object]!.attributes[0]?.key;
}

export function ambiguousRoot({ label }: Trackable, names: readonly string[], path: string): TensorBundleError {
  const [first = ''] = names;
  return invalidArgument(
    `${path} holds models that fit equally well: ${enumerate(names)}; nothing was changed. ` +
      `Say which one is meant: { map: { '${label ?? 'name of the model'}': '${first}' } }`,
    { path, found: names },
  );
}

function unknownObject(stored: string, name: string, have: string): TensorBundleError {
  return invalidArgument(`map looks for '${name}' at '${stored}', which the checkpoint does not have; ${have}`, {
    found: stored,
  });
}

function unknownTensor(stored: string, name: string, names: readonly string[]): TensorBundleError {
  return invalidArgument(
    `map looks for '${name}' at '${stored}', which the checkpoint does not have; it has ${enumerate(names)}`,
    { tensor: stored, found: stored },
  );
}
