/** Functions that a SavedModel can hold: what `@tf.function(input_signature=…)` is in Python. */
import type { Rank, Tensor } from '@tensorflow/tfjs-core';
import { argumentMustBe, invalidArgument, type TensorBundleError } from '../../../errors.js';
import { Tensor as TensorClass } from '../../../tfjs-core.js';
import type { TracksChildren } from '../../checkpoint/trackable-value.js';
import { checkedInputs, type InputSpec, type NamedInput } from './input-signature.js';
import { parameterNames } from './parameter-names.js';

/** What a function may return: a tensor, an array of tensors, or an object with a name for each. */
export type FunctionOutput = Tensor | readonly Tensor[] | { readonly [name: string]: Tensor };

/** One tensor for each input. */
export type FunctionInputs<Signature extends readonly InputSpec[]> = { readonly [I in keyof Signature]: Tensor };

/** The same, with the ranks that the shapes say. */
export type RankedInputs<Signature extends readonly InputSpec[]> = {
  readonly [I in keyof Signature]: Tensor<RankOf<Signature[I]['shape']['length']>>;
};

type Ranks = [Rank.R0, Rank.R1, Rank.R2, Rank.R3, Rank.R4, Rank.R5, Rank.R6];
type RankOf<Length extends number> = number extends Length ? Rank : Length extends keyof Ranks ? Ranks[Length] : Rank;

/** A function that `func` made. */
export interface TracedFunction<Signature extends readonly InputSpec[] = readonly InputSpec[], Output = FunctionOutput>
  extends TracksChildren {
  /**
   * Calls the function itself. Throws ERR_INVALID_ARGUMENT for inputs of another number, type, rank
   * or size than its signature says, and what the function throws.
   */
  (...inputs: FunctionInputs<Signature>): Output;
  /** What it takes. */
  readonly inputSignature: readonly Required<InputSpec>[];
  /** For a checkpoint, it is an object without values. */
  trackedChildren(): Record<string, never>;
}

/** What the program gave for a function. */
export interface Definition {
  readonly fn: (...inputs: Tensor[]) => unknown;
  readonly inputs: readonly NamedInput[];
}

/** How the text of a class begins. */
const CLASS = /^class\b/;

const definitions = new WeakMap<object, Definition>();

/**
 * A function that `saveModel` writes as a graph, so that TensorFlow runs it without JavaScript: what
 * `@tf.function(input_signature=…)` is in Python. The result is called like `fn`. Nothing is traced before `saveModel`.
 *
 * `fn` is synchronous. It takes a tensor for each entry of `inputSignature`, and returns a tensor, an array of tensors,
 * or an object with a tensor for each name. Its operations may be those of any tf functions, layers and models. The
 * variables that it uses stay variables: in Python they can be trained, and what it assigns to them is assigned at each
 * call.
 *
 * A dimension that is null in a shape may have any size. Inputs are named by `name`, else by the parameters of `fn`,
 * else `input_0`, `input_1` and so on. Types: float32, int32, bool, string, complex64.
 *
 * Throws ERR_INVALID_ARGUMENT for a signature that is not of this form, and for two inputs of one name.
 *
 * @example
 * const scale = tf.variable(tf.scalar(2));
 * const double = func(x => x.mul(scale), [{ shape: [null, 3], dtype: 'float32' }]);
 * await saveModel({ scale, double }, 'out/double');
 */
export function func<const Signature extends readonly InputSpec[], Output extends FunctionOutput>(
  fn: (...inputs: RankedInputs<Signature>) => Output,
  inputSignature: Signature,
): TracedFunction<Signature, Output> {
  if (typeof fn !== 'function') throw argumentMustBe('the first argument of func', 'a function', fn);
  if (CLASS.test(Function.prototype.toString.call(fn))) {
    throw argumentMustBe('the first argument of func', 'a function that can be called without new', 'a class');
  }
  const inputs = Object.freeze(checkedInputs(inputSignature, parameterNames(fn)));
  const traced = (...given: unknown[]): Output => {
    checkGiven(inputs, given);
    return fn(...(given as unknown as RankedInputs<Signature>));
  };
  if (fn.name !== '') Object.defineProperty(traced, 'name', { value: fn.name });
  const made = Object.assign(traced, { inputSignature: inputs, trackedChildren: () => ({}) });
  definitions.set(made, { fn: fn as unknown as Definition['fn'], inputs });
  return made as unknown as TracedFunction<Signature, Output>;
}

/** Undefined for a value that `func` did not make. */
export function definitionOf(value: unknown): Definition | undefined {
  return typeof value === 'function' ? definitions.get(value) : undefined;
}

function checkGiven(inputs: readonly NamedInput[], given: readonly unknown[]): void {
  if (given.length !== inputs.length) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw invalidArgument(`the function takes ${inputs.length} tensors (${names}), not ${given.length}`, {
      expected: inputs.length,
      found: given.length,
    });
  }
  for (const [i, { name, dtype, shape }] of inputs.entries()) {
    const value = given[i];
    if (!(value instanceof TensorClass)) throw wrongInput(name, 'a tensor', value);
    if (value.dtype !== dtype) throw wrongInput(name, `a tensor of ${dtype}`, value.dtype);
    const fits =
      shape.length === value.shape.length && shape.every((size, j) => size === null || size === value.shape[j]);
    if (!fits) throw wrongInput(name, `of the shape [${shape.map(size => size ?? '?')}]`, `[${value.shape}]`);
  }
}

function wrongInput(name: string, expected: string, found: unknown): TensorBundleError {
  return invalidArgument(`input '${name}' must be ${expected}, not ${String(found)}`, {
    tensor: name,
    expected,
    found,
  });
}
