/** What becomes a function of a SavedModel: traces, and how Python calls them. */
import type { Graph, Value } from '../graphs/graph.js';
import type { OutputStructure } from '../traced/recording.js';
import { byBytes, type Structured, type TensorSpec } from './structured-values.js';

/** A function for one combination of types and shapes. */
export interface TraceSource {
  /** The name in TensorFlow is made of it. */
  readonly name: string;
  readonly graph: Graph;
  /** How the outputs of the graph are returned. */
  readonly structure: OutputStructure;
  /** The value of each argument. Tensors are the inputs of the graph, in their order; other values are constant. */
  readonly inputs: readonly Structured[];
  /** Of the outputs of the graph, in signatures. Default: those of the structure, else `output_0`, `output_1`. */
  readonly outputNames?: readonly string[];
}

export interface FunctionArgument {
  readonly name: string;
  /** Left out: the argument must be given. Only the last arguments have one. */
  readonly default?: Structured;
}

/** A function of an object. Python calls its arguments by position or by name. */
export interface FunctionSource {
  readonly args: readonly FunctionArgument[];
  /** As `tf.function` was given it. Left out: any arguments that fit a trace. */
  readonly inputSignature?: readonly TensorSpec[];
  readonly traces: readonly TraceSource[];
}

/** A signature: a trace whose arguments are all tensors, called by their names. */
export interface SignatureSource {
  readonly name: string;
  readonly trace: TraceSource;
}

/**
 * The outputs in the order in which TensorFlow lists the tensors of a structure: those of a dictionary by name
 * (tensorflow/python/util/nest.py). Names are those in signatures.
 */
export function flatOutputs({ graph, structure, outputNames }: TraceSource): FlatOutputs {
  const names = structure.kind === 'named' ? structure.names : graph.outputs.map((_, i) => `output_${i}`);
  const outputs = graph.outputs.map((value, i) => ({ name: outputNames?.[i] ?? names[i]!, key: names[i]!, value }));
  if (structure.kind === 'named') outputs.sort((a, b) => byBytes(a.key, b.key));
  return { names: outputs.map(({ name }) => name), values: outputs.map(({ value }) => value) };
}

interface FlatOutputs {
  readonly names: readonly string[];
  readonly values: readonly Value[];
}

/** The tensors in the values of arguments, in their order. */
export function tensorsIn(values: readonly Structured[]): TensorSpec[] {
  return values.flatMap(value => {
    if (typeof value !== 'object' || value === null) return [];
    if ('tensor' in value) return [value.tensor];
    if ('list' in value) return tensorsIn(value.list);
    if ('tuple' in value) return tensorsIn(value.tuple);
    if ('namedTuple' in value) return tensorsIn(Object.values(value.fields));
    const { dict } = value;
    return tensorsIn(
      Object.keys(dict)
        .sort(byBytes)
        .map(name => dict[name]!),
    );
  });
}
