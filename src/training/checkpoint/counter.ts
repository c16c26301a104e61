/** A step counter of 64 bits, as in Python. TensorFlow.js has no type for that. */
import { invalidArgument, TensorBundleError } from '../../errors.js';
import type { TrackedValue } from '../../graph/tracked-value.js';

/** What a counter can be set to: a whole number, or an object that holds one. */
export type CounterValue = number | bigint | BigInt64Array | { dataSync(): ArrayLike<number | bigint> };

/**
 * `tf.Variable(0, dtype=tf.int64)`: a scalar in a checkpoint that is int64 from the first save on, so that Python can
 * restore it into its step of that type. It also takes int32, and narrower whole numbers, from a checkpoint, and is
 * int64 in the next one. It is not a tensor: gradients and operations do not know it. (A `tf.variable` of int32 that
 * was restored from an int64 is written as int64 as well, as long as its value fits.)
 *
 * @example
 * const step = new Counter(0);
 * const manager = new CheckpointManager(new Checkpoint({ model, step }), 'run', { maxToKeep: 3, stepCounter: step });
 * step.assignAdd(1);
 */
export class Counter implements TrackedValue<BigInt64Array> {
  readonly dtype = 'int64';
  readonly shape: readonly number[] = [];
  #value: bigint;

  /**
   * Throws ERR_INVALID_ARGUMENT for something that is not a whole number, and ERR_TOO_LARGE for a number that does not
   * fit into 64 bits.
   */
  constructor(initial: CounterValue = 0) {
    this.#value = wholeCount(initial);
  }

  /** Throws ERR_TOO_LARGE above 2^53, where a number of JavaScript is not exact: use `bigint`. */
  get value(): number {
    const number = Number(this.#value);
    if (Number.isSafeInteger(number)) return number;
    throw tooLarge(this.#value, 'an exact number of JavaScript; read it as `bigint`');
  }

  /** The value. */
  get bigint(): bigint {
    return this.#value;
  }

  /** Throws as the constructor does, and changes nothing then. */
  assign(data: BigInt64Array): this;
  assign(value: CounterValue): this;
  assign(value: CounterValue): this {
    this.#value = wholeCount(value);
    return this;
  }

  /** Default 1. */
  assignAdd(delta: CounterValue = 1): this {
    return this.assign(this.#value + wholeCount(delta));
  }

  /** Default 1. */
  assignSub(delta: CounterValue = 1): this {
    return this.assign(this.#value - wholeCount(delta));
  }

  /** An array of one number, as a variable of TensorFlow.js gives it. Throws as `value` does. */
  dataSync(): Float64Array {
    return Float64Array.of(this.value);
  }

  /** The value as it is stored in a checkpoint. */
  read(): BigInt64Array {
    return BigInt64Array.of(this.#value);
  }

  toString(): string {
    return String(this.#value);
  }
}

function wholeCount(given: CounterValue): bigint {
  const value: unknown = typeof given === 'object' && given !== null ? only(given) : given;
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value))
    throw invalidArgument(`a Counter takes an exact whole number (above 2^53: a bigint), not ${String(value)}`, {
      found: typeof value === 'number' ? value : typeof value,
    });
  const whole = BigInt(value as number | bigint);
  if (BigInt.asIntN(64, whole) === whole) return whole;
  throw tooLarge(whole, '64 bits');
}

function only(given: BigInt64Array | { dataSync(): ArrayLike<number | bigint> }): unknown {
  const values = 'dataSync' in given ? given.dataSync() : given;
  return values.length === 1 ? values[0] : `${values.length} values`;
}

function tooLarge(value: bigint, limit: string): TensorBundleError {
  return new TensorBundleError('ERR_TOO_LARGE', `the Counter's ${value} is more than ${limit}`, { found: value });
}
