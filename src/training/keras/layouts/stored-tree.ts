/**
 * All groups and datasets of an HDF5 file, by their paths. A file may lead to one group by many paths (hard links), so
 * their number is limited, however few bytes it has.
 */
import { TensorBundleError } from '../../../errors.js';
import type { Hdf5Dataset, Hdf5File, Hdf5Group } from '../../../hdf5/hdf5-file.js';

/** No model that fits into memory has so many layers and variables, nor lists that are so deep. */
const MOST_OBJECTS = 1_000_000;
const MOST_LEVELS = 100;
/** So many objects may be met by a second path. Keras writes none; this package writes a few. */
const MOST_REPEATED = 10_000;

export interface StoredGroup {
  /** Without a `/` at the beginning; '' for the root. */
  readonly path: string;
  readonly group: Hdf5Group;
  readonly groups: ReadonlyMap<string, StoredGroup>;
  readonly datasets: ReadonlyMap<string, Hdf5Dataset>;
}

/** Throws ERR_TOO_LARGE for more objects than a model has, ERR_CORRUPT for a group that is in itself. */
export async function storedTree(file: Hdf5File): Promise<StoredGroup> {
  let objects = 0;
  let repeated = 0;
  const met = new Set<string>();
  const read = async (group: Hdf5Group, path: string, around: readonly string[]): Promise<StoredGroup> => {
    if (around.includes(group.id)) throw inItself(file.path, path);
    const isRepeated = met.has(group.id);
    met.add(group.id);
    const groups = new Map<string, StoredGroup>();
    const datasets = new Map<string, Hdf5Dataset>();
    for (const name of await group.names()) {
      objects++;
      if (isRepeated) repeated++;
      if (objects > MOST_OBJECTS || repeated > MOST_REPEATED || around.length >= MOST_LEVELS) throw tooMany(file.path);
      const child = await group.child(name);
      if (child === undefined) continue;
      const inner = path === '' ? name : `${path}/${name}`;
      if (child.kind === 'dataset') datasets.set(name, child);
      else groups.set(name, await read(child, inner, [...around, group.id]));
    }
    return { path, group, groups, datasets };
  };
  return await read(file.root, '', []);
}

/** What a path leads to; empty parts do not count. */
export function groupAt(root: StoredGroup, path: string): StoredGroup | undefined {
  let group: StoredGroup | undefined = root;
  for (const part of path.split('/')) if (part !== '') group = group?.groups.get(part);
  return group;
}

export function datasetAt(root: StoredGroup, path: string): Hdf5Dataset | undefined {
  const cut = path.replace(/\/+$/, '').lastIndexOf('/');
  return groupAt(root, path.slice(0, Math.max(0, cut)))?.datasets.get(path.slice(cut + 1));
}

/** All datasets below a group, by their paths. */
export function datasetsBelow(
  group: StoredGroup,
  found: Map<string, Hdf5Dataset> = new Map(),
): Map<string, Hdf5Dataset> {
  for (const [name, dataset] of group.datasets) found.set(joined(group.path, name), dataset);
  for (const inner of group.groups.values()) datasetsBelow(inner, found);
  return found;
}

/** Whether there is a dataset at or below a group. */
export function holdsDatasets(group: StoredGroup): boolean {
  return group.datasets.size > 0 || [...group.groups.values()].some(holdsDatasets);
}

export function joined(...parts: readonly string[]): string {
  return parts.filter(part => part !== '').join('/');
}

function inItself(path: string, group: string): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `the group '${group}' of ${path} is in itself; the file is damaged`, {
    path,
    tensor: group,
  });
}

function tooMany(path: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_TOO_LARGE',
    `${path} has more than ${MOST_OBJECTS} groups and datasets, more than ${MOST_LEVELS} levels of them, or too many ` +
      'links to the same ones, which no file of Keras has',
    { path, expected: MOST_OBJECTS },
  );
}
