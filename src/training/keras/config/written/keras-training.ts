/**
 * How a model was compiled, in Keras 2's form. Keras's losses and most of its metrics have TensorFlow.js's formulas.
 * What Keras lacks, or computes otherwise, is left out, and a warning says so.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Compilation, compilationOf } from '../../../models/compilation.js';
import { isKerasFunction, type KerasFunction } from '../../../models/keras-functions.js';
import { plainName } from '../keras-json.js';
import { scheduleOf } from '../learning-rate-schedule.js';
import type { Json } from './keras-classes.js';
import type { KerasEntry } from './keras-config.js';
import { type KerasMetric, kerasLoss, kerasMetric, metricClass } from './keras-losses.js';
import { kerasOptimizer } from './keras-optimizer.js';

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_COMPILED_WITHOUT_KERAS' };

type Written = Compilation['loss'];

/** By Keras's names; one loss and one list of metrics for each output. */
interface KerasCompilation {
  /** In Keras 2's form. */
  readonly optimizer: KerasEntry;
  /** Objects in Keras 2's form if they have options. */
  readonly losses: readonly (string | KerasEntry)[];
  /** Undefined if they are all 1. */
  readonly weights: readonly number[] | undefined;
  readonly metrics: readonly (readonly KerasMetric[])[];
}

/** Undefined if the model is not compiled, or Keras lacks its loss or optimizer. */
export function kerasCompilation(model: LayersModel): KerasCompilation | undefined {
  const compilation = compilationOf(model);
  if (compilation === undefined) return undefined;
  const { class_name: className, config } = compilation.optimizer;
  const optimizer = scheduled(kerasOptimizer(className, config), model.optimizer);
  const lacking = new Set(optimizer === undefined ? [`the optimizer ${className}`] : []);
  // For a metric as a loss, TensorFlow.js chooses other metrics than for the loss of that name.
  const given = lossesOf(model, compilation.loss).map(loss => (isMetric(loss) ? undefined : knownIn(loss)));
  const losses = given.map(loss => {
    const found = loss && kerasLoss(loss);
    if (found === undefined && typeof loss === 'string') lacking.add(`the loss ${loss}`);
    return found;
  });
  const weights = given.map(loss => (isKerasFunction(loss) ? (loss.weight ?? 1) : 1));
  const metrics = metricsOf(model, compilation.metrics).map((own, i) => {
    const lastSize = model.outputs[i]?.shape.at(-1);
    const loss = given[i];
    const found = own.map(one => {
      const metric = kerasMetric(one, isKerasFunction(loss) ? loss.of : loss, lastSize);
      if (metric === undefined) lacking.add(`the metric ${isKerasFunction(one) ? one.of : one}`);
      return metric;
    });
    // Keras refuses two metrics of one name.
    return [...new Map(found.filter(metric => metric !== undefined).map(metric => [metric.name, metric])).values()];
  });
  const known = losses.filter(loss => loss !== undefined);
  const isComplete = optimizer !== undefined && known.length === losses.length;
  if (lacking.size > 0) warn(model, [...lacking], isComplete);
  const isWeighted = weights.some(one => one !== 1);
  return isComplete ? { optimizer, losses: known, weights: isWeighted ? weights : undefined, metrics } : undefined;
}

/** With the schedule that the optimizer follows, if it came from a file of Keras with one. */
function scheduled(entry: KerasEntry | undefined, optimizer: Optimizer): KerasEntry | undefined {
  if (entry === undefined) return undefined;
  const { inner_optimizer: inner } = entry.config;
  const { innerOptimizer } = optimizer as { innerOptimizer?: Optimizer };
  if (inner !== undefined && innerOptimizer !== undefined) {
    const followed = scheduled(inner as KerasEntry, innerOptimizer);
    return { ...entry, config: { ...entry.config, inner_optimizer: followed } };
  }
  const schedule = scheduleOf(optimizer);
  if (schedule === undefined) return entry;
  const { name, ...options } = schedule.config;
  // Keras 2 writes that a schedule has no name; Keras 3 refuses that.
  const given = name === null || name === undefined ? options : { ...options, name };
  const written = { class_name: plainName(schedule.className), config: given };
  return { ...entry, config: { ...entry.config, learning_rate: written } };
}

/** `training_config` of Keras 2; undefined as for `kerasCompilation`. `metricOf`: how a metric is written. */
export function trainingConfig(model: LayersModel, metricOf = wrapped): Json | undefined {
  const compilation = kerasCompilation(model);
  if (compilation === undefined) return undefined;
  const { optimizer, losses, weights, metrics } = compilation;
  return {
    loss: forOutputs(losses),
    metrics: forOutputs(metrics.map(own => own.map(metricOf))),
    weighted_metrics: null,
    loss_weights: weights === undefined ? null : forOutputs(weights),
    optimizer_config: optimizer,
  };
}

/** A model of one output has no list of outputs. */
export function forOutputs<T>(values: readonly T[]): T | readonly T[] {
  return values.length === 1 ? values[0]! : values;
}

/** Keras would name a function by itself. */
function wrapped(metric: KerasMetric): string | KerasEntry {
  const { name, fn, isChosen, options } = metric;
  if (options !== undefined) return { class_name: metricClass(metric), config: { name, dtype: 'float32', ...options } };
  return isChosen ? name : { class_name: 'MeanMetricWrapper', config: { name, dtype: 'float32', fn } };
}

/** The loss of each output. Of user-defined functions there is a warning already. */
function lossesOf({ outputNames }: LayersModel, loss: Written): (Written | undefined)[] {
  if (typeof loss === 'string' || 'function' in loss || 'metric' in loss) return outputNames.map(() => loss);
  if ('outputs' in loss) return outputNames.map(name => loss.outputs[name]);
  return outputNames.map((_, i) => loss[i]);
}

/** The metrics of each output, without user-defined functions. A list counts for each of them. */
function metricsOf({ outputNames }: LayersModel, metrics: Written): (string | KerasFunction)[][] {
  const isByOutput = typeof metrics === 'object' && 'outputs' in metrics;
  return outputNames.map(output => everyKnownIn(isByOutput ? metrics.outputs[output] : metrics));
}

function everyKnownIn(value: Written | undefined): (string | KerasFunction)[] {
  if (Array.isArray(value)) return (value as readonly Written[]).flatMap(everyKnownIn);
  const found = knownIn(value);
  return found === undefined ? [] : [found];
}

function isMetric(value: Written | undefined): boolean {
  return typeof value === 'object' && 'metric' in value;
}

function knownIn(value: Written | undefined): string | KerasFunction | undefined {
  if (typeof value !== 'object') return value;
  if ('metric' in value) return value.metric;
  return 'function' in value ? value.keras : undefined;
}

function warn(model: LayersModel, lacking: readonly string[], isCompiled: boolean): void {
  const consequence = isCompiled
    ? 'it loads the model without them'
    : 'it loads the model uncompiled; compile it there';
  const what = `${lacking.join(', ')} of the model '${model.name}'`;
  process.emitWarning(`Keras has nothing equal to ${what}: ${consequence}`, WARNING);
}
