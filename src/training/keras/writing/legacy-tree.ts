/**
 * A model's weights as Keras's older HDF5 files have them: `save_weights('x.h5')` and `save('x.h5')` of tf_keras, which
 * Keras 3 still reads.
 */
import type { AttributeToWrite } from '../../../hdf5/writing/content.js';
import { splitNames } from '../../../hdf5/writing/name-lists.js';
import type { KerasVariables } from '../../../layers/optimizers/keras-variables.js';
import type { Layer } from '../../../layers/types.js';
import type { LegacyLayer } from '../layouts/legacy-layers.js';
import type { CapturedValues, Source } from './captured-values.js';
import { Group } from './group.js';

/** Files of older versions are converted when they are loaded. The last one that TensorFlow calls `tf.keras`. */
const KERAS_VERSION = '2.15.0';

type NamedSource = Source & { readonly fullName: string };

/** Keeps all values. `names`: of the layers, as the configuration has them. */
export function legacyTree(
  layers: readonly LegacyLayer[],
  names: ReadonlyMap<Layer, string>,
  values: CapturedValues,
): Group {
  const root = new Group();
  const nameOf = ({ layer }: LegacyLayer): string => names.get(layer) ?? layer.name;
  root.attributes = new Map<string, AttributeToWrite>([
    ...splitNames('layer_names', layers.map(nameOf)),
    ['backend', { bytes: 'tensorflow' }],
    ['keras_version', { bytes: KERAS_VERSION }],
  ]);
  for (const layer of layers) addVariables(root.at(nameOf(layer))!, layer.variables, values);
  // Those that no layer has. There are none.
  addVariables(root.at('top_level_model_weights')!, [], values);
  return root;
}

/** The optimizer's state in a file of a whole model. Keeps all values. */
export function legacyOptimizer({ variables }: KerasVariables, values: CapturedValues): Group {
  const group = new Group();
  addVariables(group, variables, values);
  return group;
}

function addVariables(group: Group, variables: readonly NamedSource[], values: CapturedValues): void {
  const stored = variables.map(variable => group.add(`${variable.fullName}:0`, values.dataset(variable)));
  group.attributes = splitNames('weight_names', stored);
}
