/** Constants of one iteration compared with those of others. */
import { numbersOf } from '../../graphs/constant-values.js';
import type { Constant, GraphNode } from '../../graphs/graph.js';
import { BOOL } from '../../graphs/type-numbers.js';

/** The largest that is part of a loop's body. */
const SMALL = 1024;

export function isSmall({ data }: Constant): boolean {
  return ArrayBuffer.isView(data) && data.length <= SMALL;
}

export function sameKind(a: Constant, b: Constant): boolean {
  return a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i]);
}

/** Null: values of another type. */
function stepsOf(constant: Constant): Int32Array | Float32Array | null {
  return constant.dtype === BOOL ? null : (numbersOf(constant) as Int32Array | Float32Array | null);
}

/** What must be added to `from` to get `to`; undefined if these are not numbers. */
export function stepBetween(from: Constant, to: Constant): Constant | undefined {
  const [a, b] = [stepsOf(from), stepsOf(to)];
  if (!(a && b && sameKind(from, to))) return undefined;
  const steps = a.map((value, i) => b[i]! - value);
  return { ...from, data: new Uint8Array(steps.buffer) };
}

/** Whether `value` is exactly what TensorFlow computes as base + i * step. */
export function isAffine(value: Constant, base: Constant, step: Constant, i: number): boolean {
  const [found, from, by] = [stepsOf(value), stepsOf(base), stepsOf(step)];
  if (!(found && from && by && sameKind(value, base))) return false;
  const product = by.map(one => one * i);
  const sum = from.map((one, k) => one + product[k]!);
  return found.every((one, k) => one === sum[k]);
}

/** [n, ...shape] */
export function stacked(constants: readonly Constant[]): Constant {
  const shape = [constants.length, ...constants[0]!.shape];
  const { dtype, data } = constants[0]!;
  const outputs = [{ dtype, shape }];
  const parts = constants.map(one => one.data);
  if (ArrayBuffer.isView(data)) {
    return { kind: 'constant', shape, dtype, data: Uint8Array.from(Buffer.concat(parts as Uint8Array[])), outputs };
  }
  return { kind: 'constant', shape, dtype, data: (parts as (readonly Uint8Array[])[]).flat(), outputs };
}

/** Of an int32 constant; 0 if it is none. */
export function firstNumber(node: GraphNode): number {
  return (node.kind === 'constant' && stepsOf(node)?.[0]) || 0;
}
