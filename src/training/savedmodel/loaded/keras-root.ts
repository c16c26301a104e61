/**
 * The model at the root of a SavedModel, as Keras describes it in its metadata
 * (tf_keras/src/saving/legacy/saved_model).
 */
import { TensorBundleError } from '../../../errors.js';
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  type KerasObject,
  kerasObject,
  parseKerasJson,
  text,
} from '../../keras/config/keras-json.js';
import type { LayerPath } from '../../models/frozen.js';
import { KERAS_METADATA, SAVED_MODEL } from '../stored/file-names.js';
import type { StoredModel } from '../stored/stored-model.js';

/** Identifiers of objects that are models. */
const MODELS: readonly string[] = ['_tf_keras_model', '_tf_keras_network', '_tf_keras_sequential'];
/** Edges from a model to its layers, and from a wrapper to its one. */
const LAYER = /^(layer(_with_weights)?-\d+|layer)$/;

export interface KerasRoot {
  readonly model: KerasObject;
  /** Whether it is a graph of layers, so that its configuration says everything. */
  readonly isNetwork: boolean;
  /** With which the model was built; null if that is not known. */
  readonly inputShape: Json;
  /** How it was compiled; undefined if it was not. */
  readonly training: JsonObject | undefined;
  /** The paths of the models that are not trainable. */
  readonly frozen: readonly LayerPath[];
}

/** Throws ERR_NOT_SUPPORTED for a SavedModel without a Keras model that can be made again, and says what to do. */
export function kerasRoot(stored: StoredModel): KerasRoot {
  const metadata = metadataOf(stored, 0);
  if (metadata === undefined) throw noKeras(stored);
  const object = kerasObject(metadata.json);
  const identifier = metadata.identifier;
  if (object === undefined || !MODELS.includes(identifier)) throw noModel(stored, identifier);
  const { json } = metadata;
  const isNetwork = identifier !== '_tf_keras_model' || json.is_graph_network === true;
  if (!isNetwork || !(isList(object.config.layers) || isList(json.config))) throw subclassed(stored, object.className);
  const config = isList(json.config) ? { layers: json.config } : object.config;
  return {
    model: { className: object.className, config },
    isNetwork,
    inputShape: json.build_input_shape ?? json.batch_input_shape ?? null,
    training: isObject(json.training_config) ? json.training_config : undefined,
    frozen: frozenModels(stored),
  };
}

interface Metadata {
  readonly identifier: string;
  readonly json: JsonObject;
}

/** TensorFlow before 2.5 has it in the object itself. */
function metadataOf({ path, nodes, keras }: StoredModel, node: number): Metadata | undefined {
  const entry = keras?.get(node);
  if (entry) return { identifier: entry.identifier, json: parseKerasJson(entry.metadata, `${path}/${KERAS_METADATA}`) };
  const { kind } = nodes[node] ?? {};
  if (keras !== null || kind?.case !== 'userObject' || kind.value.metadata === '') return undefined;
  const { identifier, metadata } = kind.value;
  if (!identifier.startsWith('_tf_keras_')) return undefined;
  return { identifier, json: parseKerasJson(metadata, `${path}/${SAVED_MODEL}`) };
}

/** A frozen model's layers are frozen themselves, as their configurations say; the model's own does not say it. */
function frozenModels(stored: StoredModel): LayerPath[] {
  const found: LayerPath[] = [];
  const seen = new Set<number>();
  const visit = (node: number, path: LayerPath): void => {
    if (seen.has(node)) return;
    seen.add(node);
    const metadata = metadataOf(stored, node);
    if (metadata === undefined) return;
    const here = node === 0 ? path : [...path, text(metadata.json.name, '')];
    if (MODELS.includes(metadata.identifier) && metadata.json.trainable === false) found.push(here);
    for (const { nodeId, localName } of stored.nodes[node]!.children) if (LAYER.test(localName)) visit(nodeId, here);
  };
  visit(0, []);
  return found;
}

const OTHERWISE =
  'loadFunctions runs its signatures, and Checkpoint of tensorbundle/tfjs restores its variables into your own objects';

function noKeras(stored: StoredModel): TensorBundleError {
  const { path, nodes } = stored;
  if (nodes.length === 0) {
    return refusal(path, `TensorFlow 1 wrote the SavedModel ${path}, which says nothing about layers; ${OTHERWISE}`);
  }
  if (stored.keras !== null && stored.keras.size > 0) return noModel(stored, 'no Keras object');
  return refusal(
    path,
    `the SavedModel ${path} has no Keras metadata: Keras 3's model.export or tf.saved_model.save wrote it, or ` +
      'saveModel for an object that is not a model; ' +
      `${OTHERWISE}. For a model that loadModel can make again, save it with tf_keras: ` +
      "model.save(dir, save_format='tf')",
  );
}

function noModel({ path }: StoredModel, identifier: string): TensorBundleError {
  return refusal(path, `the root of the SavedModel ${path} is not a Keras model (it is ${identifier}); ${OTHERWISE}`);
}

function subclassed({ path }: StoredModel, className: string): TensorBundleError {
  return refusal(
    path,
    `the model in ${path} is of the user-defined class ${className}, whose layers only its Python code connects; ` +
      'make the same model in your program and use loadWeights, or run it with loadFunctions',
    className,
  );
}

function refusal(path: string, message: string, found?: string): TensorBundleError {
  return new TensorBundleError('ERR_NOT_SUPPORTED', message, { path, found });
}
