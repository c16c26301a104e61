/**
 * How a model was compiled, in Keras's form. Keras's losses and most of its metrics have TensorFlow.js's formulas. What
 * Keras lacks, or computes otherwise, is left out, and a warning says so.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Layer } from '../../../layers/types.js';
import { type Compilation, compilationOf } from '../../models/compilation.js';
import { type Json, snakeCase } from './keras-classes.js';
import type { KerasEntry } from './keras-config.js';
import { kerasOptimizer } from './keras-optimizer.js';

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_COMPILED_WITHOUT_KERAS' };

type Written = Compilation['loss'];

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
/** Keras chooses the function by the shape of the output, as TensorFlow.js does. */
const BY_SHAPE: ReadonlySet<string> = new Set(['accuracy', 'acc', 'crossentropy', 'ce']);
/** Keras has the same ones. */
const ALIASES: ReadonlySet<string> = new Set(['mse', 'MSE', 'mae', 'MAE', 'mape', 'MAPE']);

/** Undefined if the model is not compiled, or Keras lacks its loss. `entries`: the layers, with Keras's names. */
export function trainingConfig(model: LayersModel, entries: ReadonlyMap<Layer, KerasEntry>): Json | undefined {
  const compilation = compilationOf(model);
  if (compilation === undefined) return undefined;
  const outputs = new Map(
    model.outputNames.map((name, i) => [name, entries.get(model.outputLayers[i]!)?.config.name as string]),
  );
  const { optimizer } = compilation;
  const written = kerasOptimizer(optimizer.class_name, optimizer.config);
  const loss = new Naming(lossName, outputs, true);
  const metric = new Naming(metricName, outputs, false);
  const [losses, metrics] = [loss.named(compilation.loss), metric.named(compilation.metrics)];
  const isComplete = written !== undefined && loss.isComplete;
  const lacking = [
    ...(written === undefined ? [`the optimizer ${optimizer.class_name}`] : []),
    ...loss.lacking.map(name => `the loss ${name}`),
    ...metric.lacking.map(name => `the metric ${name}`),
  ];
  if (lacking.length > 0) warn(model, lacking, isComplete);
  if (!isComplete) return undefined;
  const list = typeof metrics === 'string' ? [metrics] : metrics;
  return { loss: losses, metrics: list, weighted_metrics: null, loss_weights: null, optimizer_config: written };
}

function lossName(name: string): string | undefined {
  // The function is the same; as a metric, Keras's has the other sign.
  if (name === 'cosineProximity') return 'cosine_similarity';
  return LOSSES.has(name) ? snakeCase(name) : undefined;
}

/** The name that the metric has here stays its name there: Keras would name a function by itself. */
function metricName(name: string): string | KerasEntry | undefined {
  if (BY_SHAPE.has(name)) return name;
  const fn = ALIASES.has(name) ? name : METRICS.has(name) ? snakeCase(name) : undefined;
  if (fn === undefined) return undefined;
  return { class_name: 'MeanMetricWrapper', config: { name: fn, dtype: 'float32', fn } };
}

/** Replaces names by Keras's, and leaves out what Keras lacks. */
class Naming {
  /** Of TensorFlow.js. For user-defined functions there is a warning already. */
  readonly lacking: string[] = [];
  isComplete = true;

  constructor(
    readonly nameOf: (name: string) => unknown,
    readonly outputs: ReadonlyMap<string, string>,
    readonly mayRepeat: boolean,
  ) {}

  named(value: Written): unknown {
    if (typeof value === 'string') return this.#name(value);
    if (Array.isArray(value)) return this.#list(value.map((one: Written) => this.named(one)));
    if ('outputs' in value) {
      const entries = Object.entries(value.outputs).map(([output, one]) => {
        return [this.outputs.get(output) ?? output, this.named(one)] as const;
      });
      return Object.fromEntries(entries.filter(([, one]) => one !== undefined));
    }
    if ('metric' in value) return this.#name(value.metric);
    this.isComplete = false;
    return undefined;
  }

  /** Keras refuses two metrics of one name. Losses of several outputs may be the same. */
  #list(values: readonly unknown[]): unknown[] {
    const found = values.filter(one => one !== undefined);
    if (this.mayRepeat) return found;
    return [...new Map(found.map((one, i) => [Array.isArray(one) ? i : JSON.stringify(one), one])).values()];
  }

  #name(name: string): unknown {
    const found = this.nameOf(name);
    if (found !== undefined) return found;
    this.isComplete = false;
    this.lacking.push(name);
    return undefined;
  }
}

function warn(model: LayersModel, lacking: readonly string[], isCompiled: boolean): void {
  const consequence = isCompiled
    ? 'it loads the model without them'
    : 'it loads the model uncompiled; compile it there';
  const what = `${lacking.join(', ')} of the model '${model.name}'`;
  process.emitWarning(`Keras has nothing equal to ${what}: ${consequence}`, WARNING);
}
