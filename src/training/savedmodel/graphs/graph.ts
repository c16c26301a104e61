/**
 * A function as a graph of TensorFlow's operations: what tracing makes and what a SavedModel stores. Types are numbers
 * of tensorflow/core/framework/types.proto.
 */
import type { Variable } from '@tensorflow/tfjs-core';

/** Null: a dimension of any size. */
export type Shape = readonly (number | null)[];

export interface OutputType {
  readonly dtype: number;
  readonly shape: Shape;
}

/** The output `index` of a node. */
export interface Value {
  readonly node: GraphNode;
  readonly index: number;
}

/** Where in the program a node was made. */
export interface Place {
  /** The kernel of TensorFlow.js that made it, such as 'Reshape'. */
  readonly kernel: string;
  /** Lines of the JavaScript stack, of the program that is traced, the innermost first. */
  readonly stack: readonly string[];
}

export type Attribute =
  | { readonly kind: 'type'; readonly value: number }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'shape'; readonly value: Shape }
  | { readonly kind: 'types'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'bools'; readonly value: readonly boolean[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'shapes'; readonly value: readonly Shape[] };

interface NodeBase {
  readonly outputs: readonly OutputType[];
  readonly place?: Place;
}

/** An input of the graph. */
export interface Argument extends NodeBase {
  readonly kind: 'argument';
  readonly name: string;
}

/** A tensor whose values are part of the function. */
export interface Constant extends NodeBase {
  readonly kind: 'constant';
  readonly shape: readonly number[];
  readonly dtype: number;
  /** Little-endian values, row-major; of strings, the bytes of each. */
  readonly data: Uint8Array | readonly Uint8Array[];
}

/** The value that a variable has when the function is called. */
export interface VariableRead extends NodeBase {
  readonly kind: 'variable';
  readonly variable: Variable;
}

/** An operation of TensorFlow, by its registered name, such as 'MatMul'. */
export interface Operation extends NodeBase {
  readonly kind: 'operation';
  readonly op: string;
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** All tensors in order; those of a list (`AddN`) one after another. */
  readonly inputs: readonly Value[];
}

/**
 * TensorFlow's While. `condition` (one scalar bool) and `body` have one argument for each input; the body's outputs are
 * the next arguments, the last ones are the node's outputs. Neither graph reads or assigns variables.
 */
export interface Loop extends NodeBase {
  readonly kind: 'loop';
  readonly condition: Graph;
  readonly body: Graph;
  readonly inputs: readonly Value[];
}

export type GraphNode = Argument | Constant | VariableRead | Operation | Loop;

export interface Assignment {
  readonly variable: Variable;
  readonly value: Value;
}

export interface Graph {
  readonly inputs: readonly Argument[];
  /** All other nodes, each after its inputs. */
  readonly nodes: readonly GraphNode[];
  readonly outputs: readonly Value[];
  /** What variables have after a call, each variable once. All reads in the graph are of the values before. */
  readonly assignments: readonly Assignment[];
}
