/** What a function takes: the types, shapes and names of its inputs. */
import { argumentMustBe, invalidArgument, type TensorBundleError } from '../../../errors.js';
import type { Shape } from '../graphs/graph.js';

/** The types that TensorFlow.js's tensors can have. */
const INPUT_TYPES = ['float32', 'int32', 'bool', 'string', 'complex64'] as const;
export type InputType = (typeof INPUT_TYPES)[number];

/** One input of a function. */
export interface InputSpec {
  /** Null in place of a dimension that may have any size. */
  readonly shape: readonly (number | null)[];
  readonly dtype: InputType;
  /** Default: the name of the function's parameter, else `input_0`, `input_1` and so on. */
  readonly name?: string;
}

/** A checked one. */
export interface NamedInput {
  readonly name: string;
  readonly dtype: InputType;
  readonly shape: Shape;
}

/** What Python takes for a name of an argument, in letters that TensorFlow takes for a name in a graph. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Python's keywords, and `self`, which TensorFlow takes for the object of a method. */
const RESERVED: ReadonlySet<string> = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from ' +
    'global if import in is lambda nonlocal not or pass raise return try while with yield self'
  ).split(' '),
);

/** `names`: those of the parameters, as far as they are known. Throws ERR_INVALID_ARGUMENT. */
export function checkedInputs(signature: unknown, names: readonly (string | undefined)[]): NamedInput[] {
  if (!Array.isArray(signature)) {
    throw argumentMustBe('inputSignature', 'an array with { shape, dtype } for each input', signature);
  }
  // An array may have holes, which `map` would leave out.
  const specs = Array.from(signature, (spec: unknown, i) => checkedSpec(spec, `inputSignature[${i}]`));
  const taken = new Set<string>();
  for (const { name } of specs) {
    if (name === undefined) continue;
    if (taken.has(name)) throw sameName(name);
    taken.add(name);
  }
  return specs.map(({ name, dtype, shape }, i) => {
    if (name !== undefined) return Object.freeze({ name, dtype, shape });
    const own = names[i];
    const free = own !== undefined && isName(own) && !taken.has(own) ? own : `input_${i}`;
    if (taken.has(free)) throw sameName(free);
    taken.add(free);
    return Object.freeze({ name: free, dtype, shape });
  });
}

function checkedSpec(spec: unknown, what: string): InputSpec {
  if (typeof spec !== 'object' || spec === null) throw argumentMustBe(what, 'an object { shape, dtype, name }', spec);
  const { shape, dtype, name } = spec as Partial<InputSpec>;
  const sizes: readonly unknown[] = Array.isArray(shape) ? Array.from(shape as unknown[]) : [undefined];
  if (!sizes.every(isSize)) {
    const expected = 'an array of whole numbers below 2^31, with null for each dimension of any size';
    throw argumentMustBe(`${what}.shape`, expected, Array.isArray(shape) ? `[${sizes.map(String).join(', ')}]` : shape);
  }
  if (!INPUT_TYPES.some(type => type === dtype)) throw argumentMustBe(`${what}.dtype`, INPUT_TYPES.join(', '), dtype);
  if (name !== undefined && !isName(name)) {
    const expected = 'a name of letters, digits and underscores that Python can have for an argument';
    throw argumentMustBe(`${what}.name`, expected, JSON.stringify(name));
  }
  return { shape: Object.freeze(sizes), dtype: dtype!, ...(name !== undefined && { name }) };
}

function isSize(size: unknown): size is number | null {
  return size === null || (Number.isInteger(size) && (size as number) >= 0 && (size as number) < 2 ** 31);
}

function isName(name: unknown): name is string {
  return typeof name === 'string' && NAME.test(name) && !RESERVED.has(name);
}

function sameName(name: string): TensorBundleError {
  return invalidArgument(`two inputs have the name '${name}'; give each its own: { shape, dtype, name }`, {
    found: name,
  });
}
