/**
 * Watches how a function makes random numbers. TensorFlow.js makes random tensors in JavaScript, from a seed that is
 * Math.random()'s if the program gives none: such a tensor becomes a random operation, not a constant.
 */
import { ProgramPlace } from './program-place.js';
import {
  generatorClasses,
  type NormalClass,
  type NormalGenerator,
  onGenerator,
  randomClasses,
  type UniformClass,
  type UniformGenerator,
} from './random-classes.js';
import type { RandomTensor } from './random-tensor.js';
import { refused } from './refusals.js';
import type { Replacements } from './replacements.js';

type AnyGenerator = UniformGenerator | NormalGenerator;
type Values = Float32Array | Int32Array | Uint8Array;

/** A call of Math.random that nothing explains yet. */
interface Call {
  readonly value: number;
  readonly place: ProgramPlace;
}

export class Randomness {
  /** Seeds of the program whose tensors shall be other ones in every run, too. */
  readonly #seeds: () => Iterable<number>;
  readonly #calls: Call[] = [];
  /** What made the last number. Its numbers are written into a tensor before anything else happens. */
  #generator: AnyGenerator | undefined;

  /** Ends the waiting for a generator of a class that is not known. */
  #stopWaiting: () => void = () => {};

  constructor(seeds: () => Iterable<number>) {
    this.#seeds = seeds;
  }

  start(replacements: Replacements): void {
    const { gamma: gammaClasses } = randomClasses();
    const { random } = Math;
    replacements.replace(Math, 'random', () => {
      const value = random();
      this.#calls.push({ value, place: new ProgramPlace('') });
      this.#stopWaiting();
      this.#stopWaiting = onGenerator(watch);
      return value;
    });
    replacements.alsoRestore(() => this.#stopWaiting());
    const note = (generator: AnyGenerator | undefined): void => {
      this.#generator = generator;
    };
    const watch = ({ prototype }: NormalClass | UniformClass): void => {
      const { nextValue } = prototype as AnyGenerator;
      replacements.replace(prototype as AnyGenerator, 'nextValue', function (this: AnyGenerator) {
        note(this);
        return nextValue.call(this);
      });
    };
    for (const one of generatorClasses()) watch(one);
    const refuse = (): void => this.#refuseGamma();
    for (const { prototype } of gammaClasses) {
      const gamma = prototype as { nextValue(): number };
      const { nextValue } = gamma;
      replacements.replace(gamma, 'nextValue', function (this: object) {
        refuse();
        const value = nextValue.call(this);
        // It has made this of normal numbers.
        note(undefined);
        return value;
      });
    }
  }

  /** What a new tensor is, if its values were just made by a seed of Math.random or one of the seeds to look for. */
  tensorOf(values: unknown, shape: readonly number[], dtype: number): RandomTensor | undefined {
    this.#stopWaiting();
    const generator = this.#generator;
    if (!generator) return undefined;
    const place = new ProgramPlace('');
    const found = this.#seedOf(generator, values as Values);
    // The comparison made numbers, too.
    this.#generator = undefined;
    if (found === undefined) return undefined;
    const parameters =
      'range' in generator
        ? ({ op: 'RandomUniform', scale: generator.range, offset: generator.min } as const)
        : ({
            op: generator.truncated ? 'TruncatedNormal' : 'RandomStandardNormal',
            scale: generator.stdDev,
            offset: generator.mean,
          } as const);
    return { ...parameters, shape: [...shape], dtype, seed: found, place };
  }

  /** Whether a number is one that Math.random gave: then it is explained. */
  explains(value: unknown): boolean {
    const i = this.#calls.findLastIndex(call => call.value === value);
    if (i >= 0) this.#calls.splice(i, 1);
    return i >= 0;
  }

  /** Throws if the function used Math.random for something that a graph cannot do. */
  check(): void {
    const [call] = this.#calls;
    if (!call) return;
    throw refused(
      `the function calls Math.random (${call.place.text}), whose number would be a constant of the graph; make ` +
        'random tensors by tf.randomUniform, tf.randomNormal, tf.truncatedNormal, tf.multinomial or tf.dropout',
      call.place,
    );
  }

  /** 0 for a seed of Math.random. */
  #seedOf(generator: AnyGenerator, values: Values): number | undefined {
    const call = this.#calls.findLastIndex(({ value }) => makes(generator, value, values));
    if (call >= 0) {
      this.#calls.splice(call, 1);
      return 0;
    }
    for (const seed of this.#seeds()) if (makes(generator, seed, values)) return seed;
    return undefined;
  }

  #refuseGamma(): void {
    const call = this.#calls.at(-1);
    if (!call) return;
    throw refused(
      `the function calls tf.randomGamma (${call.place.text}), which computes in JavaScript what no operation of ` +
        'TensorFlow with gradients does; make the tensor outside, and pass it in',
      call.place,
    );
  }
}

/** Whether a generator like this one makes exactly these values from the seed. */
function makes(like: AnyGenerator, seed: number, values: Values): boolean {
  const twin = twinOf(like, seed);
  if (!twin) return false;
  // Stored as the values are: rounded, or cut off.
  const cell = values.slice(0, 1);
  for (let i = 0; i < values.length; i++) {
    cell[0] = twin.nextValue();
    if (cell[0] !== values[i]) return false;
  }
  return true;
}

function twinOf(like: AnyGenerator, seed: number): AnyGenerator | undefined {
  if ('range' in like) {
    const twin = new (like.constructor as UniformClass)(like.min, like.min + 2, null, seed);
    twin.range = like.range;
    return twin;
  }
  // For this class, a seed of 0 is none.
  return seed === 0
    ? undefined
    : new (like.constructor as NormalClass)(like.mean, like.stdDev, like.dtype, like.truncated, seed);
}
