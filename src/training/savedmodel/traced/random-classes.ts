/**
 * The classes by which tfjs-core makes random numbers, in JavaScript (tfjs-core/src/ops/rand_util.ts). It exports none
 * of them, but makes an object of one whenever it makes a random tensor.
 */
import { randomGamma, randomNormal, randomUniform, type Tensor } from '../../../tfjs-core.js';

interface Generator {
  nextValue(): number;
}

/** Numbers from `min` to `min + range`. */
export interface UniformGenerator extends Generator {
  min: number;
  range: number;
}

/** Truncated: none is further than two deviations from the mean. */
export interface NormalGenerator extends Generator {
  readonly mean: number;
  readonly stdDev: number;
  readonly dtype: string | undefined;
  readonly truncated: boolean;
}

interface RandomClasses {
  readonly uniform: new (min: number, max: number, dtype: null, seed: number) => UniformGenerator;
  readonly normal: new (
    mean: number,
    stdDev: number,
    dtype: string | undefined,
    truncated: boolean,
    seed: number,
  ) => NormalGenerator;
  readonly gamma: new (alpha: number, beta: number, dtype: string, seed: number) => Generator;
}

let found: RandomClasses | null | undefined;

/** Null if they cannot be found. */
export function randomClasses(): RandomClasses | null {
  if (found !== undefined) return found;
  const uniform = classBehind('random', () => randomUniform([1]));
  const normal = classBehind('random', () => randomNormal([1]));
  const gamma = classBehind('randu', () => randomGamma([1], 1));
  found = uniform && normal && gamma ? ({ uniform, normal, gamma } as RandomClasses) : null;
  return found;
}

/**
 * The class whose constructor assigns to `key` while the tensor is made: for so long, a setter that every object
 * inherits waits for it.
 */
function classBehind(key: string, make: () => Tensor): unknown {
  const root = Object.prototype as Record<string, unknown>;
  if (key in root || Object.isFrozen(root)) return undefined;
  let made: object | undefined;
  Object.defineProperty(root, key, {
    configurable: true,
    set(this: object, value: unknown) {
      made ??= this;
      Object.defineProperty(this, key, { value, configurable: true, enumerable: true, writable: true });
    },
  });
  try {
    make().dispose();
  } finally {
    delete root[key];
  }
  return made?.constructor;
}
