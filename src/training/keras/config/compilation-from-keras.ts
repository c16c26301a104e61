/**
 * Losses and metrics of Keras's training configuration, as `model.compile` of TensorFlow.js takes them
 * (tf_keras/src/saving/legacy/saving_utils.py). Keras gives them as names, or as classes with options.
 */

import type { CompileOptions } from '../../models/compilation.js';
import { requireLayers } from '../../models/tfjs-layers.js';
import { isList, isObject, type Json, type JsonObject, kerasObject, plainName, text } from './keras-json.js';
import { shown } from './topology-objects.js';

interface FoundCompilation {
  /** Undefined if TensorFlow.js lacks one of them. */
  readonly loss: CompileOptions['loss'];
  /** Those that TensorFlow.js has. */
  readonly metrics: CompileOptions['metrics'];
  /** What it lacks. */
  readonly lackingLosses: readonly string[];
  readonly lackingMetrics: readonly string[];
}

type Metric = string | ((yTrue: never, yPred: never) => unknown);

/** Names of Keras's functions and classes, in lower case and without underscores. */
const LOSSES: Readonly<Record<string, string>> = {
  meansquarederror: 'meanSquaredError',
  mse: 'meanSquaredError',
  meanabsoluteerror: 'meanAbsoluteError',
  mae: 'meanAbsoluteError',
  meanabsolutepercentageerror: 'meanAbsolutePercentageError',
  mape: 'meanAbsolutePercentageError',
  meansquaredlogarithmicerror: 'meanSquaredLogarithmicError',
  msle: 'meanSquaredLogarithmicError',
  squaredhinge: 'squaredHinge',
  hinge: 'hinge',
  categoricalhinge: 'categoricalHinge',
  logcosh: 'logcosh',
  categoricalcrossentropy: 'categoricalCrossentropy',
  sparsecategoricalcrossentropy: 'sparseCategoricalCrossentropy',
  binarycrossentropy: 'binaryCrossentropy',
  kullbackleiblerdivergence: 'kullbackLeiblerDivergence',
  kldivergence: 'kullbackLeiblerDivergence',
  kld: 'kullbackLeiblerDivergence',
  poisson: 'poisson',
  cosinesimilarity: 'cosineProximity',
  cosineproximity: 'cosineProximity',
};

/** Names by which `compile` knows a metric; for a function, its name in `tf.metrics`. */
const METRICS: Readonly<Record<string, string>> = {
  accuracy: 'accuracy',
  acc: 'accuracy',
  crossentropy: 'crossentropy',
  ce: 'crossentropy',
  meansquarederror: 'mse',
  mse: 'mse',
  meanabsoluteerror: 'mae',
  mae: 'mae',
  meanabsolutepercentageerror: 'mape',
  mape: 'mape',
  binaryaccuracy: 'binaryAccuracy',
  categoricalaccuracy: 'categoricalAccuracy',
  sparsecategoricalaccuracy: 'sparseCategoricalAccuracy',
  categoricalcrossentropy: 'categoricalCrossentropy',
  sparsecategoricalcrossentropy: 'sparseCategoricalCrossentropy',
  binarycrossentropy: 'binaryCrossentropy',
};
/** `compile` does not know these by their names. */
const FUNCTIONS: readonly string[] = ['sparseCategoricalAccuracy', 'binaryCrossentropy'];
const ACCURACIES: readonly string[] = ['binaryAccuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy'];

/** Options with which a loss or a metric is that of TensorFlow.js. */
const NEUTRAL: Readonly<Record<string, readonly unknown[]>> = {
  reduction: ['auto', 'sum_over_batch_size', null],
  from_logits: [false, null],
  label_smoothing: [0, null],
  axis: [-1, null],
  threshold: [0.5, null],
  ignore_class: [null],
};

/** `names`: of the outputs here. `renamed`: those that Python knows by another name. */
export function compilationFromKeras(
  { loss, metrics, weighted_metrics: weighted, loss_weights: weights }: JsonObject,
  names: readonly string[],
  renamed: ReadonlyMap<string, string>,
): FoundCompilation {
  const lackingLosses: string[] = [];
  const lackingMetrics: string[] = [];
  const outputs = new Outputs(names, renamed);
  const losses = lossesOf(loss ?? null, outputs, lackingLosses);
  if (!areOnes(weights ?? null)) lackingLosses.push(`loss_weights ${shown(weights)}`);
  if (named(weighted ?? null)) lackingMetrics.push(`weighted_metrics ${shown(weighted)}`);
  return {
    loss: lackingLosses.length > 0 ? undefined : (losses as CompileOptions['loss']),
    metrics: metricsOf(metrics ?? null, outputs, lackingMetrics) as CompileOptions['metrics'],
    lackingLosses,
    lackingMetrics,
  };
}

class Outputs {
  constructor(
    readonly names: readonly string[],
    readonly renamed: ReadonlyMap<string, string>,
  ) {}

