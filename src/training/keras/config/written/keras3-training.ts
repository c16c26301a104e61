/** How a model was compiled, in Keras 3's form: `compile_config` of a `.keras` file. */
import type { LayersModel } from '../../../../layers/types.js';
import type { Json } from './keras-classes.js';
import type { KerasEntry } from './keras-config.js';
import { isChosenByAll, type KerasMetric, metricClass } from './keras-losses.js';
import { forOutputs, kerasCompilation } from './keras-training.js';
import { builtIn, type Keras3Object } from './keras3-json.js';

/** Functions that Keras 3 calls otherwise. */
const LOSSES: Readonly<Record<string, string>> = {
  logcosh: 'log_cosh',
  kullback_leibler_divergence: 'kl_divergence',
};

const SCHEDULES = 'keras.optimizers.schedules';

/** Undefined if the model is not compiled, or Keras lacks its loss or optimizer. */
export function compileConfig(model: LayersModel): Json | undefined {
  const compilation = kerasCompilation(model);
  if (compilation === undefined) return undefined;
  const { optimizer, losses, weights, metrics } = compilation;
  return {
    optimizer: optimizerObject(optimizer),
    loss: forOutputs(losses.map(lossOf)),
    loss_weights: weights ?? null,
    metrics: forOutputs(metrics.map(own => own.map(metricOf))),
    weighted_metrics: null,
    run_eagerly: false,
    steps_per_execution: 1,
    // Keras finds out itself whether the model and the device allow it, as if it had compiled the model.
    jit_compile: 'auto',
  };
}

function lossOf(loss: string | KerasEntry): string | Keras3Object {
  if (typeof loss === 'string') return LOSSES[loss] ?? loss;
  return builtIn('keras.losses', loss.class_name, loss.config);
}

function optimizerObject({ class_name: className, config }: KerasEntry): Keras3Object {
  const { learning_rate: rate, is_legacy_optimizer: _, inner_optimizer: inner, ...options } = config;
  if (className === 'LossScaleOptimizerV3') {
    const { dynamic: _dynamic, ...scaling } = options;
    const scaled = { name: 'loss_scale_optimizer', inner_optimizer: optimizerObject(inner as KerasEntry), ...scaling };
    return builtIn('keras.optimizers', 'LossScaleOptimizer', scaled);
  }
  const isSchedule = typeof rate === 'object' && rate !== null;
  const { class_name: schedule, config: scheduled } = rate as KerasEntry;
  const learningRate = isSchedule ? builtIn(SCHEDULES, schedule, scheduled) : rate;
  // Keras 2's Adam has the weight decay of AdamW, which Keras 3 has by its own name.
  const { name } = options;
  return builtIn('keras.optimizers', name === 'AdamW' ? name : className, { ...options, learning_rate: learningRate });
}

/** Keras gives a metric that is written as a string that name. */
function metricOf(metric: KerasMetric): string | Keras3Object {
  const { name, fn, options } = metric;
  if (options !== undefined) return builtIn('keras.metrics', metricClass(metric), { name, ...options });
  return name === fn || isChosenByAll(metric) ? name : builtIn('keras.metrics', metricClass(metric), { name });
}
