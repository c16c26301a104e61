/**
 * The classes by which tfjs-core makes random numbers, in JavaScript (tfjs-core/src/ops/rand_util.ts). It exports none
 * of them, but makes an object of one whenever it makes a random tensor.
 */
import { randomGamma, randomNormal, randomUniform, type Tensor } from '../../../tfjs-core.js';
import { optionalLayers } from '../../models/tfjs-layers.js';

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

export type UniformClass = new (min: number, max: number, dtype: null, seed: number) => UniformGenerator;
export type NormalClass = new (
  mean: number,
  stdDev: number,
  dtype: string | undefined,
  truncated: boolean,
  seed: number,
) => NormalGenerator;

interface RandomClasses {
  readonly uniform: readonly UniformClass[];
  readonly normal: readonly NormalClass[];
  readonly gamma: readonly (new () => Generator)[];
}

let found: RandomClasses | undefined;

/** Of this package's copy of tfjs-core, and of that of tfjs-layers, if it is another one. */
export function randomClasses(): RandomClasses {
  if (found) return found;
  const { randomUniform: uniform, randomNormal: normal } = optionalLayers()?.initializers ?? {};
  found = {
    uniform: classesBehind('random', () => randomUniform([1]), uniform && (() => uniform({}).apply([1]))),
    normal: classesBehind('random', () => randomNormal([1]), normal && (() => normal({}).apply([1]))),
    gamma: classesBehind('randu', () => randomGamma([1], 1)),
  };
  return found;
}

/** Each once; none that cannot be found. */
function classesBehind<C>(key: string, ...makers: readonly ((() => Tensor) | undefined)[]): C[] {
  const classes = makers.flatMap(make => (make ? [classBehind(key, make)] : []));
  return [...new Set(classes.filter(one => one !== undefined))] as C[];
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
