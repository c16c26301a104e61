/** Keras's configuration of an optimizer as one of tensorbundle/optimizers, which have Keras's formulas. */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { Adadelta } from '../../../optimizers/adadelta.js';
import { Adagrad } from '../../../optimizers/adagrad.js';
import { Adam, AdamW } from '../../../optimizers/adam.js';
import { Adamax } from '../../../optimizers/adamax.js';
import { LossScaleOptimizer } from '../../../optimizers/loss-scale.js';
import { Nadam } from '../../../optimizers/nadam.js';
import { RMSprop } from '../../../optimizers/rmsprop.js';
import { SGD } from '../../../optimizers/sgd.js';
import { type Json, type JsonObject, type KerasObject, kerasObject, plainName } from './keras-json.js';
import { follow, rateOf } from './learning-rate-schedule.js';

interface FoundOptimizer {
  /** Undefined if there is no class for it. */
  readonly optimizer: Optimizer | undefined;
  /**
   * There was a schedule. This sets the rate and the decay that stand for it; the checkpoint has others, or none.
   */
  readonly setRate?: () => void;
  /** What it does in another way, or that it is missing. */
  readonly remarks: readonly string[];
}

interface Rate {
  readonly learningRate?: number;
  readonly decay?: number;
}

type Options = Record<string, number | boolean | null>;

/** Constructors by the names in lower case: the configurations of Keras's first versions are spelled so. */
const CLASSES: ReadonlyMap<string, new (options: Options) => Optimizer> = new Map<
  string,
  new (
    options: Options,
  ) => Optimizer
>([
  ['sgd', SGD],
  ['adam', Adam],
  ['adamw', AdamW],
  ['adamax', Adamax],
  ['adagrad', Adagrad],
  ['adadelta', Adadelta],
  ['rmsprop', RMSprop],
  ['nadam', Nadam],
]);

/** Options of all classes, with Keras's names. Each class gets those that it has. */
const NAMES: Readonly<Record<string, string>> = {
  weight_decay: 'weightDecay',
  clipnorm: 'clipnorm',
  global_clipnorm: 'globalClipnorm',
  clipvalue: 'clipvalue',
  momentum: 'momentum',
  nesterov: 'nesterov',
  beta_1: 'beta1',
  beta_2: 'beta2',
  epsilon: 'epsilon',
  amsgrad: 'amsgrad',
  rho: 'rho',
  centered: 'centered',
  initial_accumulator_value: 'initialAccumulatorValue',
};

/**
 * `presentRate`: the learning rate that is stored in the checkpoint, for an optimizer with a schedule; undefined if
 * there is none.
 */
export function optimizerFromKeras(value: Json | undefined, presentRate: number | undefined): FoundOptimizer {
  const object = kerasObject(value);
  const className = object === undefined ? '' : plainName(object.className);
  if (object !== undefined && /^LossScaleOptimizer(V\d)?$/.test(className))
    return lossScaling(object.config, presentRate);
  const make = CLASSES.get(className.toLowerCase());
  if (object === undefined || make === undefined)
    return { optimizer: undefined, remarks: [`there is no optimizer ${className || '(its class is not known)'} here`] };
  const { config } = object;
  const remarks: string[] = [];
  const { isSchedule, schedule, ...rate } = learningRate(config, presentRate, remarks);
  const options: Options = { ...rate };
  // There it is the decay of the momentum.
  if (className === 'Nadam') delete options.decay;
  for (const [theirs, ours] of Object.entries(NAMES)) {
    const given = config[theirs];
    if (typeof given === 'number' || typeof given === 'boolean') options[ours] = given;
  }
  // Keras takes the first one of these. The constructor here refuses two norms.
  if (options.clipnorm != null) delete options.globalClipnorm;
  const { gradient_accumulation_steps: accumulated } = config;
  if (typeof accumulated === 'number' && accumulated > 1)
    remarks.push(`each step changes the weights, where Keras collects the gradients of ${accumulated} steps first`);
  if (config.use_ema === true) remarks.push('the moving average of the weights (use_ema) is not computed');
  if (config.is_legacy_optimizer !== false && config.decay !== undefined)
    remarks.push(...legacyRemarks(className, config));
  try {
    const optimizer = new make(known(make, options));
    const setRate = (): void => {
      Object.assign(optimizer, { decay: 0, ...rate });
      if (schedule !== undefined) follow(optimizer, ...schedule);
    };
    return { optimizer, remarks, ...(isSchedule && { setRate }) };
  } catch {
    return { optimizer: undefined, remarks: [`the options of the optimizer ${className} are damaged`] };
  }
}

/** Without the options that the class does not have. */
function known(make: new (options: Options) => Optimizer, options: Options): Options {
  const has = new make({}).getConfig();
  return Object.fromEntries(Object.entries(options).filter(([name]) => Object.hasOwn(has, name)));
}

/** Where tf_keras's legacy optimizers have other formulas than its new ones. Plain steps of RMSprop are one case. */
function legacyRemarks(className: string, { momentum }: JsonObject): string[] {
  if (className === 'Nadam') return ["the momentum of tf_keras's legacy Nadam grows in another way than here"];
  const isPlain = className === 'RMSprop' && !(typeof momentum === 'number' && momentum > 0);
  return isPlain ? ["tf_keras's legacy RMSprop adds epsilon after the root; here it is added before"] : [];
}

function learningRate(
  config: JsonObject,
  presentRate: number | undefined,
  remarks: string[],
): Rate & {
  readonly isSchedule: boolean;
  readonly schedule?: readonly [schedule: KerasObject, rate: (step: number) => number];
} {
  const given = config.learning_rate ?? config.lr;
  const decay = typeof config.decay === 'number' && config.decay > 0 ? { decay: config.decay } : {};
  if (typeof given === 'number') return { learningRate: given, ...decay, isSchedule: false };
  const schedule = kerasObject(given);
  if (schedule === undefined) return { ...decay, isSchedule: false };
  const { decay_rate: perStep, decay_steps: steps, staircase, initial_learning_rate: initial } = schedule.config;
  const isInverse = schedule.className === 'InverseTimeDecay' && staircase !== true;
  if (isInverse && typeof initial === 'number' && typeof perStep === 'number' && typeof steps === 'number' && steps > 0)
    return { learningRate: initial, decay: perStep / steps, isSchedule: true };
  const rate = rateOf(schedule);
  if (rate !== undefined) return { learningRate: rate(0), isSchedule: true, schedule: [schedule, rate] };
  const now = presentRate ?? (typeof initial === 'number' ? initial : undefined);
  remarks.push(
    `the learning rate of the schedule ${schedule.className} stays ${now ?? 'the default one'}: set ` +
      'model.optimizer.learningRate as you go on',
  );
  return { ...(now !== undefined && { learningRate: now }), isSchedule: true };
}

function lossScaling(config: JsonObject, presentRate: number | undefined): FoundOptimizer {
  const { inner_optimizer: inner, dynamic, initial_scale: scale, dynamic_growth_steps: steps } = config;
  const found = optimizerFromKeras(inner, presentRate);
  const { optimizer, remarks } = found;
  if (optimizer === undefined) return found;
  if (dynamic === false) return { ...found, remarks: [...remarks, 'the loss is not scaled by a fixed number'] };
  const options = {
    ...(typeof scale === 'number' && { initialScale: scale }),
    ...(typeof steps === 'number' && { dynamicGrowthSteps: steps }),
  };
  try {
    return { ...found, optimizer: new LossScaleOptimizer(optimizer, options) };
  } catch {
    return { optimizer: undefined, remarks: ['the options of LossScaleOptimizer are damaged'] };
  }
}
