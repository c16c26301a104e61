/**
 * The functions of a SavedModel among its objects (tensorflow/python/saved_model/function_serialization.py, save.py).
 * The nodes that are made here are only in saved_model.pb, after all nodes that the checkpoint has too: their numbers
 * stay equal.
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { ConcreteFunction, EncodedGraphs } from '../encoded/encode-graphs.js';
import type { FunctionSpecSchema, SavedConcreteFunctionSchema, SavedObjectGraphSchema } from '../stored/messages.js';
import type { Functions } from './contents.js';
import { type FunctionArgument, type FunctionSource, type TraceSource, tensorsIn } from './function-source.js';
import { type ObjectInit, SIGNATURES, userObject } from './object-graph.js';
import { byBytes, encodeStructured, type Structured, type TensorSpec } from './structured-values.js';

interface Reference {
  nodeId: number;
  localName: string;
}

/**
 * The objects with their functions, and what TensorFlow says about each trace. `traces`: in the order in which they
 * were encoded.
 */
export function withFunctions(
  objects: readonly ObjectInit[],
  source: Functions,
  traces: readonly TraceSource[],
  encoded: EncodedGraphs,
): MessageInitShape<typeof SavedObjectGraphSchema> {
  return new FunctionNodes(objects, source, traces, encoded).graph();
}

class FunctionNodes {
  readonly #nodes: ObjectInit[];
  readonly #source: Functions;
  readonly #traces: readonly TraceSource[];
  readonly #encoded: EncodedGraphs;
  readonly #constants: readonly number[];
  readonly #concrete = new Map<string, MessageInitShape<typeof SavedConcreteFunctionSchema>>();

  constructor(
    objects: readonly ObjectInit[],
    source: Functions,
    traces: readonly TraceSource[],
    encoded: EncodedGraphs,
  ) {
    this.#nodes = [...objects];
    this.#source = source;
    this.#traces = traces;
    this.#encoded = encoded;
    this.#constants = encoded.constants.map(({ nodeName }) =>
      this.#add({
        kind: { case: 'constant', value: { operation: nodeName } },
        registeredName: 'tf.TrackableConstant',
      }),
    );
  }

  graph(): MessageInitShape<typeof SavedObjectGraphSchema> {
    const { functions, added, signatures, lists } = this.#source;
    for (const [number, one] of functions) this.#nodes[number] = { ...this.#nodes[number], ...this.#function(one) };
    for (const [name, one] of added) this.#addChild(0, name, this.#add(this.#function(one)));
    for (const [name, items] of lists) this.#addChild(0, name, this.#add(listOf(items)));
    const map = this.#signatureMap();
    for (const [i, { name }] of signatures.entries()) this.#addChild(map, name, this.#wrapper(i));
    const concrete = [...this.#concrete].sort(([a], [b]) => byBytes(a, b));
    return { nodes: this.#nodes, concreteFunctions: Object.fromEntries(concrete) };
  }

  /** The checkpoint of a model has it, too. */
  #signatureMap(): number {
    const known = this.#nodes[0]?.children?.find(({ localName }) => localName === SIGNATURES)?.nodeId;
    if (known !== undefined) return known;
    const made = this.#add({ kind: userObject('signature_map') });
    this.#addChild(0, SIGNATURES, made);
    return made;
  }

  #addChild(number: number, localName: string, nodeId: number): void {
    const node = this.#nodes[number]!;
    this.#nodes[number] = { ...node, children: [...(node.children ?? []), { localName, nodeId }] };
  }

  #function({ args, inputSignature, traces }: FunctionSource): ObjectInit {
    const signature = inputSignature && { tuple: inputSignature.map(tensor => ({ tensor })) };
    const references = traces.map(
      (trace, i): Reference => ({ localName: `trace_${i}`, nodeId: this.#trace(trace, args) }),
    );
    const concreteFunctions = traces.map(trace => this.#encodedTrace(trace).name);
    return {
      children: references,
      dependencies: references,
      kind: { case: 'function', value: { concreteFunctions, functionSpec: functionSpec(args, [], signature) } },
    };
  }

  #encodedTrace(trace: TraceSource): ConcreteFunction {
    return this.#encoded.functions[this.#traces.indexOf(trace)]!;
  }

  /** The node of a trace. A trace of several functions has several. */
  #trace(trace: TraceSource, args: readonly FunctionArgument[]): number {
    const one = this.#encodedTrace(trace);
    const inputs: Structured = { tuple: [{ tuple: trace.inputs }, { dict: {} }] };
    const names = tensorsIn(trace.inputs).map(({ name }) => name);
    return this.#bare(one, { names, spec: functionSpec(args, []), inputs, outputs: outputsOf(trace, one) });
  }

  #wrapper(index: number): number {
    const one = this.#encoded.wrappers[index]!;
    const names = one.inputs.map(({ name }) => name);
    const inputs: Structured = { tuple: [{ tuple: [] }, { dict: byName(one.inputs) }] };
    return this.#bare(one, { names, spec: functionSpec([], names), inputs, outputs: { dict: byName(one.outputs) } });
  }

  #bare(one: ConcreteFunction, { names, spec, inputs, outputs }: BareFunction): number {
    const boundInputs = one.boundInputs.map(({ kind, index }) =>
      kind === 'variable' ? this.#source.variables[index]!.number : this.#constants[index]!,
    );
    this.#concrete.set(one.name, {
      boundInputs,
      canonicalizedInputSignature: encodeStructured(inputs),
      outputSignature: encodeStructured(outputs),
    });
    const captures = boundInputs.flatMap((nodeId, i): Reference[] => {
      return this.#constants.includes(nodeId) ? [{ localName: `capture_${i}`, nodeId }] : [];
    });
    return this.#add({
      children: captures,
      dependencies: captures,
      kind: {
        case: 'bareConcreteFunction',
        value: {
          concreteFunctionName: one.name,
          argumentKeywords: [...names],
          allowedPositionalArguments: BigInt(names.length),
          functionSpec: spec,
        },
      },
    });
  }

  #add(node: ObjectInit): number {
    return this.#nodes.push(node) - 1;
  }
}

