/**
 * A random layer for an input of a given shape, with random options; sizes stay small and predictions well conditioned.
 */
import * as tf from '@tensorflow/tfjs-node';
import type { Layer } from './matrix-model.js';
import type { Choices } from './random-numbers.js';

const l = tf.layers;

/** What a random layer is made from. */
export interface Making {
  readonly choices: Choices;
  /** A name, or nothing if the libraries are to choose one. */
  name(): { name?: string };
  /** How many models there are around what is made. */
  readonly depth: number;
  /** A model that takes and gives what a layer would, or null if models are nested deeply enough. */
  nested(shape: readonly number[]): Layer | null;
}

type Maker = (making: Making, shape: readonly number[]) => Layer | null;

const ACTIVATIONS = ['relu', 'tanh', 'sigmoid', 'elu', 'linear', 'softplus'] as const;

function dense({ choices, name }: Making): Layer {
  return l.dense({
    units: choices.whole(2, 4),
    useBias: choices.chance(0.7),
    activation: choices.one(ACTIVATIONS),
    trainable: choices.chance(0.9),
    ...name(),
  });
}

function batchNormalization({ choices, name }: Making, shape: readonly number[]): Layer {
  return l.batchNormalization({
    axis: choices.chance(0.7) ? -1 : choices.whole(1, shape.length),
    center: choices.chance(0.7),
    scale: choices.chance(0.7),
    ...name(),
  });
}

function layerNormalization({ choices, name }: Making, shape: readonly number[]): Layer {
  const all = shape.map((_, i) => i + 1);
  return l.layerNormalization({
    axis: choices.one([-1, [shape.length], all]),
    center: choices.chance(0.7),
    scale: choices.chance(0.7),
    epsilon: 0.1,
    ...name(),
  });
}

function prelu({ choices, name }: Making, shape: readonly number[]): Layer {
  return l.prelu({ ...(shape.length > 1 && choices.chance(0.5) ? { sharedAxes: [1] } : {}), ...name() });
}

function weightless({ choices, name }: Making): Layer {
  return choices.one([
    () => l.dropout({ rate: 0.2, ...name() }),
    () => l.activation({ activation: choices.one(ACTIVATIONS), ...name() }),
    () => l.leakyReLU({ alpha: 0.1, ...name() }),
    () => l.reLU({ maxValue: 6, ...name() }),
    () => l.gaussianNoise({ stddev: 0.1, ...name() }),
  ])();
}

const nested: Maker = (making, shape) => making.nested(shape);

/** Options of all recurrent layers. */
function recurrentOptions(choices: Choices, returnSequences = choices.chance(0.6)) {
  return {
    units: choices.whole(2, 3),
    useBias: choices.chance(0.8),
    goBackwards: choices.chance(0.2),
    recurrentActivation: choices.one(['sigmoid', 'hardSigmoid'] as const),
    dropout: choices.one([0, 0, 0.2]),
    recurrentDropout: choices.one([0, 0, 0.2]),
    returnSequences,
  };
}

function recurrent({ choices, name }: Making): Layer {
  const { recurrentActivation, ...plain } = recurrentOptions(choices);
  return choices.one([
    () => l.simpleRNN({ ...plain, ...name() }),
    () => l.gru({ ...plain, recurrentActivation, ...name() }),
    () => l.lstm({ ...plain, recurrentActivation, ...name() }),
  ])();
}

function cells({ choices, name }: Making): Layer {
  const cell = () =>
    choices.one([
      () => l.simpleRNNCell({ units: choices.whole(2, 3), ...name() }),
      () => l.gruCell({ units: choices.whole(2, 3), useBias: choices.chance(0.8), ...name() }),
      () => l.lstmCell({ units: choices.whole(2, 3), ...name() }),
    ])();
  const count = choices.whole(1, 3);
  const list = Array.from({ length: count }, cell);
  return l.rnn({ cell: count === 1 ? list[0]! : list, returnSequences: choices.chance(0.6), ...name() } as never);
}

function bidirectional(making: Making): Layer {
  const { choices, name } = making;
  const mergeMode = choices.one(['concat', 'sum', 'ave', 'mul'] as const);
  return l.bidirectional({ layer: recurrent(making) as never, mergeMode: mergeMode as never, ...name() });
}

