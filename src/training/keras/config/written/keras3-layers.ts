/** The configuration of a layer in Keras 3's form, from Keras 2's: what Keras 3 renamed or computes otherwise. */
import { OPERATION_LAYER } from '../../../models/added/added-names.js';
import { type Json, kerasClass } from './keras-classes.js';
import type { KerasVersion } from './keras-config.js';
import { operationObject } from './keras-operations.js';
import {
  activation,
  isActivationOfKeras3,
  isLayerOfKeras3,
  type Keras3Object,
  layerObject,
  partObject,
  userDefined,
} from './keras3-json.js';
import { registeredName } from './registered-names.js';

/** An object in Keras 2's form. */
export interface Keras2Object {
  readonly class_name: string;
  readonly config: Json;
}

/** What Keras 3's layers do not know. The first layer's shape is that of the input layer before it. */
const DROPPED: ReadonlySet<string> = new Set([
  ...['batch_input_shape', 'batch_size', 'input_dtype', 'input_length', 'implementation', 'num_constants', 'ragged'],
]);

/** Layers whose configuration needs more than that: the class and the configuration that compute the same. */
const CHANGED: Readonly<Record<string, (config: Json) => readonly [className: string, config: Json]>> = {
  LeakyReLU: ({ alpha, ...config }) => ['LeakyReLU', { ...config, negative_slope: alpha }],
  ThresholdedReLU: ({ theta, ...config }) => ['ReLU', { ...config, threshold: theta }],
  SpatialDropout1D: ({ rate, seed, name, dtype }) => ['SpatialDropout1D', { rate, seed, name, dtype }],
  Bidirectional: config => ['Bidirectional', { ...config, backward_layer: reversed(config.layer as Keras3Object) }],
};

/** Keras 3 would let both layers of a Bidirectional go backwards if the first one does. */
function reversed({ config, ...layer }: Keras3Object): Json {
  const name = `backward_${String(config.name).replace(/^forward_/, '')}`;
  return { ...layer, config: { ...config, name, go_backwards: config.go_backwards !== true } };
}

/** The input layer of a model. */
export function inputLayer({ batch_input_shape: shape, dtype, sparse, name }: Json): Keras3Object {
  return layerObject('InputLayer', { batch_shape: shape, dtype, sparse, name });
}

/** `options`: as `keras3Options` gives them. */
export function layerOf(className: string, options: Json): Keras3Object {
  if (className === OPERATION_LAYER) return operationObject(options);
  if (!hasLayer(className, options)) return userDefined(className, options, registeredName(className));
  return layerObject(...(CHANGED[className]?.(options) ?? ([className, options] as const)));
}

/** Keras 3's ReLU refuses a negative threshold. */
function hasLayer(className: string, { theta }: Json): boolean {
  return isLayerOfKeras3(className) && !(className === 'ThresholdedReLU' && Number(theta) < 0);
}

export const KERAS_3: KerasVersion = {
  hasLayer: (className, config) => className === OPERATION_LAYER || hasLayer(kerasClass(className), config),
  hasActivation: isActivationOfKeras3,
  slashes: false,
};

/** `convert`: makes what stands in a configuration of the form `{ class_name, config }`. */
export function keras3Options(config: Json, convert: (object: Keras2Object) => Keras3Object): Json {
  const entries = Object.entries(config).filter(([key]) => !DROPPED.has(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, keras3Value(key, value, convert)]));
}

function keras3Value(key: string, value: unknown, convert: (object: Keras2Object) => Keras3Object): unknown {
  if (typeof value === 'string') return key.endsWith('activation') ? activation(value, registeredName(value)) : value;
  // An option that was left out. TensorFlow.js takes it for false.
  if (key === 'unit_forget_bias' && value === null) return false;
  if (Array.isArray(value)) return value.map(item => keras3Value('', item, convert));
  if (typeof value !== 'object' || value === null) return value;
  if (!isKeras2Object(value)) return keras3Options(value as Json, convert);
  return partObject(value.class_name, value.config) ?? convert(value);
}

function isKeras2Object(value: object): value is Keras2Object {
  if (!('class_name' in value) || !('config' in value)) return false;
  return typeof value.class_name === 'string' && typeof value.config === 'object' && value.config !== null;
}
