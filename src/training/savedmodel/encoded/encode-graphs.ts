/**
 * Graphs as the part of a SavedModel that TensorFlow runs: the library of functions, the serving graph, signatures, and
 * the saver. The objects that hold the functions are written elsewhere.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { OutputType } from '../graphs/graph.js';
import type { SaverDefSchema, SignatureDefSchema, TensorInfoSchema } from '../stored/messages.js';
import { shapeMessage } from './attribute-values.js';
import {
  type EncodedFunction,
  encodeFunction,
  encodeWrapper,
  type GraphFunction,
  type NamedOutput,
} from './encoded-function.js';
import { graphBytes } from './graph-def-bytes.js';
import { Library, type StoredVariable } from './library.js';
import { ServingGraph } from './serving-graph.js';

export type { NamedOutput } from './encoded-function.js';
export type { StoredVariable } from './library.js';

/** Of TensorFlow 2.15's graphs, whose form this is. */
const PRODUCER = 1645;
const MIN_CONSUMER = 12;
/** How TensorFlow calls what runs after a load. */
const INIT_OP = '__saved_model_init_op';
const PREDICT = 'tensorflow/serving/predict';
/** SaverDef.CheckpointFormatVersion. */
const TENSOR_BUNDLES = 2;

interface GraphSignature {
  readonly name: string;
  /** The function that it calls, by position. */
  readonly function: number;
}

export interface GraphsSource {
  readonly functions: readonly GraphFunction[];
  readonly signatures: readonly GraphSignature[];
  /** All of the SavedModel. */
  readonly variables: readonly StoredVariable[];
}

/** What is behind an argument that callers do not give: a variable of the source, or one of `constants`. */
interface BoundInput {
  readonly kind: 'variable' | 'constant';
  readonly index: number;
}

export interface ConcreteFunction {
  /** In the library. */
  readonly name: string;
  /** Without those that are bound. A signature's are in the order of their names. */
  readonly inputs: readonly NamedOutput[];
  /** As `inputs`. */
  readonly outputs: readonly NamedOutput[];
  /** In the order of the last arguments. */
  readonly boundInputs: readonly BoundInput[];
}

/** A large constant, which functions are bound to. */
interface BoundConstant extends OutputType {
  /** In the graph. */
  readonly nodeName: string;
}

export interface EncodedGraphs {
  /** The parts of a GraphDef, which are not copies of large constants. */
  readonly graphDef: readonly Uint8Array[];
  readonly signatureDef: Record<string, MessageInitShape<typeof SignatureDefSchema>>;
  readonly saverDef: MessageInitShape<typeof SaverDefSchema>;
  /** As those of the source. */
  readonly functions: readonly ConcreteFunction[];
  /** The functions of the signatures. */
  readonly wrappers: readonly ConcreteFunction[];
  readonly constants: readonly BoundConstant[];
}

/**
 * Throws ERR_NOT_SUPPORTED for an operation that TensorFlow lacks or too many large constants, ERR_INVALID_ARGUMENT for
 * a variable that is not among the variables.
 */
export function encodeGraphs({ functions, signatures, variables }: GraphsSource): EncodedGraphs {
  const library = new Library(variables);
  const encoded = functions.map(source => encodeFunction(source, library));
  const wrappers = signatures.map(({ function: index }) => encodeWrapper(encoded[index]!, library));
  const graph = new ServingGraph(library);
  const signatureDef = Object.fromEntries(
    wrappers.map((wrapper, i) => [signatures[i]!.name, signatureOf(signatures[i]!.name, wrapper, graph)]),
  );
  signatureDef[INIT_OP] = {
    outputs: { [INIT_OP]: { name: graph.nothing(), tensorShape: { unknownRank: true } } },
  };
  const saver = graph.saver();
  const message = {
    node: graph.nodes,
    library: { function: library.functions },
    versions: { producer: PRODUCER, minConsumer: MIN_CONSUMER },
  };
  return {
    graphDef: graphBytes(message, graph.constants),
    signatureDef,
    saverDef: {
      filenameTensorName: saver.fileName,
      saveTensorName: saver.save,
      restoreOpName: saver.restore,
      version: TENSOR_BUNDLES,
    },
    functions: encoded.map(concreteFunction),
    wrappers: wrappers.map(concreteFunction),
    constants: graph.constants.map(({ name }, i) => ({ ...library.constantType(i), nodeName: name })),
  };
}

function signatureOf(
  name: string,
  wrapper: EncodedFunction,
  graph: ServingGraph,
): MessageInitShape<typeof SignatureDefSchema> {
  const placeholders = wrapper.inputs.map(input => graph.placeholder(`${name}_${input.name}`, input));
  const call = graph.call(wrapper, placeholders);
  return {
    inputs: Object.fromEntries(
      wrapper.inputs.map((input, i) => [input.name, tensorInfo(`${placeholders[i]}:0`, input)]),
    ),
    outputs: Object.fromEntries(wrapper.outputs.map((output, i) => [output.name, tensorInfo(`${call}:${i}`, output)])),
    methodName: PREDICT,
  };
}

function tensorInfo(name: string, { dtype, shape }: OutputType): MessageInitShape<typeof TensorInfoSchema> {
  return { name, dtype, tensorShape: shapeMessage(shape) };
}

function concreteFunction({ name, inputs, outputs, variables, constants }: EncodedFunction): ConcreteFunction {
  const boundInputs: BoundInput[] = [
    ...variables.map(index => ({ kind: 'variable', index }) as const),
    ...constants.map(index => ({ kind: 'constant', index }) as const),
  ];
  return { name, inputs, outputs, boundInputs };
}
