/**
 * A loop as TensorFlow's While. Its first two arguments are a counter and the most iterations (-1: any number), which
 * TensorFlow's gradient of loops expects there (tensorflow/python/ops/while_v2.py). The last are the large constants
 * that the loop uses.
 */
import { dtypeInfo } from '../../../format/dtypes.js';
import type { Constant, Graph, Loop, OutputType, Value } from '../graphs/graph.js';
import { boolValue, functionValue, intValue, shapesValue, typesValue, typeValue } from './attribute-values.js';
import { constantAttributes } from './constants.js';
import { type CapturedArguments, FunctionBuilder } from './function-builder.js';
import type { Library } from './library.js';

const INT32 = dtypeInfo('int32').number;
const COUNT: OutputType = { dtype: INT32, shape: [] };
/** The counter and the limit. */
const FIRST = 2;

/** What encodes a graph, of which the loop is a part. */
export interface OuterGraph {
  readonly builder: FunctionBuilder;
  readonly library: Library;
  readonly captured: CapturedArguments;
  encode(graph: Graph, references: readonly string[]): void;
  reference(value: Value): string;
  /** For a graph in it. */
  inner(builder: FunctionBuilder, captured: CapturedArguments): OuterGraph;
}

/** The name of the node, and which of its outputs is the loop's first. */
export function encodeLoop(loop: Loop, outer: OuterGraph): { name: string; first: number } {
  const { builder, library } = outer;
  const { constants } = library.capturesOf(loop.condition, loop.body);
  const types = [
    COUNT,
    COUNT,
    ...loop.body.inputs.map(({ outputs }) => outputs[0]!),
    ...constants.map(number => library.constantType(number)),
  ];
  const part = { loop, types, constants, outer };
  const condition = conditionFunction(part);
  const body = bodyFunction(part);
  const stateful = condition.stateful || body.stateful;
  const shapes = types.map(({ shape }) => shape);
  const name = builder.node({
    op: stateful ? 'While' : 'StatelessWhile',
    name: 'while',
    inputs: [
      number(builder, 0, 'while/loop_counter'),
      number(builder, -1, 'while/maximum_iterations'),
      ...loop.inputs.map(value => outer.reference(value)),
      ...constants.map(constant => outer.captured.constants.get(constant)!),
    ],
    attributes: {
      T: typesValue(types.map(({ dtype }) => dtype)),
      cond: functionValue(condition.name),
      body: functionValue(body.name),
      output_shapes: shapesValue(shapes),
      parallel_iterations: intValue(10),
      _lower_using_switch_merge: boolValue(true),
      _num_original_outputs: intValue(types.length),
      _read_only_resource_inputs: { value: { case: 'list', value: {} } },
    },
    shapes,
  });
  builder.stateful ||= stateful;
  return { name, first: FIRST };
}

interface Part {
  readonly loop: Loop;
  /** Of all arguments. */
  readonly types: readonly OutputType[];
  readonly constants: readonly number[];
  readonly outer: OuterGraph;
}

interface PartFunction {
  readonly name: string;
  readonly stateful: boolean;
}

function conditionFunction(part: Part): PartFunction {
  return functionOf(part.loop.condition, 'while_cond', part, (builder, encoder) => {
    const [output] = part.loop.condition.outputs;
    const type = output!.node.outputs[output!.index]!;
    builder.output('identity', type.dtype, builder.identity(encoder.reference(output!), type));
  });
}

function bodyFunction(part: Part): PartFunction {
  const { body } = part.loop;
  return functionOf(body, 'while_body', part, (builder, encoder, references) => {
    const one = number(builder, 1, 'add/y');
    const attributes = { T: typeValue(INT32) };
    const next = builder.node({ op: 'AddV2', name: 'add', inputs: [references[0]!, one], attributes, shapes: [[]] });
    const values = body.outputs.map(value => encoder.reference(value));
    // What goes through unchanged must be seen to do so: then TensorFlow need not carry it from step to step.
    const captured = references.slice(FIRST + values.length);
    for (const [i, value] of [`${next}:z:0`, references[1]!, ...values, ...captured].entries()) {
      const type = part.types[i]!;
      builder.output('identity', type.dtype, value === references[i] ? value : builder.identity(value, type));
    }
  });
}

function functionOf(
  graph: Graph,
  prefix: string,
  { types, constants, outer }: Part,
  finish: (builder: FunctionBuilder, encoder: OuterGraph, references: readonly string[]) => void,
): PartFunction {
  const builder = new FunctionBuilder();
  const names = ['loop_counter', 'maximum_iterations', ...graph.inputs.map(({ name }) => name)];
  const references = types.map((type, i) => builder.argument({ ...type, name: names[i] ?? 'constant' }));
  const first = FIRST + graph.inputs.length;
  const captured = new Map(constants.map((constant, i) => [constant, references[first + i]!]));
  const encoder = outer.inner(builder, { variables: new Map(), constants: captured });
  encoder.encode(graph, references.slice(FIRST, first));
  finish(builder, encoder, references);
  const name = outer.library.uniqueName(prefix);
  outer.library.functions.push(builder.finish(name));
  return { name, stateful: builder.stateful };
}

/** How nodes refer to a new Const. */
function number(builder: FunctionBuilder, value: number, name: string): string {
  const data = new Uint8Array(new Int32Array([value]).buffer);
  const constant: Omit<Constant, 'kind' | 'outputs'> = { ...COUNT, shape: [], data };
  return `${builder.node({ op: 'Const', name, attributes: constantAttributes(constant), shapes: [[]] })}:output:0`;
}
