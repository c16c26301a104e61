/**
 * Where the objects of a live model are in a file of Keras 3's layout. Mostly they are where Keras 3 looks for them.
 * Other versions count the layers of a class in another way: Keras 2.12 and 2.13 count each layer with weights twice,
 * and tf_keras leaves out what it has met before. Since Keras 3.5, a group also has the name of its layer, and then
 * layers of the same names are found in any order.
 */
import type { Keras3Object } from './keras3-objects.js';
import { groupAt, holdsDatasets, joined, type StoredGroup } from './stored-tree.js';

/** Where an object is. */
export interface ObjectPlace {
  readonly object: Keras3Object;
  /** Undefined if the file does not have it. */
  readonly group: StoredGroup | undefined;
  /** Path of the group, or the path that it would have. */
  readonly path: string;
  /** The object is in this one: a layer in a model, a cell in a layer. Undefined for the outermost. */
  readonly parent: ObjectPlace | undefined;
  /** The list of the parent that it is an item of; '' if it is an attribute. */
  readonly list: string;
}

/** In Keras 2.12 and 2.13, the list of a model's layers. */
const OLD_LIST = '_layer_checkpoint_dependencies';

interface Item {
  readonly object: Keras3Object;
  /** Its name in the list, with its number. */
  readonly name: string;
}

export class ObjectPlaces {
  /** By group, the name that its layer had. */
  readonly #names: ReadonlyMap<StoredGroup, string>;
  readonly #holding: ReadonlySet<Keras3Object>;

  /** `all`: the objects in the order of the walk. */
  constructor(
    private readonly all: readonly Keras3Object[],
    names: ReadonlyMap<StoredGroup, string>,
  ) {
    this.#names = names;
    this.#holding = holdingVariables(all);
  }

  /** Places of `outermost` and what is in it, below a group. */
  below(outermost: Keras3Object, root: StoredGroup): Map<Keras3Object, ObjectPlace> {
    const within = this.all.filter(({ path }) => isWithin(path, outermost.path));
    const byPath = new Map(within.map(object => [object.path, object]));
    const lists = new Map<string, Item[]>();
    const inner = within.flatMap(object => {
      if (object === outermost) return [];
      const { parent, rest } = parentOf(object, byPath);
      const list = rest.slice(0, -1).join('/');
      const item = { object, name: rest.at(-1)! };
      if (list !== '') {
        const items = lists.get(joined(parent.path, list)) ?? [];
        items.push(item);
        lists.set(joined(parent.path, list), items);
      }
      return [{ ...item, parent, list }];
    });
    const places = new Map<Keras3Object, ObjectPlace>();
    places.set(outermost, { object: outermost, group: root, path: root.path, parent: undefined, list: '' });
    for (const { object, name, parent, list } of inner) {
      if (places.has(object)) continue;
      const at = places.get(parent)!;
      if (list === '') places.set(object, this.#attribute(object, at, name));
      else
        for (const place of this.#list(lists.get(joined(parent.path, list))!, at, list)) {
          places.set(place.object, place);
        }
    }
    return places;
  }

  /** TensorFlow.js's fields have no underscores. */
  #attribute(object: Keras3Object, parent: ObjectPlace, name: string): ObjectPlace {
    const group = parent.group?.groups.get(name) ?? parent.group?.groups.get(underscored(name));
    return { object, group, path: group?.path ?? joined(parent.path, name), parent, list: '' };
  }

