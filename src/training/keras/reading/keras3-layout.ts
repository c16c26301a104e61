/** Values in a file of Keras 3's layout: `layers/dense/vars/0`, by the classes of the objects and their places. */
import type { Attribute } from '../../../graph/attribute.js';
import type { Misfit } from '../../../graph/restore/stored-names.js';
import type { Trackable } from '../../../graph/trackable.js';
import { type DescribedModel, type Keras3Object, keras3Objects } from '../layouts/keras3-objects.js';
import { type ObjectPlace, ObjectPlaces } from '../layouts/keras3-places.js';
import { groupAt, holdsDatasets, joined, type StoredGroup } from '../layouts/stored-tree.js';
import type { FileLayout, FoundValue, FoundValues } from './found-values.js';

export class Keras3Layout implements FileLayout {
  readonly prefixes: readonly string[] = [];
  readonly #tree: StoredGroup;
  readonly #names: ReadonlyMap<StoredGroup, string>;
  readonly #objects: readonly Keras3Object[];
  readonly #places: ObjectPlaces;

  /** `names`: those of the layers whose groups have one. */
  constructor(model: DescribedModel, tree: StoredGroup, names: ReadonlyMap<StoredGroup, string>) {
    this.#tree = tree;
    this.#names = names;
    this.#objects = keras3Objects(model);
    this.#places = new ObjectPlaces(this.#objects, names);
  }

  get paths(): readonly string[] {
    const found: string[] = [];
    const visit = (group: StoredGroup): void => {
      if (group.groups.get('vars')?.datasets.size) found.push(group.path);
      for (const inner of group.groups.values()) visit(inner);
    };
    visit(this.#tree);
    return found;
  }

  whole(): FoundValues {
    return this.#below(this.#objects[0]!, this.#tree);
  }

  at(object: Trackable, path: string): FoundValues | undefined {
    const group = groupAt(this.#tree, path.replace(/(^|\/)vars$/, ''));
    const found = this.#objects.find(({ node }) => node === object);
    return group && found && holdsDatasets(group) ? this.#below(found, group) : undefined;
  }

  #below(outermost: Keras3Object, group: StoredGroup): FoundValues {
    const values = new Map<Attribute, FoundValue>();
    const misfits: Misfit[] = [];
    for (const place of this.#places.below(outermost, group).values()) {
      const { object, path } = place;
      const vars = place.group?.groups.get('vars');
      const count = vars?.datasets.size ?? 0;
      const expected = object.variables.length;
      if (count > 0 && expected > 0 && count !== expected) {
        const [first] = object.variables;
        const label = `${first!.label.slice(0, first!.label.lastIndexOf('/'))}/variables`;
        misfits.push({
          key: joined(path, 'vars'),
          expected: `variables ${expected}`,
          found: `variables ${count}`,
          reason: 'only their number says which they are, so make the layer with the options that it was saved with',
          label,
          attributes: object.variables,
        });
      }
      object.variables.forEach((attribute, i) => {
        const isThere = count === expected && vars?.datasets.has(String(i)) === true;
        values.set(attribute, {
          key: joined(path, 'vars', String(i)),
          isThere,
          storedName: this.#storedName(place, attribute),
          place: layerPlace(place),
        });
      });
    }
    return { values, misfits };
  }

  /** As Keras names variables: the layers in which it is, without the model itself. Undefined in older files. */
  #storedName(place: ObjectPlace, { fullName }: Attribute): string | undefined {
    const names: string[] = [];
    for (let at: ObjectPlace | undefined = place; at?.parent !== undefined; at = at.parent) {
      const name: string | undefined = at.group && this.#names.get(at.group);
      if (name !== undefined) names.unshift(name);
      else if (at.list !== '') return undefined;
    }
    return names.length === 0 ? undefined : [...names, fullName.slice(fullName.lastIndexOf('/') + 1)].join('/');
  }
}

/** The path of the layer of a model that the object is, or is in. */
function layerPlace(place: ObjectPlace): string | undefined {
  let at: ObjectPlace | undefined = place;
  while (at !== undefined && at.list !== 'layers') at = at.parent;
  return at?.group?.path;
}
