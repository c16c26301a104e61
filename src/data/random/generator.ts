/**
 * `tf.random.Generator` for TensorFlow.js: random numbers that follow from a state, which a checkpoint keeps. The state
 * and the numbers are TensorFlow's for the algorithm Philox (tensorflow/python/ops/random_ops_util.py,
 * stateful_random_ops.py, core/lib/random/random_distributions.h), so a training can continue in Python, or come from
 * there, with the same numbers.
 */

import { argumentMustBe, requireMade } from '../../errors.js';
import { sizeOf } from '../../format/shape.js';
import type { TrackedValue } from '../../graph/tracked-value.js';
import { isArrayOf } from '../../realms.js';
import { type Tensor, tensor } from '../../tfjs-core.js';
import { philox } from './philox.js';

/** How far one number moves the counter, no matter how many values are used to make it. */
const STRIDE = 256n;

/** The least value of which a logarithm is taken. */
const LEAST = Math.fround(1e-7);

export class Generator {
  /** Counter (two words) and key. */
  #state: BigInt64Array<ArrayBuffer>;
  readonly #tracked: TrackedValue<BigInt64Array>;

  private constructor(state: BigInt64Array<ArrayBuffer>) {
    requireMade(
      isArrayOf('BigInt64Array', state) ? state : null,
      'Generator',
      'Generator.fromSeed(seed) or Generator.fromState(state)',
    );
    this.#state = state;
    this.#tracked = {
      dtype: 'int64',
      shape: [3],
      fullName: 'StateVar',
      read: () => this.#state,
      assign: data => {
        this.#state = BigInt64Array.from(data);
      },
    };
  }

  /** A generator from any whole number, as in Python. Throws ERR_INVALID_ARGUMENT for anything else. */
  static fromSeed(seed: number | bigint): Generator {
    return new Generator(wordsOf(seed));
  }

  /**
   * A generator that goes on from the state of another, also of one in Python. Throws ERR_INVALID_ARGUMENT unless the
   * state has three words.
   */
  static fromState(state: BigInt64Array): Generator {
    if (state.length !== 3) throw argumentMustBe('state', 'three numbers of 64 bits', `${state.length}`);
    return new Generator(BigInt64Array.from(state));
  }

  /** A copy of the state: three words. */
  get state(): BigInt64Array {
    return this.#state.slice();
  }

  /** Begins anew with this seed. */
  reset(seed: number | bigint): void {
    this.#state = wordsOf(seed);
  }

  /** Goes on as if `count` numbers had been drawn. */
  skip(count: number | bigint): void {
    this.#advance(checkWhole('count', count));
  }

  /** float32 numbers, at least `minval` and less than `maxval`: the same as those of `tf.random.Generator.uniform`. */
  uniform(shape: readonly number[], minval = 0, maxval = 1): Tensor {
    const low = Math.fround(minval);
    const range = Math.fround(Math.fround(maxval) - low);
    const values = this.#draw(shape, Float32Array, word => Math.fround(Math.fround(unit(word) * range) + low));
    return tensor(values, [...shape], 'float32');
  }

  /** int32 numbers, at least `minval` and less than `maxval`. Throws ERR_INVALID_ARGUMENT for an empty range. */
  uniformInt(shape: readonly number[], minval: number, maxval: number): Tensor {
    const range = maxval - minval;
    const fits = Number.isInteger(minval) && Number.isInteger(maxval) && minval >= -(2 ** 31) && maxval <= 2 ** 31 - 1;
    if (!fits || range < 1) throw argumentMustBe('the range', 'of int32 numbers, not empty', `${minval}..${maxval}`);
    return tensor(
      this.#draw(shape, Int32Array, word => minval + (word % range)),
      [...shape],
      'int32',
    );
  }

  /**
   * float32 numbers of a normal distribution: the same as those of `tf.random.Generator.normal`, except for the last
   * bits of sine and logarithm.
   */
  normal(shape: readonly number[], mean = 0, stddev = 1): Tensor {
    const scale = Math.fround(stddev);
    const values = this.#draw(shape, Float32Array, (_word, words, i) => {
      const pair = i - (i % 2);
      const value = boxMuller(words[pair]!, words[pair + 1]!)[i % 2]!;
      return Math.fround(Math.fround(value * scale) + Math.fround(mean));
    });
    return tensor(values, [...shape], 'float32');
  }

  trackedChildren(): { _state_var: TrackedValue<BigInt64Array> } {
    return { _state_var: this.#tracked };
  }

  /** Makes four numbers from each value of the counter, then moves the counter by STRIDE per number. */
  #draw<A extends Float32ArrayConstructor | Int32ArrayConstructor>(
    shape: readonly number[],
    array: A,
    make: (word: number, words: readonly number[], i: number) => number,
  ): InstanceType<A> {
    const count = sizeOf(shape);
    const isShape = shape.every(size => Number.isSafeInteger(size) && size >= 0) && count < 2 ** 32;
    if (!isShape) throw argumentMustBe('shape', 'an array of sizes', `[${shape}]`);
    const values = new array(count) as InstanceType<A>;
    const [low, high, key] = this.#state;
    const blocks = philox((BigInt.asUintN(64, high!) << 64n) | BigInt.asUintN(64, low!), BigInt.asUintN(64, key!));
    for (let begin = 0; begin < count; begin += 4) {
      const words: readonly number[] = blocks.next().value!;
      for (let i = 0; i < 4 && begin + i < count; i++) values[begin + i] = make(words[i]!, words, i);
    }
    this.#advance(BigInt(count));
    return values;
  }

  #advance(count: bigint): void {
    const [low, high, key] = this.#state;
    const counter = (BigInt.asUintN(64, high!) << 64n) + BigInt.asUintN(64, low!) + count * STRIDE;
    this.#state = BigInt64Array.of(counter, counter >> 64n, key!);
  }
}

/** A number of at least 0 and less than 1, from 23 bits. */
function unit(word: number): number {
  return (word & 0x7fffff) / 2 ** 23;
}

function boxMuller(first: number, second: number): [number, number] {
  const radius = Math.fround(Math.sqrt(Math.fround(-2 * Math.fround(Math.log(Math.max(unit(first), LEAST))))));
  const angle = Math.fround(Math.fround(2 * Math.fround(Math.PI)) * unit(second));
  return [Math.fround(Math.fround(Math.sin(angle)) * radius), Math.fround(Math.fround(Math.cos(angle)) * radius)];
}

/** A seed is cut into words of 64 bits, the lowest first. */
function wordsOf(seed: number | bigint): BigInt64Array<ArrayBuffer> {
  const whole = checkWhole('seed', seed);
  return BigInt64Array.of(whole, whole >> 64n, whole >> 128n);
}

function checkWhole(name: string, value: number | bigint): bigint {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value))
    throw argumentMustBe(name, 'a whole number', String(value));
  return BigInt(value);
}
