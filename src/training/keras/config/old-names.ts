/**
 * The names of Keras 1 as those of Keras 2, which renamed nearly all options in 2017 (keras-2.0's
 * keras/legacy/interfaces.py). Published weights of that time are still in use.
 */
import { isList, isObject, type Json, type JsonObject, type KerasObject } from './keras-json.js';

const CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Convolution1D: 'Conv1D',
    Convolution2D: 'Conv2D',
    Convolution3D: 'Conv3D',
    Deconvolution2D: 'Conv2DTranspose',
    SeparableConvolution2D: 'SeparableConv2D',
    AtrousConvolution1D: 'Conv1D',
    AtrousConvolution2D: 'Conv2D',
  }),
);

const OPTIONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    nb_filter: 'filters',
    filter_length: 'kernel_size',
    subsample: 'strides',
    subsample_length: 'strides',
    atrous_rate: 'dilation_rate',
    border_mode: 'padding',
    dim_ordering: 'data_format',
    init: 'kernel_initializer',
    inner_init: 'recurrent_initializer',
    inner_activation: 'recurrent_activation',
    gamma_init: 'gamma_initializer',
    beta_init: 'beta_initializer',
    W_regularizer: 'kernel_regularizer',
    U_regularizer: 'recurrent_regularizer',
    b_regularizer: 'bias_regularizer',
    W_constraint: 'kernel_constraint',
    U_constraint: 'recurrent_constraint',
    b_constraint: 'bias_constraint',
    bias: 'use_bias',
    p: 'rate',
    sigma: 'stddev',
    dropout_W: 'dropout',
    dropout_U: 'recurrent_dropout',
    pool_length: 'pool_size',
    stride: 'strides',
    input_dtype: 'dtype',
  }),
);
const RECURRENT: readonly string[] = ['SimpleRNN', 'LSTM', 'GRU'];
/** Of Keras 1 only. They say nothing about what is computed, or are replaced by others below. */
const DROPPED: readonly string[] = ['consume_less', 'forget_bias_init', 'nb_row', 'nb_col', 'nb_frame', 'mode'];
const MODES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    sum: 'Add',
    mul: 'Multiply',
    concat: 'Concatenate',
    ave: 'Average',
    max: 'Maximum',
  }),
);
const FORMATS: ReadonlyMap<string, string> = new Map(Object.entries({ tf: 'channels_last', th: 'channels_first' }));

/** Unchanged if it is not from Keras 1. */
export function presentNames(object: KerasObject): KerasObject {
  const { className, config } = object;
  const isOld = CLASSES.has(className) || Object.keys(config).some(key => OPTIONS.has(key));
  const merged = className === 'Merge' ? MODES.get(String(config.mode)) : undefined;
  if (merged !== undefined) {
    const { name = null, concat_axis: axis } = config;
    return { ...object, className: merged, config: { name, ...(merged === 'Concatenate' && { axis }) } };
  }
  if (!isOld && !(className === 'Dense' || RECURRENT.includes(className))) return object;
  const made: Record<string, Json> = {};
  for (const [key, value] of Object.entries(config)) {
    if (value === undefined || DROPPED.includes(key)) continue;
    made[OPTIONS.get(key) ?? key] = renamed(key, value);
  }
  if (made.units === undefined && made.output_dim !== undefined && className !== 'Embedding') {
    made.units = made.output_dim;
    delete made.output_dim;
    // There it is the size of the input, which the shape of the input says as well.
    delete made.input_dim;
    delete made.input_length;
  }
  const { nb_frame: frame, nb_row: row, nb_col: column, forget_bias_init: forget } = config;
  const sizes = [frame, row, column].filter(one => one !== undefined);
  if (sizes.length > 0) made.kernel_size = sizes;
  if (forget !== undefined) made.unit_forget_bias = forget === 'one';
  return { ...object, className: CLASSES.get(className) ?? className, config: made };
}

function renamed(key: string, value: Json): Json {
  if (key === 'dim_ordering' && typeof value === 'string') return FORMATS.get(value) ?? value;
  if (!key.endsWith('_regularizer') || !isObject(value) || value.class_name !== undefined) return value;
  const { l1 = 0, l2 = 0 } = value as JsonObject;
  return { class_name: 'L1L2', config: { l1, l2 } };
}

/** Keras 1 has one list of layers where Keras 2 has a dictionary with it. */
export function layersOf(config: Json | undefined): JsonObject {
  if (isList(config)) return { layers: config };
  return isObject(config) ? config : {};
}
