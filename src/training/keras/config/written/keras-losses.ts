/** Losses and metrics of TensorFlow.js that Keras has with the same formulas, and their names there. */
import { type KerasFunction, optionsOf } from '../../../models/keras-functions.js';
import { snakeCase } from './keras-classes.js';
import type { KerasEntry } from './keras-config.js';

/** TensorFlow.js's losses, and those of its metrics that Keras has under the name in snake case. */
const LOSSES: ReadonlySet<string> = new Set([
  ...['meanSquaredError', 'meanAbsoluteError', 'meanAbsolutePercentageError', 'meanSquaredLogarithmicError'],
  ...['squaredHinge', 'hinge', 'categoricalHinge', 'logcosh', 'categoricalCrossentropy', 'binaryCrossentropy'],
  ...['sparseCategoricalCrossentropy', 'kullbackLeiblerDivergence', 'poisson', 'cosineProximity'],
]);
const METRICS: ReadonlySet<string> = new Set([
  ...['binaryAccuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy'],
  ...['binaryCrossentropy', 'categoricalCrossentropy', 'sparseCategoricalCrossentropy'],
  ...['meanSquaredError', 'meanAbsoluteError', 'meanAbsolutePercentageError'],
]);
/** Keras has the same ones. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['mse', 'mean_squared_error'],
  ['mae', 'mean_absolute_error'],
  ['mape', 'mean_absolute_percentage_error'],
]);

/** Names for which both libraries choose the function when a model is compiled, with the end of the function's name. */
const CHOSEN: ReadonlyMap<string, string> = new Map([
  ['accuracy', 'accuracy'],
  ['acc', 'accuracy'],
  ['crossentropy', 'crossentropy'],
  ['ce', 'crossentropy'],
]);

/** A metric in Keras. */
export interface KerasMetric {
  readonly name: string;
  /** Keras's name of the function. */
  readonly fn: string;
  /** Whether the name alone means the function in Keras 2. */
  readonly isChosen: boolean;
  /** In the configuration of its class. */
  readonly options?: KerasFunction['options'];
}

/** Keras's name of a function, or an object with options; undefined for a loss that Keras lacks. */
export function kerasLoss(loss: string | KerasFunction): string | KerasEntry | undefined {
  if (typeof loss === 'string') return lossFunction(loss);
  const { of, options } = loss;
  if (of !== 'huber' && Object.keys(options).length === 0) return lossFunction(of);
  const name = snakeCase(of);
  const config = { name, reduction: 'sum_over_batch_size', ...optionsOf(of), ...options };
  return { class_name: classOfFunction(name), config };
}

function lossFunction(name: string): string | undefined {
  // The function is the same; as a metric, Keras's has the other sign.
  if (name === 'cosineProximity') return 'cosine_similarity';
  return LOSSES.has(name) ? snakeCase(name) : undefined;
}

/**
 * A metric of an output with that loss, the last dimension of which has that size. Undefined for a metric that Keras
 * lacks. The name that the metric has here stays its name there.
 */
export function kerasMetric(metric: string | KerasFunction, loss: unknown, lastSize: unknown): KerasMetric | undefined {
  if (typeof metric === 'string') return named(metric, loss, lastSize);
  const { of, options, name } = metric;
  const found = named(of, loss, lastSize);
  return found && { ...found, name: name ?? found.name, ...(Object.keys(options).length > 0 && { options }) };
}

function named(name: string, loss: unknown, lastSize: unknown): KerasMetric | undefined {
  const end = CHOSEN.get(name);
  if (end !== undefined) return chosen(name, end, loss, lastSize);
  if (ALIASES.has(name.toLowerCase())) return { name, fn: name, isChosen: false };
  return METRICS.has(name) ? { name: snakeCase(name), fn: snakeCase(name), isChosen: false } : undefined;
}

/** As tfjs-layers/src/engine/training.ts chooses. Keras looks at the shapes only. */
function chosen(name: string, end: string, loss: unknown, lastSize: unknown): KerasMetric {
  if (lastSize === 1) return { name, fn: `binary_${end}`, isChosen: true };
  if (loss === 'binaryCrossentropy') return { name, fn: `binary_${end}`, isChosen: false };
  const isSparse = loss === 'sparseCategoricalCrossentropy';
  return { name, fn: isSparse ? `sparse_categorical_${end}` : `categorical_${end}`, isChosen: true };
}

/** Keras's class of a metric: `BinaryCrossentropy`. */
export function metricClass({ fn }: KerasMetric): string {
  return classOfFunction(ALIASES.get(fn.toLowerCase()) ?? fn);
}

/** `binary_crossentropy` to `BinaryCrossentropy`. */
export function classOfFunction(name: string): string {
  return name.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Whether both Keras 2 and Keras 3 choose the metric by its name. Keras 3 does not choose cross-entropies. */
export function isChosenByAll({ fn, isChosen }: KerasMetric): boolean {
  return isChosen && fn.endsWith('accuracy');
}
