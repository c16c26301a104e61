/** Configurations of optimizers in Keras's form: those of TensorFlow.js, and those of tensorbundle/optimizers. */
import { type Json, snakeCased } from './keras-classes.js';
import type { KerasEntry } from './keras-config.js';

/** The options of TensorFlow.js's optimizers that Keras calls otherwise, by class. */
const TFJS: Readonly<Record<string, (config: Json) => { name: string; options: Json; decay?: unknown }>> = {
  SGD: config => ({ name: 'SGD', options: { ...config, momentum: 0, nesterov: false } }),
  Momentum: ({ use_nesterov: nesterov, ...options }) => ({ name: 'SGD', options: { ...options, nesterov } }),
  RMSProp: ({ decay: rho, ...options }) => ({ name: 'RMSprop', options: { ...options, rho } }),
  Adam: options => ({ name: 'Adam', options }),
  Adamax: ({ decay, ...options }) => ({ name: 'Adamax', options, decay }),
  Adagrad: options => ({ name: 'Adagrad', options }),
  Adadelta: options => ({ name: 'Adadelta', options }),
};

/** The prefix of the classes of tensorbundle/optimizers, as they are registered with TensorFlow.js. */
const OWN = /^Keras/;

/** Undefined for a class that Keras lacks. */
export function kerasOptimizer(className: string, given: object): KerasEntry | undefined {
  const config = snakeCased(given as Json);
  if (className === 'KerasLossScaleOptimizer') return lossScaling(config);
  const { decay: ownDecay, ...ownOptions } = config;
  const found = OWN.test(className)
    ? { name: className.replace(OWN, ''), options: ownOptions, decay: ownDecay }
    : TFJS[className]?.(config);
  if (found === undefined) return undefined;
  const { name, options, decay } = found;
  const { learning_rate: rate, ...others } = options;
  return {
    // Keras's Adam has the same weight decay, and not every version finds AdamW by its name.
    class_name: name === 'AdamW' ? 'Adam' : name,
    config: { name, ...others, learning_rate: decay ? decayed(rate, decay) : rate, is_legacy_optimizer: false },
  };
}

/** Keras's newer optimizers have no `decay`, but schedules, one of which computes the same rate. */
function decayed(rate: unknown, decay: unknown): KerasEntry {
  const config = {
    initial_learning_rate: rate,
    decay_steps: 1,
    decay_rate: decay,
    staircase: false,
    name: 'InverseTimeDecay',
  };
  return { class_name: 'InverseTimeDecay', config };
}

function lossScaling({ inner_optimizer: inner, initial_scale, dynamic_growth_steps }: Json): KerasEntry | undefined {
  const { className, config } = inner as { className: string; config: object };
  const scaled = kerasOptimizer(className, config);
  if (scaled === undefined) return undefined;
  return {
    class_name: 'LossScaleOptimizerV3',
    config: { inner_optimizer: scaled, dynamic: true, initial_scale, dynamic_growth_steps },
  };
}
