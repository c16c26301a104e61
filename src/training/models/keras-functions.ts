/**
 * Losses and metrics that Keras has with options and TensorFlow.js has not, as functions for `model.compile`. Each
 * remembers what it is in Keras, so that it can be written again.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { mul, tidy } from '../../tfjs-core.js';
import { FORMULAS } from './loss-formulas.js';

type Option = number | boolean;

export interface KerasFunction {
  /** TensorFlow.js's name of it without options; `huber`, which it lacks. */
  readonly of: string;
  /** By Keras's names, without those that have the default. */
  readonly options: Readonly<Record<string, Option>>;
  /** By which the loss of an output counts in the total loss. */
  readonly weight?: number;
  /** Of a metric. */
  readonly name?: string;
}

export type LossOrMetric = (yTrue: Tensor, yPred: Tensor) => Tensor;

/** The options of each that TensorFlow.js lacks, with their defaults. */
const OPTIONS: Readonly<Record<string, Readonly<Record<string, Option>>>> = {
  binaryCrossentropy: { from_logits: false, label_smoothing: 0 },
  categoricalCrossentropy: { from_logits: false, label_smoothing: 0 },
  sparseCategoricalCrossentropy: { from_logits: false },
  huber: { delta: 1 },
  binaryAccuracy: { threshold: 0.5 },
};

const made = new WeakMap<object, KerasFunction>();

/** All options that some loss or metric here has, with their defaults. */
export function optionsOf(of: string): Readonly<Record<string, Option>> {
  return Object.hasOwn(OPTIONS, of) ? OPTIONS[of]! : {};
}

/** `isProbability`: the output has been through its sigmoid or softmax, so that `from_logits` is not true of it. */
export function functionOf(keras: KerasFunction, isProbability = false): LossOrMetric {
  const { of, options, weight = 1, name = of } = keras;
  const formula = FORMULAS[of]!;
  const given = { ...options, ...(isProbability && { from_logits: false }) };
  const computed: LossOrMetric = (yTrue, yPred) =>
    tidy(() => {
      const value = formula(yTrue, yPred, given);
      return weight === 1 ? value : mul(value, weight);
    });
  // Under this name TensorFlow.js logs a metric.
  Object.defineProperty(computed, 'name', { value: name });
  made.set(computed, keras);
  return computed;
}

/** Undefined for a function of a user, or of TensorFlow.js. */
export function kerasFunctionOf(value: unknown): KerasFunction | undefined {
  return typeof value === 'function' ? made.get(value) : undefined;
}

/** Whether it can be one that was read from a file. */
export function isKerasFunction(value: unknown): value is KerasFunction {
  if (typeof value !== 'object' || value === null) return false;
  const { of, options, weight = 1, name = '' } = value as Partial<KerasFunction>;
  if (typeof of !== 'string' || !Object.hasOwn(FORMULAS, of) || typeof options !== 'object' || options === null)
    return false;
  const known = optionsOf(of);
  const fit = Object.entries(options).every(
    ([key, one]) => Object.hasOwn(known, key) && typeof one === typeof known[key],
  );
  return fit && typeof weight === 'number' && typeof name === 'string';
}
