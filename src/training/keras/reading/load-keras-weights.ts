/**
 * Loads the weights of a model from one of Keras's own files: `.weights.h5` of Keras 3 and of tf_keras (also the one in
 * a `.keras` file), and the older HDF5 files of weights and of whole models.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { invalidArgument, TensorBundleError } from '../../../errors.js';
import { restore } from '../../../graph/restore/restore.js';
import type { RestoreStatus } from '../../../graph/restore/restore-status.js';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';
import { checkModel } from '../../../layers/model.js';
import type { Layer } from '../../../layers/types.js';
import { Description } from '../../checkpoint/description.js';
import type { LoadWeightsOptions } from '../../models/load-weights-options.js';
import type { DescribedModel } from '../layouts/keras3-objects.js';
import { storedLayerNames } from '../layouts/keras3-places.js';
import { legacyFile } from '../layouts/legacy-file.js';
import { datasetsBelow, type StoredGroup, storedTree } from '../layouts/stored-tree.js';
import { fileOptimizer, keras3State, legacyState } from './file-optimizer.js';
import { type FileLayout, namesOf } from './found-values.js';
import { Keras3Layout } from './keras3-layout.js';
import { LegacyLayout } from './legacy-layout.js';
import { StoredValues } from './stored-values.js';

interface LoadKerasWeightsOptions extends LoadWeightsOptions {
  /** Keras's class of a layer, where it is not that of TensorFlow.js. Default: the class of the layer. */
  readonly classOf?: (layer: Layer) => string | undefined;
}

/**
 * As `loadWeights`, from an open file. Keys are paths of datasets: `layers/dense/vars/0`, `dense/dense/kernel:0`.
 * Floating-point values of another type are cast to float32, as Keras casts them; integers are not. `alias` has no
 * effect. The file stays open.
 *
 * Layers are found by their names, if the file has the same names as the model; otherwise as Keras finds them: by the
 * class and the order in Keras 3's layout, by the order alone in the older files if both have the same number of layers
 * with weights, else by name.
 *
 * Throws ERR_NOT_SUPPORTED for an HDF5 file that has no weights of Keras; ERR_INVALID_ARGUMENT for `byName` with a file
 * of Keras 3's layout.
 */
export async function loadKerasWeights(
  model: LayersModel,
  file: Hdf5File,
  { classOf, byName = false, includeOptimizer = true, ...options }: LoadKerasWeightsOptions = {},
): Promise<RestoreStatus> {
  checkModel(model);
  const description = new Description([model], { optimizers: includeOptimizer });
  const root = description.trackable(model, 'model');
  description.complete();
  const described: DescribedModel = {
    root,
    objectOf: node => description.objectOf(node),
    ...(classOf && { classOf }),
  };
  const tree = await storedTree(file);
  const datasets = datasetsBelow(tree);
  const values = new StoredValues(file, datasets);
  const legacy = await legacyFile(tree, file.path);
  let layout: FileLayout;
  let optimizer: ReturnType<typeof fileOptimizer>;
  if (legacy) {
    const prefix = tree.groups.has('model_weights') ? 'model_weights' : '';
    layout = new LegacyLayout(described, legacy, values, byName, prefix);
    const { values: found } = layout.whole();
    optimizer = fileOptimizer(model, described, legacyState(legacy), one => found.get(one)?.storedName);
  } else {
    if (!isKeras3(tree)) throw noWeights(file.path);
    if (byName) throw notByName(file.path);
    const names = await storedLayerNames(tree);
    layout = new Keras3Layout(described, tree, names);
    optimizer = fileOptimizer(model, described, keras3State(tree, names), () => undefined);
  }
  const leftOut = (key: string): boolean =>
    optimizer?.idle.has(key) === true || (!includeOptimizer && /^optimizer(_weights)?\//.test(key));
  const status = await restore(root, values, {
    ...options,
    alias: false,
    // To read them once would save nothing: there are no checksums. So they need not be in memory together.
    onceBytes: 0,
    optionalRestorers: true,
    namesIn: (live, nameMap) => namesOf(live, { tree, datasets, layout, optimizer, leftOut }, nameMap),
  });
  optimizer?.complete(status.loaded);
  return status;
}

/** Whether some group has the variables of an object. */
function isKeras3(group: StoredGroup): boolean {
  return group.groups.has('vars') || [...group.groups.values()].some(isKeras3);
}

function noWeights(path: string): TensorBundleError {
  return new TensorBundleError(
    'ERR_NOT_SUPPORTED',
    `${path} is an HDF5 file, but not of Keras: it has neither groups 'vars' (Keras 3) nor the attribute ` +
      "'layer_names' (Keras 2)",
    { path },
  );
}

function notByName(path: string): TensorBundleError {
  return invalidArgument(
    `\`byName\` is for .h5 files of Keras 2; in ${path} layers are found by their names where it has them. \`map\` ` +
      'says where a layer is',
    { path },
  );
}