  /** Values by the names of outputs here; an output that is not named is left out. */
  byName<T>(values: JsonObject, convert: (value: Json) => T | undefined): Record<string, T> {
    const made = Object.entries(values).flatMap(([name, value]) => {
      const converted = value === undefined || value === null ? undefined : convert(value);
      return converted === undefined ? [] : [[this.renamed.get(name) ?? name, converted] as const];
    });
    return Object.fromEntries(made.filter(([name]) => this.names.includes(name)));
  }

  /** Values in the order of the outputs. A missing one is left out, so they get names if there is one. */
  inOrder<T>(values: readonly Json[], convert: (value: Json) => T | undefined): T[] | Record<string, T> {
    const made = values.map(value => (value === null ? undefined : convert(value)));
    const present = made.filter(value => value !== undefined);
    if (present.length === this.names.length) return present;
    return Object.fromEntries(
      made.flatMap((value, i) => (value === undefined || i >= this.names.length ? [] : [[this.names[i]!, value]])),
    );
  }
}

function lossesOf(given: Json, outputs: Outputs, lacking: string[]): unknown {
  const convert = (value: Json): string | undefined => {
    const found = lookUp(LOSSES, value);
    if (found === undefined) lacking.push(withOptions(LOSSES, value));
    return found;
  };
  if (given === null) {
    lacking.push('(Keras has none either)');
    return undefined;
  }
  if (isList(given))
    return forAll(
      outputs.inOrder(given, one => convert(isList(one) && one.length === 1 ? one[0]! : one)),
      outputs,
      lacking,
    );
  if (isObject(given) && kerasObject(given) === undefined)
    return forAll(outputs.byName(given, convert), outputs, lacking);
  return convert(given);
}

/** TensorFlow.js cannot train a model that has no loss for one of its outputs. */
function forAll(losses: string[] | Record<string, string>, { names }: Outputs, lacking: string[]): unknown {
  if (lacking.length === 0 && !Array.isArray(losses))
    lacking.push(...names.filter(name => !(name in losses)).map(name => `for the output '${name}' (Keras has none)`));
  return losses;
}

function metricsOf(given: Json, outputs: Outputs, lacking: string[]): unknown {
  const convert = (value: Json): Metric[] => {
    if (isList(value)) return value.flatMap(convert);
    if (value === null) return [];
    const found = metric(value);
    if (found === undefined) lacking.push(withOptions(METRICS, value));
    return found === undefined ? [] : [found];
  };
  if (isObject(given) && kerasObject(given) === undefined) return outputs.byName(given, convert);
  if (!isList(given)) return convert(given);
  // A list for each output, or one for all.
  if (!given.every(one => isList(one) || one === null)) return convert(given);
  if (given.length === 1 || outputs.names.length === 1) return given.flatMap(convert);
  return Object.fromEntries(outputs.names.map((name, i) => [name, convert(given[i] ?? null)]));
}

function metric(value: Json): Metric | undefined {
  const found = lookUp(METRICS, value);
  if (found === undefined) return undefined;
  // By this name TensorFlow.js takes the one that fits the loss and the output, as Keras did.
  const given = kerasObject(value)?.config.name;
  if (ACCURACIES.includes(found) && (given === 'accuracy' || given === 'acc')) return 'accuracy';
  return FUNCTIONS.includes(found) ? ((requireLayers().metrics as Record<string, unknown>)[found] as Metric) : found;
}

function lookUp(table: Readonly<Record<string, string>>, value: Json): string | undefined {
  const object = kerasObject(value);
  if (object === undefined) return typeof value === 'string' ? entry(table, value) : undefined;
  const { className, config } = object;
  if (changedOptions(config).length > 0) return undefined;
  // These classes wrap the function that they name.
  const wrapped = /^(MeanMetricWrapper|LossFunctionWrapper)$/.test(plainName(className));
  return entry(table, wrapped ? text(config.fn, '') : plainName(className));
}

/** Those with which a loss or a metric is not that of TensorFlow.js. */
function changedOptions(config: JsonObject): [key: string, value: Json | undefined][] {
  return Object.entries(config).filter(([key, one]) => Object.hasOwn(NEUTRAL, key) && !NEUTRAL[key]!.includes(one));
}

/** What is lacking: if the name is known, it is the options. */
function withOptions(table: Readonly<Record<string, string>>, value: Json): string {
  const object = kerasObject(value);
  const changed = object === undefined ? [] : changedOptions(object.config);
  if (object === undefined || changed.length === 0 || lookUp(table, object.className) === undefined)
    return shown(value);
  return `${plainName(object.className)} with ${changed.map(([key, one]) => `${key}: ${shown(one)}`).join(', ')}`;
}

function entry(table: Readonly<Record<string, string>>, name: string): string | undefined {
  const key = name.replaceAll('_', '').toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function areOnes(weights: Json): boolean {
  if (isList(weights)) return weights.every(areOnes);
  if (isObject(weights)) return Object.values(weights).every(one => areOnes(one ?? null));
  return weights === null || weights === 1;
}

/** Whether there is something in it. */
function named(value: Json): boolean {
  if (isList(value)) return value.some(named);
  if (isObject(value)) return Object.values(value).some(one => named(one ?? null));
  return value !== null;
}
