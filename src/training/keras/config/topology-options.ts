/**
 * Options of Keras's layers that TensorFlow.js ignores or spells in another way. An option that it ignores must have
 * the value with which Keras does the same.
 */
import { isVariant } from '../../models/added/added-names.js';
import { isList, type Json, type JsonObject } from './keras-json.js';
import { activation, constraint, initializer, layerType, regularizer, shown, single } from './topology-objects.js';
import type { TopologyProblems } from './topology-problems.js';

type Fits = (value: Json) => boolean;

const isNone: Fits = value => value === null;
const isFalse: Fits = value => value === false || value === null;
const isZero: Fits = value => value === 0 || value === null;
const isOne: Fits = value => value === 1 || value === null;
const areOnes: Fits = value => (isList(value) ? value.every(isOne) : isOne(value));
const isNumber: Fits = value => typeof value === 'number';
const isLast: Fits = value => value === 'channels_last' || value === null;

/** Of layers of any class. */
const IGNORED: Readonly<Record<string, Fits>> = {
  groups: isOne,
  output_padding: isNone,
  time_major: isFalse,
  keepdims: isFalse,
  sparse: isFalse,
  ragged: isFalse,
  negative_slope: isZero,
  threshold: isZero,
  renorm: isFalse,
  virtual_batch_size: isNone,
  adjustment: isNone,
  backward_layer: isNone,
};

const CONSTRAINTS: Readonly<Record<string, Fits>> = { beta_constraint: isNone, gamma_constraint: isNone };
const AS_LAST: Readonly<Record<string, Fits>> = { data_format: isLast };

const BY_CLASS: Readonly<Record<string, Readonly<Record<string, Fits>>>> = {
  Conv1D: { ...AS_LAST, padding: value => value !== 'causal' },
  MaxPooling1D: AS_LAST,
  AveragePooling1D: AS_LAST,
  GlobalMaxPooling1D: AS_LAST,
  GlobalAveragePooling1D: AS_LAST,
  Conv2DTranspose: { dilation_rate: areOnes },
  Conv3DTranspose: { dilation_rate: areOnes },
  BatchNormalization: { axis: isNumber },
  LayerNormalization: CONSTRAINTS,
  Rescaling: { scale: isNumber, offset: isNumber },
  UpSampling2D: { interpolation: value => value === 'nearest' || value === 'bilinear' },
  ELU: { alpha: isOne },
  AlphaDropout: { noise_shape: isNone },
  KerasConv1D: { groups: isOne, ...AS_LAST },
  KerasGlobalAveragePooling1D: AS_LAST,
  KerasGlobalAveragePooling2D: AS_LAST,
  KerasGlobalMaxPooling1D: AS_LAST,
  KerasGlobalMaxPooling2D: AS_LAST,
  KerasUpSampling2D: AS_LAST,
  GlobalAveragePooling3D: AS_LAST,
  GlobalMaxPooling3D: AS_LAST,
  ZeroPadding3D: AS_LAST,
  Cropping3D: AS_LAST,
  UpSampling3D: AS_LAST,
};

/** What TensorFlow.js's layers of these classes do in another way, whatever their options are. */
const OTHERWISE: Readonly<Record<string, string>> = {
  CenterCrop: 'interpolates where Keras cuts, so the model predicts something else',
};

/** Layers that TensorFlow.js has, but cannot compute within a model. */
const UNUSABLE: readonly string[] = ['Resizing'];

/** TensorFlow.js ignores the regularizers of their weights. */
const CELLS = /^(SimpleRNN|LSTM|ConvLSTM2D)$|Cell$/;

/** A SeparableConv2D has these of its parts. TensorFlow.js refuses them. */
const SEPARABLE: readonly string[] = ['kernel_initializer', 'kernel_regularizer', 'kernel_constraint'];
/** These say nothing about what is computed: gradients, speed, where a layer is computed. */
const DROPPED: readonly string[] = [
  ...['experimental_autocast', 'autocast', 'fused', 'synchronized', 'jit_compile', 'quantization_config', 'lora_rank'],
  ...['lora_alpha', 'optional', 'use_cudnn'],
];
/** In the sequence of Embedding: whether gradients are sparse. */
const EMBEDDING: readonly string[] = ['sparse'];

