/**
 * How a model was compiled, in Keras 2's form. Keras's losses and most of its metrics have TensorFlow.js's formulas.
 * What Keras lacks, or computes otherwise, is left out, and a warning says so.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type Compilation, compilationOf } from '../../../models/compilation.js';
import { plainName } from '../keras-json.js';
import { scheduleOf } from '../learning-rate-schedule.js';
import type { Json } from './keras-classes.js';
import type { KerasEntry } from './keras-config.js';
import { type KerasMetric, kerasLoss, kerasMetric } from './keras-losses.js';
import { kerasOptimizer } from './keras-optimizer.js';

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_COMPILED_WITHOUT_KERAS' };

type Written = Compilation['loss'];

/** By Keras's names; one loss and one list of metrics for each output. */
interface KerasCompilation {
  /** In Keras 2's form. */
  readonly optimizer: KerasEntry;
  readonly losses: readonly string[];
  readonly metrics: readonly (readonly KerasMetric[])[];
}

/** Undefined if the model is not compiled, or Keras lacks its loss or optimizer. */
export function kerasCompilation(model: LayersModel): KerasCompilation | undefined {
  const compilation = compilationOf(model);
  if (compilation === undefined) return undefined;
  const { class_name: className, config } = compilation.optimizer;
  const optimizer = scheduled(kerasOptimizer(className, config), model.optimizer);
  const lacking = new Set(optimizer === undefined ? [`the optimizer ${className}`] : []);
  const given = lossesOf(model, compilation.loss);
  const losses = given.map(loss => {
    const found = typeof loss === 'string' ? kerasLoss(loss) : undefined;
    if (found === undefined && typeof loss === 'string') lacking.add(`the loss ${loss}`);
    return found;
  });
  const metrics = metricsOf(model, compilation.metrics).map((own, i) => {
    const lastSize = model.outputs[i]?.shape.at(-1);
    const found = own.map(name => {
      const metric = kerasMetric(name, given[i], lastSize);
      if (metric === undefined) lacking.add(`the metric ${name}`);
      return metric;
    });
    // Keras refuses two metrics of one name.
    return [...new Map(found.filter(metric => metric !== undefined).map(metric => [metric.name, metric])).values()];
  });
  const known = losses.filter(loss => loss !== undefined);
  const isComplete = optimizer !== undefined && known.length === losses.length;
  if (lacking.size > 0) warn(model, [...lacking], isComplete);
  return isComplete ? { optimizer, losses: known, metrics } : undefined;
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
  const { optimizer, losses, metrics } = compilation;
  return {
    loss: forOutputs(losses),
    metrics: forOutputs(metrics.map(own => own.map(metricOf))),
    weighted_metrics: null,
    loss_weights: null,
    optimizer_config: optimizer,
  };
}

/** A model of one output has no list of outputs. */
export function forOutputs<T>(values: readonly T[]): T | readonly T[] {
  return values.length === 1 ? values[0]! : values;
}

/** Keras would name a function by itself. */
function wrapped({ name, fn, isChosen }: KerasMetric): string | KerasEntry {
  return isChosen ? name : { class_name: 'MeanMetricWrapper', config: { name, dtype: 'float32', fn } };
}

/** The loss of each output. Of user-defined functions there is a warning already. */
function lossesOf({ outputNames }: LayersModel, loss: Written): (Written | undefined)[] {
  if (typeof loss === 'string' || 'function' in loss || 'metric' in loss) return outputNames.map(() => loss);
  if ('outputs' in loss) return outputNames.map(name => loss.outputs[name]);
  return outputNames.map((_, i) => loss[i]);
}

/** The metrics of each output by name, without user-defined functions. A list counts for each of them. */
function metricsOf({ outputNames }: LayersModel, metrics: Written): string[][] {
  const isByOutput = typeof metrics === 'object' && 'outputs' in metrics;
  return outputNames.map(output => namesIn(isByOutput ? metrics.outputs[output] : metrics));
}

function namesIn(value: Written | undefined): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return (value as readonly Written[]).flatMap(namesIn);
  return value !== undefined && 'metric' in value ? [value.metric] : [];
}

function warn(model: LayersModel, lacking: readonly string[], isCompiled: boolean): void {
  const consequence = isCompiled
    ? 'it loads the model without them'
    : 'it loads the model uncompiled; compile it there';
  const what = `${lacking.join(', ')} of the model '${model.name}'`;
  process.emitWarning(`Keras has nothing equal to ${what}: ${consequence}`, WARNING);
}
