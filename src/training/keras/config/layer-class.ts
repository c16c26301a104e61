/**
 * The class of TensorFlow.js for a class of Keras: the one with the same name, or another one that does exactly the
 * same with these options. Layers that only change what a model learns from do nothing here, as they do in Keras when
 * it predicts.
 */
import { serialization } from '../../../tfjs-core.js';
import { variantOf } from '../../models/added/added-names.js';
import { isList, type Json, type JsonObject, type KerasObject, plainName } from './keras-json.js';
import { presentNames } from './old-names.js';
import { camelCase, single } from './topology-objects.js';
import type { TopologyProblems } from './topology-problems.js';

interface LayerClass {
  readonly className: string;
  readonly config: JsonObject;
}

/** These change images while a model is trained, and do nothing else. */
const AUGMENTING: readonly string[] = [
  ...['AugMix', 'CutMix', 'MixUp', 'RandAugment', 'RandomBrightness', 'RandomColorDegeneration', 'RandomColorJitter'],
  ...['RandomContrast', 'RandomElasticTransform', 'RandomErasing', 'RandomFlip', 'RandomGaussianBlur'],
  ...['RandomGrayscale', 'RandomHeight', 'RandomHue', 'RandomInvert', 'RandomPerspective', 'RandomRotation'],
  ...['RandomSaturation', 'RandomSharpness', 'RandomShear', 'RandomTranslation', 'RandomZoom'],
];
/** Of all layers. */
const SHARED: readonly string[] = ['name', 'trainable', 'dtype', 'batch_input_shape', 'batch_shape'];

/**
 * Undefined, and noted, if TensorFlow.js has no such class and nobody registered one. The configuration has the names
 * of options that Keras 2 has.
 */
export function layerClass(object: KerasObject, name: string, problems: TopologyProblems): LayerClass | undefined {
  const given = presentNames(object);
  const plain = plainName(given.className);
  const known = [given.className, plain, plain.replace(/V[12]$/, '')].map(camelCase).find(isLayerClass);
  const { config } = given;
  if (known !== undefined)
    return { className: known, config: sameOptions(known, config) ?? config, ...variant(known, config) };
  // A class of a user that extends Model and is made of layers.
  if (isList(config.layers) && config.output_layers !== undefined) return { className: 'Functional', config };
  const equal = equivalent(plain, config, name, problems);
  if (equal === undefined) problems.lacksClass(plain, name);
  return equal;
}

/** TensorFlow.js keeps initializers, and other things, under names as well. */
function isLayerClass(className: string): boolean {
  const { classNameMap } = serialization.SerializationMap.getMap();
  if (!Object.hasOwn(classNameMap, className)) return false;
  const { prototype } = classNameMap[className]![0] as { prototype?: object };
  return prototype !== undefined && 'countParams' in prototype;
}

/** Another class, where the one of the same name lacks an option. */
function variant(className: string, config: JsonObject): LayerClass | undefined {
  if (className === 'ReLU') return variantOfReLU(config);
  const needed = Object.hasOwn(VARIANTS, className) && VARIANTS[className]!(config);
  return needed ? { className: variantOf(className), config } : undefined;
}

/** Whether a class of TensorFlow.js lacks what these options say. */
const VARIANTS: Readonly<Record<string, (config: JsonObject) => boolean>> = {
  ELU: ({ alpha = 1 }) => typeof alpha === 'number' && alpha !== 1,
  Rescaling: ({ scale, offset }) => isList(scale) || isList(offset),
  UpSampling2D: ({ interpolation }) => interpolation === 'bilinear',
  Conv1D: ({ padding }) => padding === 'causal',
  GlobalAveragePooling1D: ({ keepdims }) => keepdims === true,
  GlobalAveragePooling2D: ({ keepdims }) => keepdims === true,
  GlobalMaxPooling1D: ({ keepdims }) => keepdims === true,
  GlobalMaxPooling2D: ({ keepdims }) => keepdims === true,
};

function variantOfReLU(config: JsonObject): LayerClass | undefined {
  const { max_value: most = null, negative_slope: slope = 0, threshold = 0 } = config;
  const isPlain = (slope === 0 || slope === null) && (threshold === 0 || threshold === null);
  if (isPlain || typeof slope !== 'number' || typeof threshold !== 'number') return undefined;
  if (most === null && threshold === 0) return { className: 'LeakyReLU', config: { ...shared(config), alpha: slope } };
  if (most === null && slope === 0 && threshold > 0)
    return { className: 'ThresholdedReLU', config: { ...shared(config), theta: threshold } };
  return { className: 'KerasReLU', config };
}

/** Options with the names that they had in Keras 2; undefined if they are the same. */
function sameOptions(className: string, config: JsonObject): JsonObject | undefined {
  if (className === 'LeakyReLU' && config.negative_slope !== undefined) {
    const { negative_slope: alpha, ...rest } = config;
    return { ...rest, alpha };
  }
  if (className === 'Softmax' && config.axis !== undefined) return { ...config, axis: single(config.axis) };
  return undefined;
}

/** A class of another name that does the same. */
function equivalent(
  className: string,
  config: JsonObject,
  name: string,
  problems: TopologyProblems,
): LayerClass | undefined {
  const nothing: LayerClass = { className: 'Activation', config: { ...shared(config), activation: 'linear' } };
  if (className === 'Identity') return nothing;
  // saveModel wrote it: TensorFlow.js's layer, which computes something else than Keras's.
  if (className === 'TfjsUpSampling2D') return { className: 'UpSampling2D', config };
  if (className === 'ActivityRegularization') {
    problems.remark(`the regularizer of ActivityRegularization '${name}' is not computed`);
    return nothing;
  }
  if (AUGMENTING.includes(className)) {
    problems.remarkOn(name, 'these layers, which vary images while the model is trained, do nothing here');
    return nothing;
  }
  const spatial = /^SpatialDropout([23])D$/.exec(className);
  if (spatial === null || config.data_format === 'channels_first') return undefined;
  const between = Array.from({ length: Number(spatial[1]) }, () => 1);
  const { rate = 0, seed = null } = config;
  return { className: 'Dropout', config: { ...shared(config), rate, seed, noise_shape: [null, ...between, null] } };
}

function shared(config: JsonObject): JsonObject {
  const kept: [string, Json | undefined][] = SHARED.filter(key => key in config).map(key => [key, config[key]]);
  return Object.fromEntries(kept);
}