  #list(items: readonly Item[], parent: ObjectPlace, list: string): ObjectPlace[] {
    const group =
      parent.group &&
      (groupAt(parent.group, list) ??
        (list === 'layers' ? parent.group.groups.get(OLD_LIST) : undefined) ??
        groupAt(parent.group, underscored(list)));
    const found = new Map<Keras3Object, StoredGroup>();
    if (group) this.#byName(items, group, found);
    if (group && found.size === 0) this.#byClass(items, group, found);
    return items.map(item => {
      const { object, name } = item;
      const at = found.get(object) ?? this.#elsewhere(object, parent.group, new Set(found.values()));
      return { object, group: at, path: at?.path ?? joined(parent.path, list, name), parent, list };
    });
  }

  /** If the file has layers of exactly the same names. */
  #byName(items: readonly Item[], list: StoredGroup, found: Map<Keras3Object, StoredGroup>): void {
    const stored = new Map<string, StoredGroup>();
    const groups = [...list.groups.values()].filter(holdsDatasets);
    for (const group of groups) stored.set(this.#names.get(group) ?? '', group);
    const live = items.filter(({ object }) => this.#holding.has(object));
    const names = new Set(live.map(({ object }) => object.layer.name));
    const isSame = names.size === live.length && stored.size === groups.length && stored.size === names.size;
    if (!isSame || ![...names].every(name => stored.has(name))) return;
    for (const { object } of live) found.set(object, stored.get(object.layer.name)!);
  }

  /**
   * By the class in snake case and its number. If some are not found, but there are as many as should be, their order
   * counts.
   */
  #byClass(items: readonly Item[], list: StoredGroup, found: Map<Keras3Object, StoredGroup>): void {
    const classes = grouped(items);
    for (const [base, all] of classes) {
      const live = all.filter(({ object }) => this.#holding.has(object));
      const spellings = new Set([base, ...live.map(({ object }) => tfKerasName(object))]);
      const stored = [...list.groups]
        .filter(([name, group]) => spellings.has(unnumbered(name)) && holdsDatasets(group))
        .sort(([a], [b]) => numberOf(a) - numberOf(b))
        .map(([, group]) => group);
      const exact = live
        .map(({ name }) => list.groups.get(name))
        .map(group => (group && holdsDatasets(group) ? group : undefined));
      const isRanked = exact.includes(undefined) && stored.length === live.length;
      live.forEach(({ object }, i) => {
        const group = isRanked ? stored[i] : exact[i];
        if (group) found.set(object, group);
      });
    }
  }

  /**
   * In a model written as a class, layers are attributes, which are found by the names of layers: `d1`, or `blocks/0`;
   * or by the names that groups have.
   */
  #elsewhere(
    object: Keras3Object,
    parent: StoredGroup | undefined,
    taken: ReadonlySet<StoredGroup>,
  ): StoredGroup | undefined {
    if (parent === undefined || !this.#holding.has(object)) return undefined;
    const { name } = object.layer;
    const attribute = groupAt(parent, name);
    if (attribute !== undefined && holdsDatasets(attribute)) return attribute;
    const named = [...this.#names].filter(
      ([group, stored]) => stored === name && isWithin(group.path, parent.path) && !taken.has(group),
    );
    return named.length === 1 && holdsDatasets(named[0]![0]) ? named[0]![0] : undefined;
  }
}

/** The names of the layers whose groups have one. */
export async function storedLayerNames(root: StoredGroup): Promise<Map<StoredGroup, string>> {
  const names = new Map<StoredGroup, string>();
  const visit = async (group: StoredGroup): Promise<void> => {
    for (const [name, inner] of group.groups) {
      if (name !== 'vars') {
        await visit(inner);
        continue;
      }
      const stored = (await inner.group.attributes()).get('name')?.value;
      if (typeof stored === 'string') names.set(group, stored);
    }
  };
  await visit(root);
  return names;
}

/** The objects that have variables or hold others that do. */
function holdingVariables(all: readonly Keras3Object[]): Set<Keras3Object> {
  const byPath = new Map(all.map(object => [object.path, object]));
  const holding = new Set<Keras3Object>();
  for (const object of all) {
    if (object.variables.length === 0) continue;
    for (let at: Keras3Object | undefined = object; at !== undefined && !holding.has(at); ) {
      holding.add(at);
      at = at.path === '' ? undefined : parentOf(at, byPath).parent;
    }
  }
  return holding;
}

/** The object around it, and the path from there. */
function parentOf(
  { path }: Keras3Object,
  byPath: ReadonlyMap<string, Keras3Object>,
): { parent: Keras3Object; rest: string[] } {
  const parts = path.split('/');
  for (let length = parts.length - 1; ; length--) {
    const parent = byPath.get(parts.slice(0, length).join('/'));
    if (parent !== undefined) return { parent, rest: parts.slice(length) };
  }
}

function isWithin(path: string, around: string): boolean {
  return around === '' || path === around || path.startsWith(`${around}/`);
}

/** What tf_keras makes of the class: `conv_lst_m2d`. */
function tfKerasName({ path, tfKerasPath = path }: Keras3Object): string {
  return unnumbered(tfKerasPath.slice(tfKerasPath.lastIndexOf('/') + 1));
}

function unnumbered(name: string): string {
  return name.replace(/_\d+$/, '');
}

function numberOf(name: string): number {
  return Number(/_(\d+)$/.exec(name)?.[1] ?? 0);
}

/** `denseLayers` is `dense_layers` in Python. */
function underscored(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
}

function grouped(items: readonly Item[]): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const base = unnumbered(item.name);
    groups.set(base, [...(groups.get(base) ?? []), item]);
  }
  return groups;
}
