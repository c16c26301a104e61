/**
 * What TensorFlow.js and Keras both have. TensorFlow.js's JSON of a layer is nearly Keras's configuration; what it gets
 * wrong, or Keras refuses, is put right here.
 */
import { fieldOf } from '../../../../layers/family.js';
import type { Layer } from '../../../../layers/types.js';
import { variedClass } from '../../../models/added/added-names.js';

export type Json = Record<string, unknown>;

/** Layers that Keras has with the same formulas: TensorFlow.js's, and those of src/training/models/added. */
export const LAYERS: ReadonlySet<string> = new Set([
  ...['InputLayer', 'Sequential', 'Model', 'Functional'],
  ...['Dense', 'Activation', 'Dropout', 'Flatten', 'Reshape', 'Permute', 'RepeatVector', 'Masking', 'Embedding'],
  ...['SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout'],
  ...['ReLU', 'LeakyReLU', 'PReLU', 'ELU', 'ThresholdedReLU', 'Softmax'],
  ...['Conv1D', 'Conv2D', 'Conv3D', 'Conv2DTranspose', 'Conv3DTranspose', 'DepthwiseConv2D', 'SeparableConv2D'],
  ...['ZeroPadding2D', 'Cropping2D', 'UpSampling2D'],
  ...['MaxPooling1D', 'MaxPooling2D', 'MaxPooling3D', 'AveragePooling1D', 'AveragePooling2D', 'AveragePooling3D'],
  ...['GlobalMaxPooling1D', 'GlobalMaxPooling2D', 'GlobalAveragePooling1D', 'GlobalAveragePooling2D'],
  ...['Add', 'Multiply', 'Average', 'Maximum', 'Minimum', 'Concatenate', 'Dot'],
  ...['BatchNormalization', 'LayerNormalization'],
  ...['RNN', 'SimpleRNN', 'GRU', 'LSTM', 'ConvLSTM2D', 'TimeDistributed', 'Bidirectional'],
  ...['SimpleRNNCell', 'GRUCell', 'LSTMCell', 'ConvLSTM2DCell', 'StackedRNNCells'],
  ...['CategoryEncoding', 'Rescaling', 'Resizing', 'CenterCrop', 'RandomWidth'],
  ...['Subtract', 'UnitNormalization', 'Normalization'],
  ...['ZeroPadding1D', 'ZeroPadding3D', 'Cropping1D', 'Cropping3D', 'UpSampling1D', 'UpSampling3D'],
  ...['GlobalMaxPooling3D', 'GlobalAveragePooling3D'],
]);

/** Initializers, regularizers and constraints. */
export const PARTS: ReadonlySet<string> = new Set([
  ...['Zeros', 'Ones', 'Constant', 'Identity', 'Orthogonal', 'VarianceScaling'],
  ...['RandomUniform', 'RandomNormal', 'TruncatedNormal'],
  ...['GlorotUniform', 'GlorotNormal', 'HeNormal', 'HeUniform'],
  // Keras spells these two another way.
  ...['LeCunNormal', 'LeCunUniform'],
  ...['L1L2', 'MaxNorm', 'UnitNorm', 'NonNeg', 'MinMaxNorm'],
]);

const SPELLINGS: Readonly<Record<string, string>> = {
  Model: 'Functional',
  LeCunNormal: 'LecunNormal',
  LeCunUniform: 'LecunUniform',
};

/** Activations by name, as TensorFlow.js writes them. It also has `gelu_new`, which Keras knows by no name. */
export const ACTIVATIONS: ReadonlySet<unknown> = new Set([
  ...['elu', 'selu', 'relu', 'relu6', 'linear', 'sigmoid', 'hard_sigmoid', 'softplus', 'softsign', 'tanh', 'softmax'],
  ...['log_softmax', 'gelu', 'mish', 'swish', 'exponential', 'leaky_relu'],
]);

/** The class in Keras. Those of src/training/models/added may have `Keras` before its name. */
export function kerasClass(className: string): string {
  const added = variedClass(className);
  return SPELLINGS[className] ?? (LAYERS.has(added) ? added : className);
}

/**
 * Whether Keras's layer of this name computes something else with these options. TensorFlow.js's bilinear interpolation
 * begins at the corners of pixels, and Keras's at their centres; Keras has no other one.
 */
export function computesOtherwise(className: string, { interpolation }: Json): boolean {
  return className === 'UpSampling2D' && interpolation === 'bilinear';
}

/** Under this name, Python must have such a layer. `loadModel` takes it for TensorFlow.js's. */
export function ownClass(className: string): string {
  return `Tfjs${className}`;
}

/** Layers that have no data format in Keras 2, and need none. */
const WITHOUT_FORMAT: ReadonlySet<string> = new Set(['ZeroPadding1D', 'Cropping1D', 'UpSampling1D']);

/** What Keras's RNN knows itself. The rest of TensorFlow.js's JSON are the options of its cell, which Keras refuses. */
const RNN_OPTIONS: ReadonlySet<string> = new Set([
  ...['name', 'trainable', 'dtype', 'batch_input_shape', 'cell'],
  ...['return_sequences', 'return_state', 'go_backwards', 'stateful', 'unroll'],
]);

/** Puts the configuration of one layer right, in place. */
export function repair(className: string, config: Json, layer: Layer): void {
  // An option that was left out is null, and Keras compares this one with numbers.
  if (config.implementation === null) delete config.implementation;
  if (className === 'RNN') {
    for (const key of Object.keys(config)) if (!RNN_OPTIONS.has(key)) delete config[key];
  }
  // TensorFlow.js writes the regularizer in the place of the constraint.
  if (className === 'DepthwiseConv2D') config.depthwise_constraint = partOf(fieldOf(layer, 'depthwiseConstraint'));
  if (WITHOUT_FORMAT.has(className)) delete config.data_format;
  // An unknown dimension is null here, and -1 in Keras.
  if (className === 'Reshape') config.target_shape = (config.target_shape as (number | null)[]).map(size => size ?? -1);
  if (className === 'SeparableConv2D') config.depth_multiplier = fieldOf(layer, 'depthMultiplier');
}

interface Part {
  getClassName(): string;
  getConfig(): Json;
}

function partOf(value: unknown): Json | null {
  if (typeof value !== 'object' || value === null) return null;
  const part = value as Part;
  return { class_name: part.getClassName(), config: snakeCased(part.getConfig()) };
}

/** The keys in Python's spelling. */
export function snakeCased(config: Json): Json {
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [snakeCase(key), value]));
}

/** `meanSquaredError` to `mean_squared_error`, `beta1` to `beta_1`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`).replace(/^(beta)(\d)$/, '$1_$2');
}
