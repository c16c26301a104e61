/**
 * Losses and metrics of Keras's training configuration, as `model.compile` of TensorFlow.js takes them
 * (tf_keras/src/saving/legacy/saving_utils.py). Keras gives them as names, or as classes with options.
 */

import type { CompileOptions } from '../../models/compilation.js';
import {
  functionOf,
  type KerasFunction,
  kerasFunctionOf,
  type LossOrMetric,
  optionsOf,
} from '../../models/keras-functions.js';
import { requireLayers } from '../../models/tfjs-layers.js';
import { isList, isObject, type Json, type JsonObject, kerasObject, plainName, text } from './keras-json.js';
import { shown } from './topology-objects.js';

interface FoundCompilation {
  /** Undefined if TensorFlow.js lacks one of them. */
  readonly loss: CompileOptions['loss'];
  /** Those that TensorFlow.js has. */
  readonly metrics: CompileOptions['metrics'];
  /** Whether the loss of an output counts more or less than that of another. */
  readonly isWeighted: boolean;
  /** What it lacks. */
  readonly lackingLosses: readonly string[];
  readonly lackingMetrics: readonly string[];
}

type Loss = string | LossOrMetric;
/** In the order of the outputs, or by their names. */
type Losses = readonly Loss[] | Readonly<Record<string, Loss>>;
type Metric = string | LossOrMetric;

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
  huber: 'huber',
  huberloss: 'huber',
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
/** The functions have other names than the metrics that `compile` knows. */
const FULL_NAMES: Readonly<Record<string, string>> = {
  mse: 'meanSquaredError',
  mae: 'meanAbsoluteError',
  mape: 'meanAbsolutePercentageError',
};
/** `compile` chooses the function. */
const CHOSEN: readonly string[] = ['accuracy', 'crossentropy'];
const ACCURACIES: readonly string[] = ['binaryAccuracy', 'categoricalAccuracy', 'sparseCategoricalAccuracy'];

/** Options with which a loss or a metric is that of TensorFlow.js, or that of this package with its own options. */
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
  const factors = weightsOf(weights ?? null, outputs);
  if (factors === undefined) lackingLosses.push(`loss_weights ${shown(weights)}`);
  const isWeighted = factors?.some(one => one !== 1) === true;
  if (named(weighted ?? null)) lackingMetrics.push(`weighted_metrics ${shown(weighted)}`);
  return {
    loss:
      lackingLosses.length > 0 || factors === undefined || losses === undefined
        ? undefined
        : (withWeights(losses, factors, outputs) as CompileOptions['loss']),
    isWeighted,
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

function lossesOf(given: Json, outputs: Outputs, lacking: string[]): Loss | Losses | undefined {
  const convert = (value: Json): Loss | undefined => {
    const found = lookUp(LOSSES, value);
    if (found === undefined) lacking.push(withOptions(LOSSES, value));
    return found && (found.of === 'huber' || hasOptions(found) ? functionOf(found) : found.of);
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
function forAll(losses: Losses, { names }: Outputs, lacking: string[]): Losses {
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
  const { of } = found;
  const given = text(kerasObject(value)?.config.name, '');
  const isChosen = given === 'accuracy' || given === 'acc';
  // By this name TensorFlow.js takes the one that fits the loss and the output, as Keras did.
  if (ACCURACIES.includes(of) && isChosen && !hasOptions(found)) return 'accuracy';
  const isNamed = given !== '' && entry(METRICS, given) !== of && !CHOSEN.includes(of);
  if (isNamed || hasOptions(found))
    return functionOf({ ...found, of: FULL_NAMES[of] ?? of, ...(isNamed && { name: given }) });
  return FUNCTIONS.includes(of) ? ((requireLayers().metrics as Record<string, unknown>)[of] as Metric) : of;
}

/** Undefined for what TensorFlow.js lacks, and for options that it lacks. */
function lookUp(table: Readonly<Record<string, string>>, value: Json): KerasFunction | undefined {
  const object = kerasObject(value);
  // These classes wrap the function that they name.
  const wrapped = object !== undefined && /^(MeanMetricWrapper|LossFunctionWrapper)$/.test(plainName(object.className));
  const name = wrapped ? text(object.config.fn, '') : plainName(object?.className ?? text(value, ''));
  const of = entry(table, name);
  if (of === undefined) return undefined;
  const known = optionsOf(of);
  const options: Record<string, number | boolean> = {};
  for (const [key, one] of Object.entries(object?.config ?? {})) {
    const usual = Object.hasOwn(known, key) ? known[key]! : undefined;
    if (usual !== undefined && typeof one === typeof usual) {
      if (one !== usual) options[key] = one as number | boolean;
    } else if (Object.hasOwn(NEUTRAL, key) && !NEUTRAL[key]!.includes(one)) return undefined;
  }
  return { of, options };
}

function hasOptions({ options }: KerasFunction): boolean {
  return Object.keys(options).length > 0;
}

/** What is lacking: if the name is known, it is the options. */
function withOptions(table: Readonly<Record<string, string>>, value: Json): string {
  const object = kerasObject(value);
  const of = object === undefined ? undefined : lookUp(table, object.className)?.of;
  if (object === undefined || of === undefined) return shown(value);
  const changed = Object.entries(object.config).filter(
    ([key, one]) => !Object.hasOwn(optionsOf(of), key) && Object.hasOwn(NEUTRAL, key) && !NEUTRAL[key]!.includes(one),
  );
  if (changed.length === 0) return shown(value);
  return `${plainName(object.className)} with ${changed.map(([key, one]) => `${key}: ${shown(one)}`).join(', ')}`;
}

function entry(table: Readonly<Record<string, string>>, name: string): string | undefined {
  const key = name.replaceAll('_', '').toLowerCase();
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** For each output; undefined if one is not a number. */
function weightsOf(given: Json, outputs: Outputs): number[] | undefined {
  const { names } = outputs;
  const byName = isObject(given) ? outputs.byName(given, one => one) : undefined;
  const list = names.map((name, i) => (isList(given) ? given[i] : byName ? byName[name] : given) ?? 1);
  const hasAll = !isList(given) || given.length === names.length;
  return hasAll && list.every(one => typeof one === 'number' && Number.isFinite(one)) ? (list as number[]) : undefined;
}

/** TensorFlow.js has no weights of losses. Functions that are scaled take their places. */
function withWeights(losses: Loss | Losses, weights: readonly number[], { names }: Outputs): Loss | Losses {
  if (weights.every(one => one === 1)) return losses;
  const scaled = (loss: Loss, i: number): Loss =>
    weights[i] === 1
      ? loss
      : functionOf({ ...(kerasFunctionOf(loss) ?? { of: loss as string, options: {} }), weight: weights[i]! });
  if (typeof losses === 'string' || typeof losses === 'function')
    return names.length === 1 ? scaled(losses, 0) : names.map((_, i) => scaled(losses, i));
  if (Array.isArray(losses)) return (losses as readonly Loss[]).map(scaled);
  return Object.fromEntries(Object.entries(losses).map(([name, one]) => [name, scaled(one, names.indexOf(name))]));
}

/** Whether there is something in it. */
function named(value: Json): boolean {
  if (isList(value)) return value.some(named);
  if (isObject(value)) return Object.values(value).some(one => named(one ?? null));
  return value !== null;
}
