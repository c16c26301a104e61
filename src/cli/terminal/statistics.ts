/**
 * Minimum, maximum, mean, deviation, and counts of NaNs and infinities of a stream of numbers, in one pass and constant
 * memory.
 */
import { types } from 'node:util';
import type { NumericArray } from '../../format/dtypes.js';

/**
 * The first four are those of the finite elements; null if there are none. 64-bit integers keep an exact min and max.
 */
export interface Statistics {
  min: number | bigint | null;
  max: number | bigint | null;
  mean: number | null;
  /** Of the population (divided by n), as numpy's default. */
  std: number | null;
  nan: number;
  inf: number;
}

/** Small enough to stay in a core's cache, large enough that joining blocks costs almost nothing. */
const BLOCK = 4096;

/**
 * Sums deviations from the mean of each block and joins the blocks by the rule of Chan, Golub and LeVeque. A sum of
 * squares would lose the deviation by cancellation if the mean is far from zero.
 */
export class Accumulator {
  #count = 0;
  #mean = 0;
  /** Sum of squared deviations from the mean. */
  #squares = 0;
  #min: number | bigint | null = null;
  #max: number | bigint | null = null;
  #nan = 0;
  #inf = 0;
  readonly #block = new Float64Array(BLOCK);
  #filled = 0;

  /** Adds stored units. `table` gives the value of each bit pattern, if units are not numbers themselves. */
  add(units: NumericArray, table: Float64Array | null): void {
    if (types.isBigInt64Array(units) || types.isBigUint64Array(units)) this.#addWide(units);
    else this.#addNumbers(units, table);
  }

  #addNumbers(units: Exclude<NumericArray, BigInt64Array | BigUint64Array>, table: Float64Array | null): void {
    let min = typeof this.#min === 'number' ? this.#min : Number.POSITIVE_INFINITY;
    let max = typeof this.#max === 'number' ? this.#max : Number.NEGATIVE_INFINITY;
    for (let i = 0; i < units.length; i++) {
      const value = table === null ? units[i]! : table[units[i]!]!;
      if (!Number.isFinite(value)) {
        if (Number.isNaN(value)) this.#nan++;
        else this.#inf++;
        continue;
      }
      if (value < min) min = value;
      if (value > max) max = value;
      this.#push(value);
    }
    if (min <= max) {
      this.#min = min;
      this.#max = max;
    }
  }

  #addWide(units: BigInt64Array | BigUint64Array): void {
    for (let i = 0; i < units.length; i++) {
      const value = units[i]!;
      if (this.#min === null || value < this.#min) this.#min = value;
      if (this.#max === null || value > this.#max) this.#max = value;
      this.#push(Number(value));
    }
  }

  #push(value: number): void {
    this.#block[this.#filled++] = value;
    if (this.#filled === BLOCK) this.#join();
  }

  #join(): void {
    const n = this.#filled;
    if (n === 0) return;
    const block = this.#block;
    let sum = 0;
    for (let i = 0; i < n; i++) sum += block[i]!;
    let mean = sum / n;
    if (!Number.isFinite(mean)) {
      // The sum of values near the largest double overflows. Dividing first is less exact, but stays finite.
      mean = 0;
      for (let i = 0; i < n; i++) mean += block[i]! / n;
    }
    let squares = 0;
    for (let i = 0; i < n; i++) squares += (block[i]! - mean) ** 2;
    const total = this.#count + n;
    const apart = mean - this.#mean;
    this.#squares += squares + apart * apart * ((this.#count * n) / total);
    this.#mean += apart * (n / total);
    this.#count = total;
    this.#filled = 0;
  }

  result(): Statistics {
    this.#join();
    const some = this.#count > 0;
    return {
      min: this.#min,
      max: this.#max,
      mean: some ? this.#mean : null,
      std: some ? Math.sqrt(this.#squares / this.#count) : null,
      nan: this.#nan,
      inf: this.#inf,
    };
  }
}
