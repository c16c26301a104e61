/** What goes into a loop: which of its values are carried, captured, or parts of tensors, each once. */
import type { Constant, GraphNode, Value } from '../../graphs/graph.js';
import { operand, partsOf, type Run, type Slot } from './slots.js';

/** A slot of the first iteration: the `slot`-th operand of the step at `offset`. */
export interface SlotPlace {
  readonly offset: number;
  readonly slot: number;
}

/** Values that an iteration has from the one `distance` before. Their first values are those of `place`. */
interface Carry {
  readonly offset: number;
  readonly output: number;
  readonly distance: number;
  readonly place: SlotPlace;
}

export interface Capture {
  readonly place: SlotPlace;
  /**
   * The operand itself; the tensor that the operand is a part of; what is added to the operand in each iteration; the
   * operands of all iterations, one after another.
   */
  readonly what: 'operand' | 'whole' | 'step' | 'table';
}

/** The parts of a tensor, of which iterations take one after another. */
export interface Stream {
  readonly place: SlotPlace;
  readonly stride: number;
  /** The list of the tensor's parts; undefined for parts of more than one element, which are cut out each time. */
  readonly list: number | undefined;
  /** The tensor that is cut. */
  readonly capture: number | undefined;
}

export type Source =
  | { readonly kind: 'inner'; readonly offset: number; readonly output: number }
  | { readonly kind: 'carried'; readonly carry: number }
  | { readonly kind: 'captured'; readonly capture: number }
  /** The constant that the first iteration has. */
  | { readonly kind: 'constant' }
  /** Undefined step: it is the same in all recordings. */
  | { readonly kind: 'affine'; readonly base: number; readonly step: number | undefined }
  | { readonly kind: 'table'; readonly capture: number }
  | { readonly kind: 'stream'; readonly stream: number };

export interface Layout {
  readonly sources: readonly (readonly Source[])[];
  readonly carries: readonly Carry[];
  readonly captures: readonly Capture[];
  /** Where the tensors are that become lists. */
  readonly lists: readonly SlotPlace[];
  readonly streams: readonly Stream[];
}

/** The constants, and differences between the first two of a slot, that are equal in all recordings: `offset:slot`. */
export interface FixedConstants {
  readonly operands: ReadonlySet<string>;
  readonly steps: ReadonlyMap<string, Constant>;
}

/** One number for each different key. */
class Numbered<T> {
  readonly all: T[] = [];
  readonly #numbers = new Map<string, number>();

  number(key: string, made: () => T): number {
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.all.push(made()) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }
}

export function layoutOf(run: Run, slots: readonly (readonly Slot[])[], fixed: FixedConstants): Layout {
  const nodes = new Map<GraphNode, number>();
  const keyOf = ({ node, index }: Value): string => {
    if (!nodes.has(node)) nodes.set(node, nodes.size);
    return `${nodes.get(node)}.${index}`;
  };
  const carries = new Numbered<Carry>();
  const captures = new Numbered<Capture>();
  const lists = new Numbered<SlotPlace>();
  const streams = new Numbered<Stream>();

  const streamOf = (value: Value, place: SlotPlace, stride: number): number => {
    const source = partsOf(value)!;
    const whole = keyOf(source.inputs[0]!);
    return streams.number(`${keyOf(value)} ${stride}`, () => {
      const isList = source.op === 'Unpack';
      const list = isList ? lists.number(keyOf({ node: source, index: 0 }), () => place) : undefined;
      const capture = isList ? undefined : captures.number(`whole ${whole}`, () => ({ place, what: 'whole' }));
      return { place, stride, list, capture };
    });
  };

  const sourceOf = (slot: Slot, offset: number, index: number): Source => {
    const place = { offset, slot: index };
    const name = `${offset}:${index}`;
    const value = operand(run, 0, offset, index)!;
    switch (slot.kind) {
      case 'inner':
        return { kind: 'inner', offset: slot.offset, output: slot.output };
      case 'carried': {
        const firsts = Array.from({ length: slot.distance }, (_, i) => keyOf(operand(run, i, offset, index)!));
        const key = `${slot.offset}.${slot.output} ${firsts}`;
        const { offset: from, output, distance } = slot;
        return { kind: 'carried', carry: carries.number(key, () => ({ offset: from, output, distance, place })) };
      }
      case 'stream':
        return { kind: 'stream', stream: streamOf(value, place, slot.stride) };
      case 'table':
        return { kind: 'table', capture: captures.number(`table ${name}`, () => ({ place, what: 'table' })) };
      case 'affine': {
        const base = captures.number(keyOf(value), () => ({ place, what: 'operand' }));
        const step = fixed.steps.has(name)
          ? undefined
          : captures.number(`step ${name}`, () => ({ place, what: 'step' }));
        return { kind: 'affine', base, step };
      }
      case 'invariant':
        if (fixed.operands.has(name)) return { kind: 'constant' };
        return { kind: 'captured', capture: captures.number(keyOf(value), () => ({ place, what: 'operand' })) };
    }
  };
  const sources = slots.map((ofStep, offset) => ofStep.map((slot, i) => sourceOf(slot, offset, i)));
  return { sources, carries: carries.all, captures: captures.all, lists: lists.all, streams: streams.all };
}