interface BareFunction {
  /** Of the arguments that are tensors. */
  readonly names: readonly string[];
  readonly spec: MessageInitShape<typeof FunctionSpecSchema>;
  readonly inputs: Structured;
  readonly outputs: Structured;
}

/** Python's `inspect.FullArgSpec`. */
function functionSpec(
  args: readonly FunctionArgument[],
  keywords: readonly string[],
  inputSignature: Structured = null,
): MessageInitShape<typeof FunctionSpecSchema> {
  const defaults = args.flatMap(arg => ('default' in arg ? [arg.default ?? null] : []));
  const fullArgSpec: Structured = {
    namedTuple: 'FullArgSpec',
    fields: {
      args: { list: args.map(({ name }) => name) },
      varargs: null,
      varkw: null,
      defaults: defaults.length === 0 ? null : { tuple: defaults },
      kwonlyargs: { list: keywords },
      kwonlydefaults: null,
      annotations: { dict: {} },
    },
  };
  return { fullargspec: encodeStructured(fullArgSpec), inputSignature: encodeStructured(inputSignature) };
}

function outputsOf({ structure }: TraceSource, { outputs }: ConcreteFunction): Structured {
  if (structure.kind === 'named') return { dict: byName(outputs) };
  const tensors = outputs.map(tensor => ({ tensor }));
  return structure.kind === 'single' ? tensors[0]! : { list: tensors };
}

function byName(tensors: readonly TensorSpec[]): { [name: string]: Structured } {
  return Object.fromEntries(tensors.map(tensor => [tensor.name, { tensor }]));
}

function listOf(items: readonly number[]): ObjectInit {
  return {
    children: items.map((nodeId, i) => ({ localName: String(i), nodeId })),
    kind: userObject('trackable_list_wrapper'),
  };
}
