/** Functions of the library: one for each graph, and one for each signature, which calls it by names. */
import { compareUtf8 } from '../../../format/utf8-order.js';
import type { Graph, OutputType } from '../graphs/graph.js';
import { type Attributes, functionValue, typesValue } from './attribute-values.js';
import { FunctionBuilder } from './function-builder.js';
import { GraphEncoder } from './graph-encoder.js';
import type { Captures, Library } from './library.js';
import { RESOURCE } from './operation-table.js';

export interface NamedOutput extends OutputType {
  readonly name: string;
}

export interface GraphFunction {
  /** What it is called in JavaScript. */
  readonly name: string;
  readonly graph: Graph;
  /** One for each input. */
  readonly inputNames: readonly string[];
  /** One for each output. TensorFlow has the outputs of a dictionary in the order of their names. */
  readonly outputNames: readonly string[];
}

/** A function of the library. Its arguments are its inputs, then the variables, then the constants. */
export interface EncodedFunction extends Captures {
  readonly name: string;
  readonly inputs: readonly NamedOutput[];
  readonly outputs: readonly NamedOutput[];
  readonly stateful: boolean;
  /** Numbers of variables that a call changes. */
  readonly assigned: ReadonlySet<number>;
}

export function encodeFunction(
  { name, graph, inputNames, outputNames }: GraphFunction,
  library: Library,
): EncodedFunction {
  const builder = new FunctionBuilder();
  const captures = library.capturesOf(graph);
  const inputs = graph.inputs.map(({ outputs }, i) => ({ ...outputs[0]!, name: inputNames[i]! }));
  const outputs = graph.outputs.map(({ node, index }, i) => ({ ...node.outputs[index]!, name: outputNames[i]! }));
  const references = inputs.map(input => builder.argument(input));
  const encoder = new GraphEncoder(builder, library, captureArguments(builder, captures, library));
  encoder.encode(graph, references);
  // An output may be an argument, or the same as another.
  const results = graph.outputs.map((value, i) => builder.identity(encoder.reference(value), outputs[i]!));
  for (const [i, { name: own, dtype }] of outputs.entries()) builder.output(own, dtype, results[i]!);
  const encoded = library.uniqueName(`__inference_${name}`);
  library.functions.push(builder.finish(encoded));
  const assigned = new Set(graph.assignments.map(({ variable }) => library.variableNumber(variable)));
  return { ...captures, name: encoded, inputs, outputs, stateful: builder.stateful, assigned };
}

/** Calls the function. Inputs and outputs are in the order of their names, as TensorFlow has them. */
export function encodeWrapper(called: EncodedFunction, library: Library): EncodedFunction {
  const builder = new FunctionBuilder();
  const inputs = sorted(called.inputs);
  const byName = new Map(inputs.map(input => [input.name, builder.argument(input)]));
  const { variables, constants } = captureArguments(builder, called, library);
  const references = called.inputs.map(({ name }) => byName.get(name)!);
  const { op, attributes } = callOf(called, library);
  const call = builder.node({
    op,
    inputs: [...references, ...variables.values(), ...constants.values()],
    attributes,
    shapes: called.outputs.map(({ shape }) => shape),
  });
  const numbers = new Map(called.outputs.map(({ name }, i) => [name, i]));
  const outputs = sorted(called.outputs);
  for (const output of outputs) {
    const value = builder.identity(`${call}:output:${numbers.get(output.name)}`, output);
    builder.output(output.name, output.dtype, value);
  }
  builder.stateful = called.stateful;
  if (called.stateful) builder.always(call);
  const bare = called.name.replace(/^__inference_(.*)_\d+$/, '$1');
  const name = library.uniqueName(`__inference_signature_wrapper_${bare}`);
  library.functions.push(builder.finish(name));
  return { ...called, name, inputs, outputs };
}

/** The node that calls a function, with its inputs, variables and constants. */
export function callOf(called: EncodedFunction, library: Library): { op: string; attributes: Attributes } {
  const { name, inputs, outputs, variables, constants, assigned, stateful } = called;
  const types = [
    ...inputs.map(({ dtype }) => dtype),
    ...variables.map(() => RESOURCE),
    ...constants.map(number => library.constantType(number).dtype),
  ];
  // Python runs calls side by side that only read the same variables.
  const read = variables.flatMap((number, i) => (assigned.has(number) ? [] : [BigInt(inputs.length + i)]));
  return {
    op: stateful ? 'StatefulPartitionedCall' : 'PartitionedCall',
    attributes: {
      f: functionValue(name),
      Tin: typesValue(types),
      Tout: typesValue(outputs.map(({ dtype }) => dtype)),
      _read_only_resource_inputs: { value: { case: 'list', value: { i: read } } },
    },
  };
}

function captureArguments(builder: FunctionBuilder, { variables, constants }: Captures, library: Library) {
  const handles = variables.map(number => {
    const { fullName, dtype, shape } = library.variables[number]!;
    const name = builder.argument({ name: fullName, dtype: RESOURCE, shape: [], holds: { dtype, shape } });
    return [number, name] as const;
  });
  const tensors = constants.map(
    number => [number, builder.argument({ ...library.constantType(number), name: 'constant' })] as const,
  );
  return { variables: new Map(handles), constants: new Map(tensors) };
}

function sorted(named: readonly NamedOutput[]): NamedOutput[] {
  return [...named].sort((a, b) => compareUtf8(a.name, b.name));
}