/** A layer (or a model) for what is in each step. */
function timeDistributed(making: Making, shape: readonly number[]): Layer | null {
  const inner = shape.slice(1);
  const layer = inner.length === 1 && making.choices.chance(0.6) ? dense(making) : randomLayer(making, inner);
  return layer && l.timeDistributed({ layer, ...making.name() });
}

const image = {
  conv: ({ choices, name }: Making): Layer =>
    l.conv2d({
      filters: choices.whole(2, 3),
      kernelSize: [choices.whole(1, 2), 2],
      strides: choices.whole(1, 2),
      padding: 'same',
      useBias: choices.chance(0.7),
      activation: choices.one(ACTIVATIONS),
      ...name(),
    }),
  depthwise: ({ choices, name }: Making): Layer =>
    l.depthwiseConv2d({
      kernelSize: 2,
      padding: 'same',
      depthMultiplier: choices.whole(1, 2),
      useBias: choices.chance(0.7),
      ...name(),
    }),
  separable: ({ choices, name }: Making): Layer =>
    l.separableConv2d({
      filters: choices.whole(2, 3),
      kernelSize: 2,
      padding: 'same',
      depthMultiplier: choices.whole(1, 2),
      useBias: choices.chance(0.7),
      ...name(),
    }),
  transpose: ({ choices, name }: Making): Layer =>
    l.conv2dTranspose({
      filters: choices.whole(2, 3),
      kernelSize: 2,
      padding: choices.one(['same', 'valid'] as const),
      ...name(),
    }),
  pooling: ({ choices, name }: Making): Layer =>
    choices.one([l.maxPooling2d, l.averagePooling2d])({ poolSize: 2, strides: 1, padding: 'same', ...name() }),
  padding: ({ name }: Making): Layer => l.zeroPadding2d({ padding: 1, ...name() }),
  global: ({ choices, name }: Making): Layer =>
    choices.one([l.globalMaxPooling2d, l.globalAveragePooling2d])(name() as never),
};

const flatten: Maker = ({ name }) => l.flatten(name());
const common: readonly Maker[] = [dense, batchNormalization, layerNormalization, prelu, weightless, nested];

/** Makers by the rank of the input, without the batch. */
const MAKERS: Readonly<Record<number, readonly Maker[]>> = {
  1: [...common, dense, ({ choices, name }) => l.repeatVector({ n: choices.whole(2, 3), ...name() })],
  2: [
    ...common,
    recurrent,
    recurrent,
    cells,
    bidirectional,
    timeDistributed,
    ({ choices, name }) =>
      l.conv1d({
        filters: choices.whole(2, 3),
        kernelSize: 2,
        padding: 'same',
        useBias: choices.chance(0.7),
        ...name(),
      }),
    ({ name }) => l.maxPooling1d({ poolSize: 2, strides: 1, padding: 'same', ...name() }),
    ({ name }) => l.permute({ dims: [2, 1], ...name() }),
    flatten,
  ],
  3: [...common, ...Object.values(image), image.conv, timeDistributed, flatten],
  // tfjs's batchNormalization cannot run at this rank.
  4: [
    weightless,
    nested,
    timeDistributed,
    ({ choices, name }) =>
      l.conv3d({
        filters: choices.whole(2, 3),
        kernelSize: 2,
        padding: 'same',
        useBias: choices.chance(0.7),
        ...name(),
      }),
    ({ choices, name }) =>
      l.conv3dTranspose({ filters: 2, kernelSize: 2, padding: 'same', useBias: choices.chance(0.7), ...name() }),
    ({ choices, name }) =>
      l.convLstm2d({
        filters: choices.whole(2, 3),
        kernelSize: 2,
        padding: 'same',
        returnSequences: choices.chance(0.4),
        ...name(),
      }),
    flatten,
  ],
};

/** Null if the one that was chosen cannot be made here. */
export function randomLayer(making: Making, shape: readonly number[]): Layer | null {
  return making.choices.one(MAKERS[shape.length]!)(making, shape);
}
