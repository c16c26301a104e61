/**
 * Weights of Keras's older files in layouts that later versions do not have: those of Keras 1, and those of layers for
 * cuDNN, which published files still have (tf_keras/src/saving/legacy/hdf5_format.py,
 * `preprocess_weights_for_loading`). What does not look as expected is left as it is; its shape does not fit then.
 */
import { fieldOf, layerIn } from '../../../layers/family.js';
import type { Layer } from '../../../layers/types.js';
import { kerasClass } from './class-names.js';
import { columns, joinedAtEnd, madeOf, reshaped, type StoredValue, transposed } from './stored-value.js';

type Values = readonly StoredValue[];

const CONVOLUTIONS: readonly string[] = ['Conv1D', 'Conv2D', 'Conv3D', 'Conv2DTranspose', 'ConvLSTM2D'];

/** The values for the variables of a layer, in the order of the file. `kerasVersion`: that of the file. */
export function convertedWeights(layer: Layer, weights: Values, kerasVersion: string): Values {
  const inner = (one: Layer, values: Values): Values => convertedWeights(one, values, kerasVersion);
  const className = kerasClass(layer);
  let values = weights;
  if (className === 'Bidirectional') {
    const half = Math.floor(values.length / 2);
    values = [
      ...inner(layerIn(layer, 'forwardLayer'), values.slice(0, half)),
      ...inner(layerIn(layer, 'backwardLayer'), values.slice(half)),
    ];
  } else if (className === 'TimeDistributed') values = inner(layerIn(layer, 'layer'), values);
  else if ('layers' in layer) values = ofModel(layer as Layer & { layers: readonly Layer[] }, values, inner);
  if (kerasVersion === '1') values = ofKeras1(layer, className, values);
  if (CONVOLUTIONS.includes(className)) values = ofOtherOrder(layer, className, values);
  return ofRecurrent(layer, className, values);
}

/** The weights of a model lie side by side: those that are trained of all its layers, then the others. */
function ofModel(
  model: Layer & { layers: readonly Layer[] },
  weights: Values,
  inner: (layer: Layer, values: Values) => Values,
): Values {
  const split = model.trainableWeights.length;
  // Otherwise it is not known which layer has how many.
  if (weights.length !== model.weights.length) return weights;
  const trained: StoredValue[] = [];
  const others: StoredValue[] = [];
  let at = 0;
  let from = split;
  for (const layer of model.layers) {
    const count = layer.trainableWeights.length;
    const rest = layer.nonTrainableWeights.length;
    const values = inner(layer, [...weights.slice(at, at + count), ...weights.slice(from, from + rest)]);
    trained.push(...values.slice(0, count));
    others.push(...values.slice(count));
    at += count;
    from += rest;
  }
  return at === split && from === weights.length ? [...trained, ...others] : weights;
}

function ofKeras1(layer: Layer, className: string, weights: Values): Values {
  const [first, ...rest] = weights;
  if (first === undefined) return weights;
  const isChannelsFirst = fieldOf(layer, 'dataFormat') === 'channelsFirst';
  const { length: rank } = first.shape;
  switch (className) {
    case 'Conv1D': {
      if (rank !== 4) return weights;
      const [size] = fieldOf(layer, 'kernelSize') as readonly number[];
      const isOlder =
        first.shape[0] !== size || first.shape[1] !== 1 || first.shape[3] !== Number(fieldOf(layer, 'filters'));
      const kernel = isOlder ? transposed(first, [2, 3, 1, 0]) : first;
      return [reshaped(kernel, [kernel.shape[0]!, kernel.shape[2]!, kernel.shape[3]!]), ...rest];
    }
    case 'Conv2D':
      return isChannelsFirst && rank === 4 ? [transposed(first, [2, 3, 1, 0]), ...rest] : weights;
    case 'Conv2DTranspose':
      if (rank !== 4) return weights;
      return [transposed(first, isChannelsFirst ? [2, 3, 0, 1] : [0, 1, 3, 2]), ...rest];
    case 'Conv3D':
      return isChannelsFirst && rank === 5 ? [transposed(first, [2, 3, 4, 1, 0]), ...rest] : weights;
    case 'GRU':
      return weights.length === 9 ? gates(weights, [0, 3, 6]) : weights;
    case 'LSTM':
      return weights.length === 12 ? gates(weights, [0, 6, 3, 9]) : weights;
    case 'ConvLSTM2D': {
      if (weights.length !== 12) return weights;
      const [kernel, recurrent, bias] = gates(weights, [0, 6, 3, 9]);
      if (!isChannelsFirst || kernel!.shape.length !== 4) return [kernel!, recurrent!, bias!];
      return [transposed(kernel!, [2, 3, 1, 0]), transposed(recurrent!, [2, 3, 1, 0]), bias!];
    }
    default:
      return weights;
  }
}

/** Kernel, recurrent kernel and bias, each joined of its parts. `starts`: places of the kernels of the gates. */
function gates(weights: Values, starts: readonly number[]): Values {
  return [0, 1, 2].map(offset => joinedAtEnd(starts.map(start => weights[start + offset]!)));
}

/** Kernels with their dimensions in an order that some backends had, which tf_keras knows by the shape. */
function ofOtherOrder(layer: Layer, className: string, weights: Values): Values {
  const [kernel, recurrent] = layer.weights;
  return weights.map((value, i) => {
    const live = i === 0 ? kernel : i === 1 && className === 'ConvLSTM2D' ? recurrent : undefined;
    const isFitting = live === undefined || value.shape.length !== 4 || String(live.shape) === String(value.shape);
    const isOther = !isFitting && String(live.shape) === String([3, 2, 0, 1].map(axis => value.shape[axis]!));
    return isOther ? transposed(value, [3, 2, 0, 1]) : value;
  });
}

/**
 * Kernels of cuDNN's LSTM and GRU: for each gate, the input kernel's elements lie in the order of the transposed
 * matrix, the recurrent kernel is transposed, and there are two biases.
 */
function ofRecurrent(layer: Layer, className: string, weights: Values): Values {
  const [kernel, recurrent, bias] = weights;
  if (weights.length !== 3 || kernel!.shape.length !== 2 || recurrent!.shape.length !== 2) return weights;
  const [units] = recurrent!.shape as [number];
  const count = className === 'LSTM' ? 4 : className === 'GRU' ? 3 : 0;
  const isCudnn = count > 0 && String(bias!.shape) === String([2 * units * count]);
  const isUsable = className === 'LSTM' || cellOf(layer)?.getConfig().resetAfter === true;
  if (!isCudnn || !isUsable || recurrent!.shape[1] !== units * count) return weights;
  const ofGate = (value: StoredValue, change: (part: StoredValue) => StoredValue): StoredValue => {
    const width = value.shape[1]! / count;
    return joinedAtEnd(
      Array.from({ length: count }, (_, gate) => change(columns(value, gate * width, (gate + 1) * width))),
    );
  };
  return [
    ofGate(kernel!, part => transposed(reshaped(part, [part.shape[1]!, part.shape[0]!]), [1, 0])),
    ofGate(recurrent!, part => transposed(part, [1, 0])),
    className === 'GRU' ? reshaped(bias!, [2, units * count]) : summed(bias!, units * count),
  ];
}

function cellOf(layer: Layer): Layer | undefined {
  return fieldOf(layer, 'cell') as Layer | undefined;
}

/** The sum of the two halves. */
function summed(value: StoredValue, length: number): StoredValue {
  return madeOf([value], [length], ([elements]) =>
    elements!.slice(0, length).map((element, i) => element + elements![length + i]!),
  );
}
