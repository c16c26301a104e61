/** Values in one of Keras's older HDF5 files: `dense/dense/kernel:0`, layer by layer. */
import type { Attribute } from '../../../graph/attribute.js';
import type { Trackable } from '../../../graph/trackable.js';
import { branch } from '../../../graph/trackable.js';
import { isLayer } from '../../../layers/family.js';
import type { DescribedModel } from '../layouts/keras3-objects.js';
import type { LegacyFile, StoredLayer } from '../layouts/legacy-file.js';
import { legacyLayers } from '../layouts/legacy-layers.js';
import { type LegacyPlaces, legacyPlaces, type NamedLegacyLayer, pairedWeights } from '../layouts/legacy-places.js';
import type { FileLayout, FoundValue, FoundValues } from './found-values.js';
import type { StoredValues } from './stored-values.js';

export class LegacyLayout implements FileLayout {
  readonly #model: DescribedModel;
  readonly #file: LegacyFile;
  readonly #values: StoredValues;
  readonly #byName: boolean;
  readonly #prefix: string;

  /** `values` gets to know which values are made of datasets in another layout. `prefix`: path of the layers' group. */
  constructor(model: DescribedModel, file: LegacyFile, values: StoredValues, byName: boolean, prefix: string) {
    this.#model = model;
    this.#file = file;
    this.#values = values;
    this.#byName = byName;
    this.#prefix = prefix;
  }

  get prefixes(): readonly string[] {
    return this.#prefix === '' ? [] : [this.#prefix];
  }

  get paths(): readonly string[] {
    return this.#file.layers.flatMap(({ path, weights }) => (weights.length > 0 ? [path] : []));
  }

  whole(): FoundValues {
    const { root, objectOf } = this.#model;
    const nodes = new Map(root.children.map(({ node }) => [objectOf(node), node]));
    const layers = legacyLayers(this.#model).map((one): NamedLegacyLayer => {
      const { fullName } = nodes.get(one.layer) ?? {};
      return { ...one, names: fullName === undefined ? [] : [fullName] };
    });
    return this.#found(
      layers.flatMap(({ variables }) => variables),
      legacyPlaces(layers, this.#file, this.#byName),
    );
  }

  at(object: Trackable, path: string): FoundValues | undefined {
    const layer = this.#model.objectOf(object);
    const stored = this.#storedBelow(path);
    if (!isLayer(layer) || stored === undefined) return undefined;
    const variables = this.#variablesOf(object);
    const places = new Map(pairedWeights(layer, variables, stored, this.#file.kerasVersion));
    return this.#found(variables, { places, layers: new Map(variables.map(one => [one, stored])) });
  }

  /** The weights whose datasets are below a path, as one layer. */
  #storedBelow(path: string): StoredLayer | undefined {
    const named = this.#file.layers.find(one => one.name === path || one.path === path);
    if (named) return named;
    const all = this.#file.layers.flatMap(({ weights }) => weights);
    for (const prefix of ['', ...this.prefixes.map(one => `${one}/`)]) {
      const weights = all.filter(({ key }) => key.startsWith(`${prefix}${path}/`));
      if (weights.length > 0) return { name: path, path: `${prefix}${path}`, weights };
    }
    return undefined;
  }

  /** In the order of the older files, as if the object were a layer of a model. */
  #variablesOf(object: Trackable): readonly Attribute[] {
    const { root, objectOf } = this.#model;
    if (object === root) return legacyLayers(this.#model).flatMap(({ variables }) => variables);
    const around = branch([{ name: 'layer-0', node: object }]);
    const model: DescribedModel = {
      ...this.#model,
      root: around,
      objectOf: node => (node === around ? objectOf(root) : objectOf(node)),
    };
    return legacyLayers(model)[0]!.variables;
  }

  #found(variables: readonly Attribute[], { places, layers }: LegacyPlaces): FoundValues {
    const values = new Map<Attribute, FoundValue>();
    for (const attribute of variables) {
      const place = places.get(attribute);
      if (place) {
        this.#values.define(place.value);
        const { value, storedName, layer } = place;
        const parts = value.datasets.length > 1 ? { parts: value.datasets } : {};
        values.set(attribute, { key: value.key, isThere: true, storedName, place: layer.path, ...parts });
      } else {
        const { fullName } = attribute;
        const name =
          layers.get(attribute)?.path ?? `${this.prefixes.map(one => `${one}/`).join('')}${fullName.split('/', 1)[0]}`;
        values.set(attribute, { key: `${name}/${fullName}:0`, isThere: false });
      }
    }
    return { values, misfits: [] };
  }
}
