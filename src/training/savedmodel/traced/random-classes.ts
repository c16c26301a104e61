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

type RandomClass = UniformClass | NormalClass;

let found: RandomClasses | undefined;
/** Of other copies of tfjs-core. */
const others = new Set<RandomClass>();

/** Of this package's copy of tfjs-core, of that of tfjs-layers, and of others that were met. */
export function randomClasses(): RandomClasses {
  found ??= ownClasses();
  return found;
}

/** All whose numbers become random operations. */
export function generatorClasses(): readonly RandomClass[] {
  const { uniform, normal } = randomClasses();
  return [...uniform, ...normal, ...others];
}

/**
 * Finds the class of a generator that asks for its seed now: it makes its source of numbers of that next. The program
 * may use another copy of tfjs-core than this package. Gives what ends the waiting.
 */
export function onGenerator(met: (one: RandomClass) => void): () => void {
  return onAssignment('random', made => {
    const one = made.constructor as RandomClass;
    const { nextValue } = made as Partial<Generator>;
    const isRandom = typeof nextValue === 'function' && ('range' in made || 'stdDev' in made);
    if (!isRandom || generatorClasses().includes(one)) return;
    others.add(one);
    met(one);
  });
}

function ownClasses(): RandomClasses {
  const { randomUniform: uniform, randomNormal: normal } = optionalLayers()?.initializers ?? {};
  return {
    uniform: classesBehind('random', () => randomUniform([1]), uniform && (() => uniform({}).apply([1]))),
    normal: classesBehind('random', () => randomNormal([1]), normal && (() => normal({}).apply([1]))),
    gamma: classesBehind('randu', () => randomGamma([1], 1)),
  };
}

/** Each once; none that cannot be found. */
function classesBehind<C>(key: string, ...makers: readonly ((() => Tensor) | undefined)[]): C[] {
  const classes = makers.flatMap(make => (make ? [classBehind(key, make)] : []));
  return [...new Set(classes.filter(one => one !== undefined))] as C[];
}

/** The class whose constructor assigns to `key` while the tensor is made. */
function classBehind(key: string, make: () => Tensor): unknown {
  let made: object | undefined;
  const end = onAssignment(key, one => {
    made ??= one;
  });
  try {
    make().dispose();
  } finally {
    end();
  }
  return made?.constructor;
}

/** A setter that every object inherits waits for an assignment to `key`, until what is returned is called. */
function onAssignment(key: string, assigned: (made: object) => void): () => void {
  const root = Object.prototype as Record<string, unknown>;
  if (key in root || Object.isFrozen(root)) return () => {};
  Object.defineProperty(root, key, {
    configurable: true,
    set(this: object, value: unknown) {
      Object.defineProperty(this, key, { value, configurable: true, enumerable: true, writable: true });
      assigned(this);
    },
  });
  return () => {
    delete root[key];
  };
}
