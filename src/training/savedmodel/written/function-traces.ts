/** Traces the functions of an object, each once. */
import type { Variable } from '@tensorflow/tfjs-core';
import { invalidArgument, TensorBundleError } from '../../../errors.js';
import { dtypeInfo } from '../../../format/dtypes.js';
import { type Numbering, numberObjects } from '../../../graph/numbering.js';
import type { Trackable } from '../../../graph/trackable.js';
import { Description } from '../../checkpoint/description.js';
import { type Definition, definitionOf, type TracedFunction } from '../defined/func.js';
import { trace } from '../dynamic/trace.js';
import type { Graph } from '../graphs/graph.js';
import type { ConstantCache } from '../traced/constant.js';
import type { NumberedVariable } from './contents.js';
import { type FunctionSource, type SignatureSource, type TraceSource, tensorsIn } from './function-source.js';
import { edgeNames } from './object-graph.js';
import type { TensorSpec } from './structured-values.js';

/**
 * A trace may make variables that belong to the objects: slots of an optimizer, the weights of a layer that is built
 * when it is called. So functions are traced before the objects are described.
 */
export class FunctionTraces {
  readonly #traces = new Map<object, TraceSource>();
  readonly #constants: ConstantCache = new WeakMap();

  /** All variables that the traced functions use. */
  get used(): ReadonlySet<Variable> {
    return new Set([...this.#traces.values()].flatMap(({ graph }) => variablesOf(graph)));
  }

  /** `whole` says in messages what has the variables. Throws ERR_INVALID_ARGUMENT if a function uses others. */
  requireKnown(variables: readonly NumberedVariable[], whole: string): void {
    requireKnown([...this.#traces.values()], variables, whole);
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

  /** `name` is what TensorFlow calls it, if it is not traced yet. Throws what tracing throws. */
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
    const made = traceOf(definitionOf(fn)!, name, this.#constants);
    this.#traces.set(fn, made);
    return made;
  }
}

/**
 * Traces all functions in an object; `path` is what messages call it. The object is described for that as it is before
 * they run: a layer may not be built yet.
 */
export function tracesIn(object: object, path: string): FunctionTraces {
  const description = new Description([object], { defer: true });
  const numbering = numberObjects(description.trackable(object, path));
  const traces = new FunctionTraces();
  traces.functionsIn(numbering, node => description.objectOf(node));
  return traces;
}

/** As the method, for any traces. */
export function requireKnown(
  traces: readonly TraceSource[],
  variables: readonly NumberedVariable[],
  whole: string,
): void {
  const known = new Set(variables.map(({ variable }) => variable));
  for (const { graph, name } of traces) {
    for (const variable of variablesOf(graph)) {
      if (!known.has(variable)) throw unknownVariable(variable, name, whole);
    }
  }
}

function traceOf({ fn, inputs }: Definition, name: string, constants: ConstantCache): TraceSource {
  const specs = inputs.map(
    (input): TensorSpec => ({ name: input.name, dtype: dtypeInfo(input.dtype).number, shape: input.shape }),
  );
  try {
    const { graph, structure } = trace(fn, inputs, { constants });
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

function unknownVariable({ name, dtype, shape, trainable }: Variable, fn: string, whole: string): TensorBundleError {
  const hint = trainable ? '' : '. If it belongs to an optimizer, that is what must be there';
  return invalidArgument(
    `function '${fn}' uses the variable '${name}' (${dtype} [${shape}]), which is not in ${whole}${hint}`,
    { tensor: name, found: fn },
  );
}
