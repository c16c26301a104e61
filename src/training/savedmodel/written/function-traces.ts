/** Traces the functions of an object, each once. */
import type { Variable } from '@tensorflow/tfjs-core';
import { invalidArgument, TensorBundleError } from '../../../errors.js';
import { dtypeInfo } from '../../../format/dtypes.js';
import type { Numbering } from '../../../graph/numbering.js';
import type { Trackable } from '../../../graph/trackable.js';
import { type Definition, definitionOf, type TracedFunction } from '../defined/func.js';
import { trace } from '../dynamic/trace.js';
import type { Graph } from '../graphs/graph.js';
import type { NumberedVariable } from './contents.js';
import { type FunctionSource, type SignatureSource, type TraceSource, tensorsIn } from './function-source.js';
import { edgeNames } from './object-graph.js';
import type { TensorSpec } from './structured-values.js';

export class FunctionTraces {
  readonly variables: readonly NumberedVariable[];
  readonly #known: ReadonlySet<Variable | undefined>;
  readonly #whole: string;
  readonly #traces = new Map<object, TraceSource>();

  /** `whole` says in messages what has these variables. */
  constructor(variables: readonly NumberedVariable[], whole: string) {
    this.variables = variables;
    this.#known = new Set(variables.map(({ variable }) => variable));
    this.#whole = whole;
  }

  /** The functions among the objects, by their numbers. */
  functionsIn(numbering: Numbering, objectOf: (object: Trackable) => unknown): Map<number, FunctionSource> {
    const names = edgeNames(numbering);
    const found = new Map<number, FunctionSource>();
    for (const [number, { object }] of numbering.objects.entries()) {
      const live = objectOf(object);
      if (definitionOf(live)) found.set(number, this.source(live as TracedFunction, names[number]!));
    }
    return found;
  }

  /**
   * `name` is what TensorFlow calls it, if it is not traced yet. Throws ERR_INVALID_ARGUMENT for variables that no
   * object has, and what tracing throws.
   */
  source(fn: TracedFunction, name: string): FunctionSource {
    const trace = this.#trace(fn, name);
    const inputSignature = tensorsIn(trace.inputs);
    return { args: inputSignature.map(({ name }) => ({ name })), inputSignature, traces: [trace] };
  }

  signatures(chosen: ReadonlyMap<string, TracedFunction>): SignatureSource[] {
    return [...chosen].map(([name, fn]) => ({ name, trace: this.#trace(fn, name) }));
  }

  #trace(fn: TracedFunction, name: string): TraceSource {
    const known = this.#traces.get(fn);
    if (known) return known;
    const made = traceOf(definitionOf(fn)!, name);
    for (const variable of variablesOf(made.graph)) {
      if (!this.#known.has(variable)) throw unknownVariable(variable, name, this.#whole);
    }
    this.#traces.set(fn, made);
    return made;
  }
}

function traceOf({ fn, inputs }: Definition, name: string): TraceSource {
  const specs = inputs.map(
    (input): TensorSpec => ({ name: input.name, dtype: dtypeInfo(input.dtype).number, shape: input.shape }),
  );
  try {
    const { graph, structure } = trace(fn, inputs);
    return { name, graph, structure, inputs: specs.map(tensor => ({ tensor })) };
  } catch (error) {
    throw error instanceof TensorBundleError ? inFunction(error, name) : error;
  }
}

function inFunction({ code, message, ...details }: TensorBundleError, name: string): TensorBundleError {
  return new TensorBundleError(code, `function '${name}': ${message}`, details);
}

/** The graphs of loops use none. */
function variablesOf({ nodes, assignments }: Graph): Variable[] {
  const read = nodes.flatMap(node => (node.kind === 'variable' ? [node.variable] : []));
  return [...new Set([...read, ...assignments.map(({ variable }) => variable)])];
}

function unknownVariable({ name, dtype, shape }: Variable, fn: string, whole: string): TensorBundleError {
  return invalidArgument(
    `function '${fn}' uses the variable '${name}' (${dtype} [${shape}]), which is not in ${whole}`,
    { tensor: name, found: fn },
  );
}
