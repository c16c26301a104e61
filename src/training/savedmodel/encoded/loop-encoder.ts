/**
 * A loop as TensorFlow's While. The large constants that it uses are its last arguments. Its first two are a counter
 * and the most iterations, which TensorFlow's gradient of loops expects there (tensorflow/python/ops/while_v2.py); they
 * are inputs of the loop already.
 */
import type { Graph, Loop, OutputType, Value } from '../graphs/graph.js';
import { boolValue, functionValue, intValue, shapesValue, typesValue } from './attribute-values.js';
import { type CapturedArguments, FunctionBuilder } from './function-builder.js';
import type { Library } from './library.js';

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

/** The name of the node. The constants are its last outputs. */
export function encodeLoop(loop: Loop, outer: OuterGraph): string {
  const { builder, library } = outer;
  const { constants } = library.capturesOf(loop.condition, loop.body);
  const types = [
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
  return name;
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
    const values = body.outputs.map(value => encoder.reference(value));
    // What goes through unchanged must be seen to do so: then TensorFlow need not carry it from step to step.
    const captured = references.slice(values.length);
    for (const [i, value] of [...values, ...captured].entries()) {
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
  const names = graph.inputs.map(({ name }) => name);
  const references = types.map((type, i) => builder.argument({ ...type, name: names[i] ?? 'constant' }));
  const captured = new Map(constants.map((constant, i) => [constant, references[names.length + i]!]));
  const encoder = outer.inner(builder, { variables: new Map(), constants: captured });
  encoder.encode(graph, references.slice(0, names.length));
  finish(builder, encoder, references);
  const name = outer.library.uniqueName(prefix);
  outer.library.functions.push(builder.finish(name));
  return { name, stateful: builder.stateful };
}
