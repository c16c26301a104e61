/** Uses of the parts of a tensor without the operation that has an output for each part. */
import type { Operation, OutputType, Place, Value } from '../../graphs/graph.js';
import { INT32 } from '../../graphs/type-numbers.js';
import type { Draft } from './draft.js';
import {
  bool,
  element,
  int,
  int32,
  int32s,
  intOf,
  moved,
  of,
  operation,
  type Step,
  type,
  typeOf,
  without,
} from './nodes.js';
import { firstNumber } from './repeated-constants.js';
import { splitAxis } from './slots.js';

/** Parts of one tensor one after another (`by` 1, or -1: each after the next), or values of other origin. */
type Segment =
  | {
      readonly kind: 'parts';
      readonly of: Operation;
      readonly from: number;
      readonly count: number;
      readonly by: 1 | -1;
    }
  | { readonly kind: 'others'; readonly values: readonly Value[] };

export function isCollection(step: Step): step is Operation {
  return step.kind === 'operation' && (step.op === 'Pack' || step.op === 'ConcatV2' || step.op === 'AddN');
}

/**
 * Puts steps that use whole tensors in the place of one that puts their parts together. `known` are the operations that
 * a loop made: even one part of these counts as a segment.
 */
export function gather(draft: Draft, at: number, known: ReadonlySet<Step>): void {
  const step = draft.steps[at] as Operation;
  const segments = segmentsOf(step, known);
  if (!segments.some(one => one.kind === 'parts')) return;
  const steps: Step[] = [];
  const result = gathered(step, segments, steps);
  draft.replace(at, 1, steps, value => (value.node === step ? result : undefined));
}

function segmentsOf(step: Operation, known: ReadonlySet<Step>): Segment[] {
  const values = step.op === 'ConcatV2' ? step.inputs.slice(0, -1) : step.inputs;
  const segments: Segment[] = [];
  let at = 0;
  while (at < values.length) {
    const parts = partsFrom(values, at);
    const last = segments.at(-1);
    if (parts && (parts.count > 1 || known.has(parts.of))) {
      segments.push(parts);
      at += parts.count;
    } else if (last?.kind === 'others') {
      segments[segments.length - 1] = { kind: 'others', values: [...last.values, values[at++]!] };
    } else {
      segments.push({ kind: 'others', values: [values[at++]!] });
    }
  }
  return segments;
}

function partsFrom(values: readonly Value[], at: number): Extract<Segment, { kind: 'parts' }> | undefined {
  const { node, index } = values[at]!;
  if (node.kind !== 'operation' || node.op !== 'Unpack') return undefined;
  const isNext = (by: number, count: number): boolean =>
    values[at + count]?.node === node && values[at + count]!.index === index + by * count;
  const by = isNext(-1, 1) ? -1 : 1;
  let count = 1;
  while (isNext(by, count)) count++;
  return { kind: 'parts', of: node, from: by === 1 ? index : index - count + 1, count, by };
}

function gathered(step: Operation, segments: readonly Segment[], steps: Step[]): Value {
  const { place } = step;
  const made = (one: Step): Value => {
    steps.push(one);
    return of(one);
  };
  const result = step.outputs[0]!;
  if (step.op === 'AddN') {
    const sums = segments.flatMap(one =>
      one.kind === 'parts' ? [made(sumOf(one, wholeOf(one, made, place)))] : one.values,
    );
    return sums.length === 1 ? sums[0]! : made(summed(sums, result, place));
  }
  const rank = result.shape.length;
  const given = step.op === 'Pack' ? intOf(step, 'axis') : firstNumber(step.inputs.at(-1)!.node);
  const axis = given < 0 ? given + rank : given;
  const pieces = segments.map(one => {
    if (one.kind === 'others') return othersOf(step, one.values, axis, made);
    const whole = wholeOf(one, made, place);
    const inPlace = moved(whole, splitAxis(one.of), axis, place);
    const value = inPlace ? made(inPlace) : whole;
    return step.op === 'Pack' ? [value] : [made(merged(value, axis, place))];
  });
  const all = pieces.flat();
  return all.length === 1 ? all[0]! : made(concatenated(all, axis, result, place));
}

/** The parts as one tensor, along the axis that they were taken from. */
function wholeOf(
  { of: unpack, from, count, by }: Extract<Segment, { kind: 'parts' }>,
  made: (step: Step) => Value,
  place: Place | undefined,
): Value {
  let value = unpack.inputs[0]!;
  const { dtype, shape } = typeOf(value);
  const axis = splitAxis(unpack);
  const result = { dtype, shape: shape.map((size, i) => (i === axis ? count : size)) };
  if (count !== unpack.outputs.length) {
    const begin = shape.map((_, i) => (i === axis ? from : 0));
    const isToEnd = from + count === unpack.outputs.length;
    const size = shape.map((_, i) => (i === axis && !isToEnd ? count : -1));
    const inputs = [value, of(int32s(begin)), of(int32s(size))];
    value = made(operation('Slice', { T: type(dtype), Index: type(INT32) }, inputs, [result], place));
  }
  if (by === 1) return value;
  const attributes = { T: type(dtype), Tidx: type(INT32) };
  return made(operation('ReverseV2', attributes, [value, of(int32s([axis]))], [result], place));
}

function sumOf(segment: Extract<Segment, { kind: 'parts' }>, whole: Value): Operation {
  const { dtype, shape } = typeOf(whole);
  const axis = splitAxis(segment.of);
  const attributes = { T: type(dtype), Tidx: type(INT32), keep_dims: bool(false) };
  const inputs = [whole, of(int32s([axis]))];
  return operation('Sum', attributes, inputs, [{ dtype, shape: without(shape, axis) }], segment.of.place);
}

function summed(values: readonly Value[], result: OutputType, place: Place | undefined): Operation {
  return operation('AddN', { N: int(values.length), T: type(result.dtype) }, values, [result], place);
}

/** [..., n, size, ...] to [..., n * size, ...] */
function merged(value: Value, axis: number, place: Place | undefined): Operation {
  const { dtype, shape } = typeOf(value);
  const [count, size] = [shape[axis], shape[axis + 1]];
  const both = count == null || size == null ? null : count * size;
  const result = shape.toSpliced(axis, 2, both);
  const attributes = { T: type(dtype), Tshape: type(INT32) };
  // The merged dimension is computed by TensorFlow.
  const target = int32s(result.map((one, i) => (i === axis ? -1 : (one ?? -1))));
  return operation('Reshape', attributes, [value, of(target)], [{ dtype, shape: result }], place);
}

function othersOf(
  step: Operation,
  values: readonly Value[],
  axis: number,
  made: (step: Step) => Value,
): readonly Value[] {
  if (step.op !== 'Pack') return values;
  const { dtype, shape } = step.outputs[0]!;
  const result = { dtype, shape: shape.map((size, i) => (i === axis ? values.length : size)) };
  const attributes = new Map(step.attributes).set('N', int(values.length));
  return [made({ ...step, attributes, inputs: values, outputs: [result] })];
}

function concatenated(values: readonly Value[], axis: number, result: OutputType, place: Place | undefined): Operation {
  const attributes = { N: int(values.length), T: type(result.dtype), Tidx: type(INT32) };
  return operation('ConcatV2', attributes, [...values, of(int32(axis))], [result], place);
}

/** The part `index` of the tensor that an Unpack takes apart. `fromEnd`: counted from the end. */
export function partAt(unpack: Operation, index: number, fromEnd: boolean): Operation {
  return element(unpack.inputs[0]!, splitAxis(unpack), fromEnd ? index - unpack.outputs.length : index, unpack.place);
}
