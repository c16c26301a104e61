/**
 * TensorFlow.js as this package uses it; no other file loads it. It is an optional peer, so an `import` of it could
 * fail before any code of this package runs, with an error about a package that users do not install by name. `require`
 * finds the same copy as an import, since tfjs-core has one build for Node. This file awaits nothing at its top level,
 * so it can be loaded with `require` too.
 */
import { createRequire } from 'node:module';
import type * as tfjs from '@tensorflow/tfjs-core';
import { TensorBundleError } from './errors.js';

const NAME = '@tensorflow/tfjs-core';

const core = load();

export const {
  abs,
  add,
  addN,
  all,
  any: someOf,
  cast,
  clipByValue,
  clone,
  complex,
  concat,
  cos,
  cumsum,
  customGrad,
  dispose,
  div,
  dropout,
  elu,
  engine,
  equal,
  exp,
  expandDims,
  fill,
  floor,
  greater,
  io,
  isFinite: areFinite,
  keep,
  leakyRelu,
  log,
  log1p,
  logicalAnd,
  logicalOr,
  logSigmoid,
  logSumExp,
  matMul,
  max,
  maximum,
  mean,
  min,
  minimum,
  mul,
  neg,
  oneHot,
  onesLike,
  Optimizer,
  pad,
  pow,
  randomGamma,
  randomNormal,
  randomUniform,
  relu,
  relu6,
  reshape,
  reverse,
  rsqrt,
  scalar,
  serialization,
  sigmoid,
  sin,
  slice,
  softmax,
  softplus,
  split,
  sqrt,
  square,
  squeeze,
  step,
  stack,
  sub,
  sum,
  tanh,
  tensor,
  Tensor,
  tidy,
  tile,
  unstack,
  variable,
  Variable,
  variableGrads,
  zeros,
  zerosLike,
} = core;

export type { NamedTensorMap, Scalar } from '@tensorflow/tfjs-core';
export type Optimizer = tfjs.Optimizer;
export type Tensor = tfjs.Tensor;
export type Variable = tfjs.Variable;

/** Throws ERR_NOT_SUPPORTED if TensorFlow.js is not installed. */
function load(): typeof tfjs {
  const require = createRequire(import.meta.url);
  try {
    require.resolve(NAME);
  } catch (cause) {
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      'TensorFlow.js is not installed, which tensorbundle/tfjs, tensorbundle/optimizers and ' +
        'tensorbundle/register need: ' +
        '`npm install @tensorflow/tfjs` (any platform), or @tensorflow/tfjs-node (faster). Where it is installed ' +
        'but hidden from other ' +
        `packages (Yarn Plug'n'Play, pnpm without hoisting), install ${NAME} and @tensorflow/tfjs-layers as well`,
      { expected: NAME, cause },
    );
  }
  return require(NAME) as typeof tfjs;
}
