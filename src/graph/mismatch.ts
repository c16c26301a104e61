/** Whether a stored value fits a live variable, as data and as a sentence. */
import type { DType, StoredDType } from '../format/dtypes.js';

interface Shaped {
  readonly shape: readonly number[];
}

interface Typed extends Shaped {
  readonly dtype: StoredDType;
}

/** The dtypes of TensorFlow.js. It has no others, so no variable could hold a value of another type as it is. */
const LIVE_DTYPES: readonly string[] = ['float32', 'int32', 'bool', 'complex64', 'string'] satisfies DType[];

/** Stands in place of a dtype for a state that is not a tensor: the position in a dataset. */
export const ITERATOR = 'iterator';

/** Null if dtype and shape agree. Nothing is converted. */
export function compare(key: string, live: Typed, stored: Typed): Mismatch | null {
  if (live.dtype === stored.dtype && isSameShape(live, stored)) return null;
  return { key, expected: describe(live), found: describe(stored) };
}

/** Whether two tensors have the same sizes in the same order. */
export function isSameShape(one: Shaped, other: Shaped): boolean {
  return one.shape.length === other.shape.length && one.shape.every((size, i) => size === other.shape[i]);
}

function describe({ dtype, shape }: Typed): string {
  return `${dtype} [${shape.join(',')}]`;
}

/** A variable's label in two: `block/conv2d_3/kernel` is the `kernel` of `block/conv2d_3`. */
export function splitLabel(label: string): { owner: string; variable: string } {
  const cut = label.lastIndexOf('/');
  return { owner: label.slice(0, Math.max(0, cut)), variable: label.slice(cut + 1) };
}

/**
 * `layer conv2d_3 expects kernel [3,3,16,32]; the checkpoint has [3,3,8,32] at layer_with_weights-2/kernel/…`. Types
 * are only mentioned where they differ. `source` is where the other value is.
 */
export function describeMismatch({ key, expected, found, reason }: Mismatch, label: string, source: string): string {
  const { owner, variable } = splitLabel(label);
  const subject = owner === '' ? label : `layer ${owner}`;
  const foundType = typeOf(found);
  const sameType = !differsInType({ expected, found });
  const shown = (value: string): string => (sameType ? value.slice(value.indexOf(' ') + 1) : value);
  const sentence =
    `${subject} expects ${owner === '' ? '' : `${variable} `}${shown(expected)}; ${source} has ${shown(found)} ` +
    `at ${key}`;
  if (reason !== undefined) return `${sentence}: ${reason}`;
  return LIVE_DTYPES.includes(foundType) || foundType === ITERATOR
    ? sentence
    : `${sentence}, and TensorFlow.js has no ${foundType}`;
}

export function differsInType({ expected, found }: Pick<Mismatch, 'expected' | 'found'>): boolean {
  return typeOf(expected) !== typeOf(found);
}

/** `float32` of `float32 [3,3,16,32]`. */
export function typeOf(value: string): string {
  return value.slice(0, value.indexOf(' '));
}

export interface Mismatch {
  /** Key in the checkpoint. */
  key: string;
  /** dtype and shape of the live variable: `float32 [3,3,16,32]`. */
  expected: string;
  /** dtype and shape in the checkpoint. */
  found: string;
  /** Why a value that could have been converted was not, and what to do. Absent in other cases. */
  reason?: string;
}
