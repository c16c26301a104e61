/**
 * Losses and metrics by TensorFlow.js's names, with Keras's options. Cross-entropies of logits have the gradients of
 * TensorFlow's own operations, which stay exact where a softmax or sigmoid is 0 or 1.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  abs,
  add,
  cast,
  clipByValue,
  customGrad,
  div,
  equal,
  exp,
  expandDims,
  floor,
  greater,
  log,
  log1p,
  logSumExp,
  max,
  maximum,
  mean,
  minimum,
  mul,
  neg,
  oneHot,
  relu,
  reshape,
  sigmoid,
  softplus,
  square,
  sub,
  sum,
} from '../../tfjs-core.js';
import { requireLayers } from './tfjs-layers.js';

/** By Keras's names. */
interface Options {
  readonly from_logits?: boolean;
  readonly label_smoothing?: number;
  readonly delta?: number;
  readonly threshold?: number;
}

type Formula = (yTrue: Tensor, yPred: Tensor, options: Options) => Tensor;

/** TensorFlow.js's, in place of 0 in a logarithm. */
const EPSILON = 1e-7;
const LARGE = Number.MAX_VALUE;

/** Mean of an error over the last axis. */
function ofMean(error: (yTrue: Tensor, yPred: Tensor) => Tensor): Formula {
  return (yTrue, yPred) => mean(error(yTrue, yPred), -1);
}

function ofLayers(name: keyof ReturnType<typeof requireLayers>['metrics']): Formula {
  return (yTrue, yPred) => requireLayers().metrics[name](yTrue, yPred);
}

export const FORMULAS: Readonly<Record<string, Formula>> = {
  meanSquaredError: ofLayers('meanSquaredError'),
  meanAbsoluteError: ofLayers('meanAbsoluteError'),
  meanAbsolutePercentageError: ofLayers('meanAbsolutePercentageError'),
  cosineProximity: ofLayers('cosineProximity'),
  categoricalAccuracy: ofLayers('categoricalAccuracy'),
  sparseCategoricalAccuracy: ofLayers('sparseCategoricalAccuracy'),
  meanSquaredLogarithmicError: ofMean((yTrue, yPred) => {
    const logarithm = (value: Tensor): Tensor => log(add(1, clipByValue(value, EPSILON, LARGE)));
    return square(sub(logarithm(yPred), logarithm(yTrue)));
  }),
  squaredHinge: ofMean((yTrue, yPred) => square(maximum(0, sub(1, mul(yTrue, yPred))))),
  hinge: ofMean((yTrue, yPred) => maximum(0, sub(1, mul(yTrue, yPred)))),
  categoricalHinge: (yTrue, yPred) => {
    const right = sum(mul(yTrue, yPred), -1);
    const wrong = max(mul(sub(1, yTrue), yPred), -1);
    return maximum(0, add(1, sub(wrong, right)));
  },
  logcosh: ofMean((yTrue, yPred) => {
    const error = sub(yPred, yTrue);
    return sub(add(error, softplus(mul(-2, error))), Math.log(2));
  }),
  kullbackLeiblerDivergence: (yTrue, yPred) => {
    const ratio = div(clipByValue(yTrue, EPSILON, 1), clipByValue(yPred, EPSILON, 1));
    return sum(mul(yTrue, log(ratio)), -1);
  },
  poisson: ofMean((yTrue, yPred) => sub(yPred, mul(yTrue, log(add(EPSILON, yPred))))),
  // The part of an error within delta is squared.
  huber: (yTrue, yPred, { delta = 1 }) => {
    const size = abs(sub(yPred, yTrue));
    const within = minimum(size, delta);
    return mean(add(mul(0.5, square(within)), mul(delta, sub(size, within))), -1);
  },
  binaryCrossentropy: (given, yPred, { from_logits: isLogits, label_smoothing: smoothing = 0 }) => {
    const yTrue = add(mul(cast(given, 'float32'), 1 - smoothing), 0.5 * smoothing);
    if (isLogits !== true) return requireLayers().metrics.binaryCrossentropy(yTrue, yPred);
    return mean(sigmoidCrossEntropy(yTrue, yPred), -1);
  },
  categoricalCrossentropy: (given, yPred, { from_logits: isLogits, label_smoothing: smoothing = 0 }) => {
    const yTrue = add(mul(cast(given, 'float32'), 1 - smoothing), smoothing / yPred.shape.at(-1)!);
    return categorical(yTrue, yPred, isLogits === true);
  },
  sparseCategoricalCrossentropy: (given, yPred, { from_logits: isLogits }) => {
    const classes = cast(floor(cast(reshape(given, [-1]), 'float32')), 'int32');
    const yTrue = cast(reshape(oneHot(classes, yPred.shape.at(-1)!), yPred.shape), 'float32');
    return categorical(yTrue, isLogits === true ? yPred : clipByValue(yPred, EPSILON, 1 - EPSILON), isLogits === true);
  },
  binaryAccuracy: (yTrue, yPred, { threshold = 0.5 }) =>
    mean(cast(equal(cast(yTrue, 'float32'), cast(greater(yPred, threshold), 'float32')), 'float32'), -1),
};

function categorical(yTrue: Tensor, yPred: Tensor, isLogits: boolean): Tensor {
  return isLogits ? softmaxCrossEntropy(yTrue, yPred) : requireLayers().metrics.categoricalCrossentropy(yTrue, yPred);
}

function sigmoidCrossEntropy(yTrue: Tensor, logits: Tensor): Tensor {
  return customGrad((...given) => {
    const [labels, x, save] = given as [Tensor, Tensor, (saved: Tensor[]) => void];
    save([labels, x]);
    return {
      value: add(sub(relu(x), mul(x, labels)), log1p(exp(neg(abs(x))))),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const [ofLabels, ofX] = [neg(saved[1]!), sub(sigmoid(saved[1]!), saved[0]!)];
        return [mul(dy, ofLabels), mul(dy, ofX)];
      },
    };
  })(yTrue, logits);
}

function softmaxCrossEntropy(yTrue: Tensor, logits: Tensor): Tensor {
  return customGrad((...given) => {
    const [labels, x, save] = given as [Tensor, Tensor, (saved: Tensor[]) => void];
    const logarithms = sub(x, logSumExp(x, -1, true));
    save([labels, logarithms]);
    return {
      value: neg(sum(mul(labels, logarithms), -1)),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const each = expandDims(dy, -1);
        const ofX = sub(exp(saved[1]!), saved[0]!);
        return [mul(neg(each), saved[1]!), mul(each, ofX)];
      },
    };
  })(yTrue, logits);
}
