/**
 * Keras's older HDF5 files: a group for each layer of the model, listed in the attribute `layer_names`; in it the
 * values of all variables, listed in the attribute `weight_names`. A whole model has these in the group
 * `model_weights` (tf_keras/src/saving/legacy/hdf5_format.py).
 */
import { TensorBundleError } from '../../../errors.js';
import type { Hdf5Attribute, Hdf5Dataset } from '../../../hdf5/hdf5-file.js';
import { groupAt, joined, type StoredGroup } from './stored-tree.js';

export interface StoredWeight {
  /** Keras's name of the variable, without `:0`: `dense/kernel`. */
  readonly name: string;
  /** Path of the dataset. */
  readonly key: string;
  readonly dataset: Hdf5Dataset;
}

export interface StoredLayer {
  readonly name: string;
  /** Path of its group. */
  readonly path: string;
  /** In the order of Keras's variables of the layer. */
  readonly weights: readonly StoredWeight[];
}

export interface LegacyFile {
  /** In the order of the model; also those without weights. */
  readonly layers: readonly StoredLayer[];
  /** Variables of the model itself. */
  readonly own: readonly StoredWeight[];
  /** As tf_keras takes it: '1' if the file does not say it. */
  readonly kerasVersion: string;
  /** Variables of the optimizer; undefined if the file has none. */
  readonly optimizer: readonly StoredWeight[] | undefined;
}

/** Null if the file has another layout. Throws ERR_CORRUPT if it lists what it does not have. */
export async function legacyFile(root: StoredGroup, path: string): Promise<LegacyFile | null> {
  const group = root.groups.get('model_weights') ?? root;
  const attributes = await group.group.attributes();
  const names = namesIn(attributes, 'layer_names');
  if (names === undefined) return null;
  const layers: StoredLayer[] = [];
  for (const name of names) {
    const layer = groupAt(group, name);
    if (layer === undefined) throw lacks(path, joined(group.path, name), 'layer_names');
    layers.push({ name, path: layer.path, weights: await weightsIn(layer, path) });
  }
  const own = group.groups.get('top_level_model_weights');
  const optimizer = root.groups.get('optimizer_weights');
  const version = attributes.get('keras_version')?.value;
  return {
    layers,
    own: own ? await weightsIn(own, path) : [],
    kerasVersion: typeof version === 'string' ? version : '1',
    optimizer: optimizer && (await weightsIn(optimizer, path)),
  };
}

async function weightsIn(group: StoredGroup, path: string): Promise<StoredWeight[]> {
  const names = namesIn(await group.group.attributes(), 'weight_names') ?? [];
  const twice = firstRepeated(names);
  if (twice !== undefined) throw repeated(path, joined(group.path, twice));
  return names.map(name => {
    const parts = name.split('/');
    const dataset = groupAt(group, parts.slice(0, -1).join('/'))?.datasets.get(parts.at(-1)!);
    if (dataset === undefined) throw lacks(path, joined(group.path, name), 'weight_names');
    return { name: name.replace(/:\d+$/, ''), key: joined(group.path, name), dataset };
  });
}

/**
 * A list of names in an attribute. A long one is in several: `layer_names0`, `layer_names1`, …. Numpy makes an empty
 * list one of numbers.
 */
function namesIn(attributes: ReadonlyMap<string, Hdf5Attribute>, name: string): string[] | undefined {
  const whole = attributes.get(name);
  if (whole !== undefined) return textsOf(whole);
  const chunks: string[] = [];
  for (let i = 0; ; i++) {
    const chunk = attributes.get(`${name}${i}`);
    if (chunk === undefined) return i === 0 ? undefined : chunks;
    for (const text of textsOf(chunk)) chunks.push(text);
  }
}

function textsOf({ value }: Hdf5Attribute): string[] {
  if (typeof value === 'string') return [value];
  if (!Array.isArray(value)) return [];
  return (value as readonly unknown[]).filter(one => typeof one === 'string');
}

function firstRepeated(names: readonly string[]): string | undefined {
  const met = new Set<string>();
  return names.find(name => met.size === met.add(name).size);
}

/** tf_keras begins such a file and fails: nobody knows whose value it is, and other values are not there. */
function repeated(path: string, name: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_CORRUPT',
    `${path} lists '${name}' twice in weight_names, so it has one value for several variables, and is not complete; ` +
      'save the model in Python as .keras, or give its layers unique names before you save it as .h5',
    { path, tensor: name },
  );
}

function lacks(path: string, name: string, list: string): TensorBundleError {
  return new TensorBundleError('ERR_CORRUPT', `${path} lists '${name}' in ${list}, but it has no such object`, {
    path,
    tensor: name,
  });
}
