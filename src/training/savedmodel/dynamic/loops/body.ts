/** One iteration of a loop. */
import type { Constant, OutputType, Shape, Value } from '../../graphs/graph.js';
import { FLOAT, INT32 } from '../../graphs/type-numbers.js';
import {
  argumentsFor,
  COUNTER,
  LIST,
  type LoopArguments,
  type LoopTypes,
  movingFirsts,
  typeOver,
} from './arguments.js';
import { Draft } from './draft.js';
import type { Source, Stream } from './layout.js';
import { add, bool, int, int32, int32s, of, operation, type Step, type, typeOf } from './nodes.js';
import { axisOf, constantAt, type Plan, partOf } from './plan.js';
import { type Run, stepAt } from './slots.js';

export function bodyOf(run: Run, count: number, plan: Plan, types: LoopTypes): Draft {
  return new Body(run, plan, argumentsFor(types)).draft(count, types);
}

/** -1 for any size. */
export function elementShape(shape: Shape): Constant {
  return int32s(shape.map(size => size ?? -1));
}

class Body {
  readonly #run: Run;
  readonly #plan: Plan;
  readonly #args: LoopArguments;
  readonly #steps: Step[] = [];
  readonly #copies: Step[] = [];
  readonly #known = new Map<string, Value>();

  constructor(run: Run, plan: Plan, args: LoopArguments) {
    this.#run = run;
    this.#plan = plan;
    this.#args = args;
  }

  draft(count: number, types: LoopTypes): Draft {
    const args = this.#args;
    const { layout } = this.#plan;
    for (const [offset, sources] of layout.sources.entries()) {
      const step = stepAt(this.#run, 0, offset)!;
      const inputs = sources.map((source, slot) => this.#input(source, offset, slot));
      const outputs = step.outputs.map((_, output) => typeOver(this.#run, count, offset, output));
      const copy = { ...step, inputs, outputs };
      this.#copies.push(copy);
      this.#steps.push(copy);
    }
    const result = ({ offset, output }: { offset: number; output: number }): Value => ({
      node: this.#copies[offset]!,
      index: output,
    });
    const outputs = [
      this.#made(add(args.counter, of(int32(1)), COUNTER, undefined)),
      args.most,
      this.#made(add(args.round, of(int32(1)), COUNTER, undefined)),
      ...args.carries.flatMap((chain, i) => [result(layout.carries[i]!), ...chain.slice(0, -1)]),
      ...args.kept.map((list, i) => this.#set(list, args.round, result(types.kept[i]!))),
      ...args.finals.map((list, i) => this.#set(list, of(int32(0)), result(types.finals[i]!))),
      args.count,
      ...args.captures,
    ];
    return new Draft({ inputs: args.all, outputs, assignments: [] }, this.#steps);
  }

  #made(step: Step): Value {
    this.#steps.push(step);
    return of(step);
  }

  #once(key: string, made: () => Value): Value {
    const value = this.#known.get(key) ?? made();
    this.#known.set(key, value);
    return value;
  }

  #capture(capture: number): Value {
    return this.#args.captures[this.#plan.layout.lists.length + capture]!;
  }

  #input(source: Source, offset: number, slot: number): Value {
    switch (source.kind) {
      case 'inner':
        return { node: this.#copies[source.offset]!, index: source.output };
      case 'carried':
        return this.#args.carries[source.carry]!.at(-1)!;
      case 'captured':
        return this.#capture(source.capture);
      case 'constant':
        return of(constantAt(this.#run, 0, offset, slot)!);
      case 'stream':
        return this.#once(`stream ${source.stream}`, () => this.#part(source.stream));
      case 'table':
        return this.#once(`table ${source.capture}`, () =>
          this.#fromTable(source.capture, constantAt(this.#run, 0, offset, slot)!.outputs[0]!),
        );
      case 'affine': {
        const base = this.#capture(source.base);
        const step = this.#plan.fixed.steps.get(`${offset}:${slot}`);
        const by = source.step === undefined ? of(step!) : this.#capture(source.step);
        const key = `affine ${source.base} ${source.step ?? `${offset}:${slot}`}`;
        return this.#once(key, () => this.#made(add(base, this.#scaled(by), typeOf(base), undefined)));
      }
    }
  }

  /** The round times `by`. */
  #scaled(by: Value): Value {
    const { dtype } = typeOf(by);
    const number = dtype === FLOAT ? this.#once('float', () => this.#cast(dtype)) : this.#args.round;
    return this.#made(operation('Mul', { T: type(dtype) }, [number, by], [typeOf(by)], undefined));
  }

  #cast(dtype: number): Value {
    const attributes = { SrcT: type(INT32), DstT: type(dtype), Truncate: bool(false) };
    return this.#made(operation('Cast', attributes, [this.#args.round], [{ dtype, shape: [] }], undefined));
  }

  #fromTable(capture: number, result: OutputType): Value {
    const attributes = { Tparams: type(result.dtype), Tindices: type(INT32), Taxis: type(INT32), batch_dims: int(0) };
    const inputs = [this.#capture(capture), this.#args.round, of(int32(0))];
    return this.#made(operation('GatherV2', attributes, inputs, [result], undefined));
  }

  #part(index: number): Value {
    const stream = this.#plan.layout.streams[index]!;
    const step = partOf(this.#run, stream.place);
    const result = step.outputs[0]!;
    const number = this.#partNumber(stream, index);
    if (stream.list === undefined) return this.#cut(stream, number, result);
    const inputs = [this.#args.captures[stream.list]!, number, of(elementShape(this.#plan.partShapes[stream.list]!))];
    const attributes = { element_dtype: type(result.dtype) };
    return this.#made(operation('TensorListGetItem', attributes, inputs, [result], step.place));
  }

  #partNumber({ stride }: Stream, index: number): Value {
    const { layout, firsts } = this.#plan;
    const first = firsts[index]!;
    const far = stride === 1 ? this.#args.round : this.#scaled(of(int32(stride)));
    if (first.kind === 'fixed' && first.value === 0) return far;
    const from =
      first.kind === 'fixed'
        ? of(int32(first.value))
        : this.#capture(layout.captures.length + movingFirsts(this.#plan).indexOf(index));
    return this.#made(add(from, far, COUNTER, undefined));
  }

  #cut({ place, capture }: Stream, number: Value, result: OutputType): Value {
    const axis = axisOf(this.#run, place);
    const sizes = result.shape.map((size, i) => (i === axis ? size! : -1));
    const along = of(int32s(sizes.map((size, i) => (i === axis ? size : 0))));
    const begin = this.#made(operation('Mul', { T: type(INT32) }, [number, along], [typeOf(along)], undefined));
    const inputs = [this.#capture(capture!), begin, of(int32s(sizes))];
    const attributes = { T: type(result.dtype), Index: type(INT32) };
    return this.#made(operation('Slice', attributes, inputs, [result], partOf(this.#run, place).place));
  }

  #set(list: Value, at: Value, item: Value): Value {
    const attributes = { element_dtype: type(typeOf(item).dtype), resize_if_index_out_of_bounds: bool(false) };
    return this.#made(operation('TensorListSetItem', attributes, [list, at, item], [LIST], item.node.place));
  }
}