export interface Surroundings {
  readonly problems: TopologyProblems;
  /** Whether a layer of the model makes masks, so that options for masked steps matter. */
  readonly hasMasks: boolean;
  /** Whether Keras 3 wrote it, where `hard_sigmoid` is another function. */
  readonly isKeras3: boolean;
}

/** The configuration of a layer of a class that TensorFlow.js has, without the layers in it. */
export function layerOptions(className: string, config: JsonObject, surroundings: Surroundings): JsonObject {
  const { problems, hasMasks } = surroundings;
  const name = String(config.name ?? '');
  const dropped = [...DROPPED, ...(className === 'Embedding' ? EMBEDDING : [])];
  const left = className === 'SeparableConv2D' ? [...dropped, ...SEPARABLE] : dropped;
  const made: Record<string, Json> = {};
  if (Object.hasOwn(OTHERWISE, className)) problems.remark(`${className} '${name}' ${OTHERWISE[className]}`);
  if (UNUSABLE.includes(className)) problems.lacksOption(className, name, 'it cannot be computed within a model');
  remarkOnTraining(className, name, config, problems);
  const ignored = {
    ...(isVariant(className) ? {} : IGNORED),
    ...BY_CLASS[className],
    ...(hasMasks && maskedOutput(className, config)),
  };
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined || left.includes(key)) continue;
    const given = key === 'axis' && className === 'BatchNormalization' ? single(value) : value;
    if (Object.hasOwn(ignored, key) && !ignored[key]!(given))
      problems.lacksOption(className, name, `${key}: ${shown(given)}`);
    const converted = convertedOption(className, name, key, given, surroundings);
    if (converted === undefined) problems.lacksOption(className, name, `${key}: ${shown(given)}`);
    else made[key] = converted;
  }
  return made;
}

/** What changes, or fails, only when the model is trained. */
function remarkOnTraining(className: string, name: string, config: JsonObject, problems: TopologyProblems): void {
  if (Object.entries(config).some(([key, value]) => key.endsWith('_constraint') && value !== null))
    problems.remarkOn(name, 'TensorFlow.js does not apply the constraints of weights when it trains these layers');
  if (className.includes('Conv') && !areOnes(config.dilation_rate ?? null))
    problems.remarkOn(name, 'TensorFlow.js cannot train these layers, because their dilation_rate is not 1');
  if (className !== 'BatchNormalization') return;
  if (config.center === false || config.scale === false)
    problems.remarkOn(name, 'TensorFlow.js cannot train these layers, because center or scale is false');
  if (config.trainable === false)
    problems.remarkOn(
      name,
      'these frozen BatchNormalization layers normalize with the statistics of the batch when the model is trained, ' +
        'and update their own, which Keras only uses',
    );
}

/** Keras's GRU has this option in TensorFlow.js as well, if it is the variant of this package. */
function maskedOutput(className: string, { reset_after: isAfter }: JsonObject): Readonly<Record<string, Fits>> {
  return className === 'GRU' && isAfter === true ? {} : { zero_output_for_mask: isFalse };
}

function convertedOption(
  className: string,
  name: string,
  key: string,
  value: Json,
  { problems, isKeras3 }: Surroundings,
): Json | undefined {
  if (key === 'dtype') return convertedType(value, problems);
  if (key === 'activity_regularizer') {
    if (value !== null) problems.remark(`the activity_regularizer of ${className} '${name}' is not computed`);
    return null;
  }
  if (key === 'activation' || key === 'recurrent_activation') return activation(value, isKeras3);
  if (key.endsWith('_initializer')) return initializer(value);
  if (key.endsWith('_regularizer')) {
    if (value !== null && CELLS.test(className)) problems.remark(`${className} '${name}' is trained without ${key}`);
    return regularizer(value);
  }
  if (key.endsWith('_constraint')) return constraint(value);
  return value;
}

function convertedType(value: Json | undefined, problems: TopologyProblems): string | undefined {
  const found = layerType(value);
  if (found?.isMixed) problems.remark('layers with mixed precision compute in float32');
  return found?.dtype;
}
