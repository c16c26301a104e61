/** The functions of a SavedModel, and what they were traced with. */

import type { FunctionSpec, SavedObject } from '../stored/messages.js';
import type { StoredModel } from '../stored/stored-model.js';
import type { ObjectPlaces } from './object-places.js';
import { type Structured, structured } from './structured.js';

export interface FunctionSummary {
  /** Number of the object. */
  readonly node: number;
  /** The shortest path of edges from the root; null if no edge leads to it. */
  readonly path: string | null;
  /** Whether it has one trace only, and no Python around it. Signatures are such functions. */
  readonly isBare: boolean;
  /** Python's `inspect.FullArgSpec`: args, varargs, varkw, defaults, kwonlyargs, kwonlydefaults, annotations. */
  readonly argumentSpec: Structured;
  /** Names of the arguments that are tensors; only of a bare function. */
  readonly argumentKeywords: readonly string[] | null;
  /** Null if none was given. */
  readonly inputSignature: Structured | null;
  /** Names in `concreteFunctions`. */
  readonly concreteFunctions: readonly string[];
}

/** One trace of a function: for one combination of types and shapes. */
export interface ConcreteFunction {
  readonly name: string;
  /** Positional arguments and keyword arguments: a tuple of a tuple and a dict. */
  readonly inputs: Structured;
  readonly outputs: Structured;
  /** Numbers of the objects that it uses: mostly variables. */
  readonly captures: readonly number[];
}

/** From the root outwards. */
export function functionsOf({ nodes }: StoredModel, places: ObjectPlaces): readonly FunctionSummary[] {
  return places.order.flatMap(node => {
    const found = functionIn(nodes[node]!.kind);
    return found === null ? [] : [{ node, path: places.pathOf(node), ...found }];
  });
}

export function concreteFunctionsOf({ metaGraph }: StoredModel): readonly ConcreteFunction[] {
  return Object.entries(metaGraph.objectGraphDef?.concreteFunctions ?? {}).map(([name, one]) => ({
    name,
    inputs: structured(one.canonicalizedInputSignature),
    outputs: structured(one.outputSignature),
    captures: one.boundInputs,
  }));
}

function functionIn(kind: SavedObject['kind']): Omit<FunctionSummary, 'node' | 'path'> | null {
  if (kind.case === 'function') {
    const { functionSpec, concreteFunctions } = kind.value;
    return { isBare: false, ...spec(functionSpec), argumentKeywords: null, concreteFunctions };
  }
  if (kind.case !== 'bareConcreteFunction') return null;
  const { functionSpec, concreteFunctionName, argumentKeywords } = kind.value;
  return { isBare: true, ...spec(functionSpec), argumentKeywords, concreteFunctions: [concreteFunctionName] };
}

function spec(given: FunctionSpec | undefined): Pick<FunctionSummary, 'argumentSpec' | 'inputSignature'> {
  const { fullargspec, inputSignature } = given ?? {};
  return {
    argumentSpec: structured(fullargspec),
    inputSignature: inputSignature === undefined ? null : structured(inputSignature),
  };
}
