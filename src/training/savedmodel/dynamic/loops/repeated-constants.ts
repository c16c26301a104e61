/** Constants of one iteration compared with those of others. */
import type { Constant, GraphNode } from '../../graphs/graph.js';
import { FLOAT, INT32 } from './nodes.js';

/** The largest that is part of a loop's body. */
const SMALL = 1024;

export function isSmall({ data }: Constant): boolean {
  return ArrayBuffer.isView(data) && data.length <= SMALL;
}

export function sameKind(a: Constant, b: Constant): boolean {
  return a.dtype === b.dtype && a.shape.length === b.shape.length && a.shape.every((size, i) => size === b.shape[i]);
}

export function sameConstant(a: Constant, b: Constant): boolean {
  if (a === b) return true;
  if (!sameKind(a, b)) return false;
  if (ArrayBuffer.isView(a.data)) return ArrayBuffer.isView(b.data) && sameBytes(a.data, b.data);
  const others = b.data as readonly Uint8Array[];
  return a.data.length === others.length && a.data.every((bytes, i) => sameBytes(bytes, others[i]!));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

type Numbers = Int32Array | Float32Array;

/** Undefined: values of another type. */
function numbersOf({ dtype, data }: Constant): Numbers | undefined {
  if (!ArrayBuffer.isView(data)) return undefined;
  const bytes = Uint8Array.from(data).buffer;
  if (dtype === INT32) return new Int32Array(bytes);
  return dtype === FLOAT ? new Float32Array(bytes) : undefined;
}

function constant(like: Constant, data: Numbers): Constant {
  return { ...like, data: new Uint8Array(data.buffer) };
}

/** What must be added to `from` to get `to`; undefined if these are not numbers. */
export function stepBetween(from: Constant, to: Constant): Constant | undefined {
  const [a, b] = [numbersOf(from), numbersOf(to)];
  if (!(a && b && sameKind(from, to))) return undefined;
  return constant(
    from,
    a.map((value, i) => b[i]! - value),
  );
}

/** Whether `value` is exactly what TensorFlow computes as base + i * step. */
export function isAffine(value: Constant, base: Constant, step: Constant, i: number): boolean {
  const [found, from, by] = [numbersOf(value), numbersOf(base), numbersOf(step)];
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
  return (node.kind === 'constant' && numbersOf(node)?.[0]) || 0;
}
