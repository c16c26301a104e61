/**
 * Random numbers of a dataset, which differ in each run. They depend only on a seed, the run, and the place in the run.
 */

import { TextEncoder } from 'node:util';
import { invalidArgument, TensorBundleError } from '../../errors.js';
import { isLiteral } from '../../realms.js';
import { Generator } from './generator.js';
import { philox } from './philox.js';

/** Identifies a run: its number, then the number of the repetition within it, and so on inwards. */
export type Run = readonly number[];

/**
 * The seed of a stage. Drawn if none is given. A restore replaces it, so that later runs have the same random numbers
 * as without the interruption.
 */
export class Seed {
  value: bigint;

  /** Throws ERR_INVALID_ARGUMENT if it is neither a whole number nor a text. */
  constructor(seed?: number | string) {
    this.value = seed === undefined ? crypto.getRandomValues(new BigUint64Array(1))[0]! : seedOf(seed);
  }
}

/** The random numbers of one stage in one run. */
export class Round {
  readonly #seed: bigint;
  readonly #run: Run;
  readonly #key: bigint;

  constructor(seed: bigint, run: Run) {
    this.#seed = seed;
    this.#run = run;
    this.#key = run.reduce((key, number) => draw(number, key), seed);
  }

  /** Throws ERR_CORRUPT for anything that is not such a state. */
  static restored(stored: unknown): Round {
    const { seed, run } = (isLiteral(stored) ? stored : {}) as Partial<ReturnType<Round['state']>>;
    if (Array.isArray(run) && run.every(number => Number.isSafeInteger(number) && number >= 0))
      return new Round(storedSeed(seed), run);
    throw new TensorBundleError('ERR_CORRUPT', 'the stored state of random numbers is not valid', { found: run });
  }

  /** The form in which it is stored. */
  state(): { readonly seed: string; readonly run: Run } {
    return { seed: String(this.#seed), run: this.#run };
  }

  /** A whole number of at least 0 and less than `end`. */
  below(end: number, place: number): number {
    return Number(draw(place, this.#key) % BigInt(end));
  }

  /** A generator for one place. */
  generator(place: number): Generator {
    return Generator.fromState(BigInt64Array.of(0n, BigInt(place), this.#key));
  }
}

/** The seed in a stored state. Throws ERR_CORRUPT. */
export function storedSeed(seed: unknown): bigint {
  if (typeof seed === 'string' && /^\d{1,20}$/.test(seed)) return BigInt.asUintN(64, BigInt(seed));
  throw new TensorBundleError('ERR_CORRUPT', 'a stored seed is not a number of 64 bits', { found: seed });
}

/** A random number of 64 bits. */
function draw(counter: number, key: bigint): bigint {
  const [low, high] = philox(BigInt(counter), key).next().value!;
  return (BigInt(high) << 32n) | BigInt(low);
}

function seedOf(seed: number | string): bigint {
  if (typeof seed === 'number' && Number.isSafeInteger(seed)) return BigInt.asUintN(64, BigInt(seed));
  if (typeof seed === 'string') {
    // Seeds of TensorFlow.js are texts: their FNV-1a hash of 64 bits is used.
    let hash = 0xcbf29ce484222325n;
    for (const byte of new TextEncoder().encode(seed))
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    return hash;
  }
  throw invalidArgument(`seed must be a whole number or a text, not ${String(seed)}`, {
    found: seed,
  });
}
