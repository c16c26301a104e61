/**
 * Keras's schedules of learning rates (keras/src/optimizers/schedules/learning_rate_schedule.py). An optimizer that
 * follows one has the rate of its present step as its `learningRate`.
 */
import type { Optimizer } from '@tensorflow/tfjs-core';
import { isList, type Json, type JsonObject, type KerasObject, plainName } from './keras-json.js';

/** The rate of a step, counted from 0. */
type Rate = (step: number) => number;

const followed = new WeakMap<Optimizer, KerasObject>();

const SCHEDULES: Readonly<Record<string, (config: JsonObject) => Rate | undefined>> = {
  ExponentialDecay: config => {
    const [initial, steps, rate] = numbers(config, ['initial_learning_rate', 'decay_steps', 'decay_rate']);
    const whole = config.staircase === true ? Math.floor : (value: number): number => value;
    return step => initial! * rate! ** whole(step / steps!);
  },
  InverseTimeDecay: config => {
    const [initial, steps, rate] = numbers(config, ['initial_learning_rate', 'decay_steps', 'decay_rate']);
    const whole = config.staircase === true ? Math.floor : (value: number): number => value;
    return step => initial! / (1 + rate! * whole(step / steps!));
  },
  PolynomialDecay: config => {
    const names = ['initial_learning_rate', 'decay_steps', 'end_learning_rate', 'power'];
    const [initial, steps, end, power] = numbers(config, names);
    return step => {
      const times = config.cycle === true && step > 0 ? Math.ceil(step / steps!) : 1;
      const done = Math.min(step / (steps! * times), 1);
      return (initial! - end!) * (1 - done) ** power! + end!;
    };
  },
  PiecewiseConstantDecay: ({ boundaries, values }) => {
    if (!areNumbers(boundaries) || !areNumbers(values) || values.length !== boundaries.length + 1) return undefined;
    return step => values[boundaries.filter(one => step > one).length]!;
  },
  CosineDecay: config => {
    const [initial, steps, alpha] = numbers(config, ['initial_learning_rate', 'decay_steps', 'alpha']);
    const { warmup_target: target = null, warmup_steps: warmup = 0 } = config;
    const from = typeof target === 'number' ? target : initial!;
    const before = typeof target === 'number' && typeof warmup === 'number' ? warmup : 0;
    return step => {
      if (step < before) return initial! + ((from - initial!) * step) / before;
      const done = Math.min((step - before) / steps!, 1);
      return from * ((1 - alpha!) * cosine(done) + alpha!);
    };
  },
  CosineDecayRestarts: config => {
    const names = ['initial_learning_rate', 'first_decay_steps', 't_mul', 'm_mul', 'alpha'];
    const [initial, first, longer, lower, alpha] = numbers(config, names);
    return step => {
      const all = step / first!;
      const restarts =
        longer === 1 ? Math.floor(all) : Math.floor(Math.log(1 - all * (1 - longer!)) / Math.log(longer!));
      const before = longer === 1 ? restarts : (1 - longer! ** restarts) / (1 - longer!);
      const done = (all - before) / longer! ** restarts;
      return initial! * ((1 - alpha!) * lower! ** restarts * cosine(done) + alpha!);
    };
  },
};

/** A rate for each step; undefined for a schedule of another class, or without its numbers. */
export function rateOf({ className, config }: KerasObject): Rate | undefined {
  const name = plainName(className);
  const rate = Object.hasOwn(SCHEDULES, name) ? SCHEDULES[name]!(config) : undefined;
  return rate !== undefined && [0, 1, 2, 1000].every(step => Number.isFinite(rate(step))) ? rate : undefined;
}

/** From now on, the optimizer has the rate of the schedule, until another one is set. */
export function follow(optimizer: Optimizer, schedule: KerasObject, rate: Rate): void {
  followed.set(optimizer, schedule);
  Object.defineProperty(optimizer, 'learningRate', {
    configurable: true,
    enumerable: true,
    get: () => rate(optimizer.iterations),
    set: (value: number) => {
      followed.delete(optimizer);
      Object.defineProperty(optimizer, 'learningRate', { configurable: true, enumerable: true, writable: true, value });
    },
  });
}

/** Which one it follows, so that a file of Keras can have it again. */
export function scheduleOf(optimizer: Optimizer): KerasObject | undefined {
  return followed.get(optimizer);
}

function cosine(done: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * done));
}

/** NaN for one that is missing. */
function numbers(config: JsonObject, names: readonly string[]): number[] {
  return names.map(name => (typeof config[name] === 'number' ? Number(config[name]) : Number.NaN));
}

function areNumbers(value: Json | undefined): value is readonly number[] {
  return isList(value) && value.every(one => typeof one === 'number');
}
