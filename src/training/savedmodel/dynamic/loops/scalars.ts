/** Numbers of a loop, such as how often it runs, and how a graph for any size gets them. */
import type { Value } from '../../graphs/graph.js';
import { INT32 } from '../../graphs/type-numbers.js';
import { add, dimension, int32, of, type Step } from './nodes.js';

/** A number in one recording, and the axis of a tensor whose size it may follow. */
export interface Measured {
  readonly value: number;
  readonly size: number | undefined;
}

export type Scalar =
  | { readonly kind: 'fixed'; readonly value: number }
  /** The size of an axis, plus something. */
  | { readonly kind: 'relative'; readonly offset: number }
  /** A constant that is another one in each recording. */
  | { readonly kind: 'moving' };

/** From the same number in all recordings. */
export function scalarOf(measured: readonly Measured[]): Scalar {
  const [{ value, size }] = measured as [Measured];
  if (measured.every(one => one.value === value)) return { kind: 'fixed', value };
  if (size !== undefined && measured.every(one => one.size !== undefined && one.value - one.size === value - size)) {
    return { kind: 'relative', offset: value - size };
  }
  return { kind: 'moving' };
}

export function hasScalar({ value, size }: Measured, scalar: Scalar): boolean {
  if (scalar.kind === 'fixed') return value === scalar.value;
  return scalar.kind === 'moving' || (size !== undefined && value - size === scalar.offset);
}

/** The number as a scalar int32; steps that it needs are added to `steps`. */
export function scalarValue(
  scalar: Scalar,
  { value }: Measured,
  sized: { tensor: Value; axis: number } | undefined,
  steps: Step[],
): Value {
  if (scalar.kind !== 'relative' || !sized) return of(int32(value));
  const found = dimension(sized.tensor, sized.axis, undefined);
  steps.push(...found);
  if (scalar.offset === 0) return of(found[1]);
  const sum = add(of(found[1]), of(int32(scalar.offset)), { dtype: INT32, shape: [] }, undefined);
  steps.push(sum);
  return of(sum);
}
