/**
 * The architecture of a model as the attribute `model_config` of a legacy `.h5` file has it: Keras 2's form, with what
 * Keras 3's loader of such files asks for where tf_keras does not mind.
 */

import type { Layer, LayersModel } from '../../../../layers/types.js';
import { OPERATION_LAYER } from '../../../models/added/added-names.js';
import { type Json, LAYERS } from './keras-classes.js';
import { KERAS_2, type KerasConfig, type KerasEntry, kerasConfig } from './keras-config.js';
import { isOldOperation, oldOperation } from './keras-operations.js';

/** A layer in the JSON of a model, to be changed. */
interface Written {
  class_name: string;
  config: Json;
  inbound_nodes?: unknown[][];
}

interface LegacyConfig {
  readonly config: KerasEntry;
  /** The layers, and the parts of layers, that Keras lacks, in words. */
  readonly lacking: readonly string[];
}

export function legacyConfig(model: LayersModel): LegacyConfig {
  const keras2 = kerasConfig(model, {
    ...KERAS_2,
    hasLayer: (className, config) => KERAS_2.hasLayer(className, config) || isOperation(className, config),
  });
  const listed = listedIn(keras2);
  for (const [object, layer] of keras2.layers) {
    const written = object as Written;
    if (isOperation(written.class_name, written.config)) rewriteOperation(written);
    if (!listed.has(object) && layer !== model) nameModule(written);
    markShared(keras2.shared, written, layer);
  }
  const { class_name, config } = keras2.entries.get(model)!;
  return { config: { class_name, config }, lacking: keras2.lacking };
}

function isOperation(className: string, config: Json): boolean {
  return className === OPERATION_LAYER && isOldOperation(config);
}

/** What stands in the lists of models. */
function listedIn({ layers }: KerasConfig): ReadonlySet<unknown> {
  const models = [...layers].filter(([, layer]) => 'layers' in layer);
  return new Set(models.flatMap(([object]) => (object as Written).config.layers as unknown[]));
}

/** Keras 3 finds layers in wrappers and cells by their modules, and tf_keras can. */
function nameModule(written: Written): void {
  const { class_name: className } = written;
  if (!LAYERS.has(className) || className === 'Functional') return;
  const module = className === 'Sequential' ? 'keras' : 'keras.layers';
  Object.assign(written, { module, registered_name: null });
}

/** A layer around a function of TensorFlow. */
function rewriteOperation(written: Written): void {
  const { config, call } = oldOperation(written.config);
  written.class_name = 'TFOpLambda';
  written.config = config;
  written.inbound_nodes = (written.inbound_nodes ?? []).map(tensors => call(tensors as unknown[][]));
}

function markShared(shared: ReadonlyMap<Layer, number>, written: Written, layer: Layer): void {
  const id = shared.get(layer);
  if (id !== undefined) Object.assign(written, { shared_object_id: id });
}
