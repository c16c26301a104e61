/** Which functions are signatures, and under which names. */
import { argumentMustBe, invalidArgument, type TensorBundleError } from '../../../errors.js';
import { isLiteral } from '../../../realms.js';
import { definitionOf, type TracedFunction } from '../defined/func.js';

/** A function, which is then called `serving_default`; or several by their names. */
export type Signatures = TracedFunction | { readonly [name: string]: TracedFunction };

/** The name that programs ask for if they are told none. */
export const SERVING_DEFAULT = 'serving_default';
/** Of several functions, the one that is also SERVING_DEFAULT. */
const DEFAULTS: readonly string[] = [SERVING_DEFAULT, 'call', 'predict'];
/** TensorFlow makes names of a graph of it. */
const NAME = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;

/** By name. Throws ERR_INVALID_ARGUMENT. */
export function checkedSignatures(given: Signatures): ReadonlyMap<string, TracedFunction> {
  if (definitionOf(given)) return new Map([[SERVING_DEFAULT, given as TracedFunction]]);
  if (!isLiteral(given)) throw notSignatures(given);
  const named = Object.entries(given as Readonly<Record<string, TracedFunction>>);
  for (const [name, one] of named) {
    if (!definitionOf(one)) throw argumentMustBe(`signatures.${name}`, 'a function that func made', one);
    checkName(name);
  }
  return new Map(named);
}

/**
 * `all`: every function of the object; `top`: those that are its own, by name. A lone function is the default. Of
 * several, each of the top has its own name, and one of them is also the default if its name says so.
 */
export function defaultSignatures(
  all: readonly TracedFunction[],
  top: ReadonlyMap<string, TracedFunction>,
): ReadonlyMap<string, TracedFunction> {
  const [one, ...more] = all;
  if (one !== undefined && more.length === 0) return new Map([[SERVING_DEFAULT, one]]);
  for (const name of top.keys()) checkName(name);
  const main = DEFAULTS.find(name => top.has(name));
  return main === undefined ? top : new Map([...top, [SERVING_DEFAULT, top.get(main)!]]);
}

function checkName(name: string): void {
  // An object with a `then` is a promise for JavaScript, so `loadFunctions` could not give it.
  if (NAME.test(name) && !name.startsWith('__saved_model_') && name !== 'then') return;
  const expected = "letters, digits and _ . \\ / > -, the first one a letter, a digit or a dot, and not 'then'";
  throw invalidArgument(
    `'${name}' cannot be the name of a signature (${expected}); give signatures: { name: function }`,
    {
      expected,
      found: name,
    },
  );
}

function notSignatures(found: unknown): TensorBundleError {
  return argumentMustBe('signatures', 'a function that func made, or an object with such functions', found);
}
