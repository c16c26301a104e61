/**
 * The object graph of a checkpoint, decoded and checked: every node number in it is one that exists, so that nobody after
 * this file has to ask. Unknown fields are ignored.
 */
import { TensorBundleError } from '../../errors.js';
import { markAncestors } from '../ancestors.js';
import { escapePart } from '../key.js';
import { VARIABLE_VALUE } from '../trackable.js';
import { OBJECT_GRAPH_KEY } from './encode.js';
import { fromBinary, TrackableObjectGraphSchema } from './protobuf.js';

export interface StoredEdge {
  readonly name: string;
  readonly node: number;
}

export interface StoredAttribute {
  readonly name: string;
  readonly fullName: string;
  readonly key: string;
}

export interface StoredSlot {
  /** Node of the variable that the slot belongs to. */
  readonly variable: number;
  readonly name: string;
  readonly node: number;
}

export interface StoredNode {
  readonly children: readonly StoredEdge[];
  readonly attributes: readonly StoredAttribute[];
  readonly slots: readonly StoredSlot[];
}

/** Nodes by number; at least the root. */
export type StoredGraph = readonly StoredNode[];

/** Throws ERR_CORRUPT for anything that is not a usable graph. */
export function decodeObjectGraph(bytes: Uint8Array, path: string): StoredGraph {
  const corrupt = (what: string, cause?: unknown): TensorBundleError =>
    new TensorBundleError('ERR_CORRUPT', `the object graph of ${path} ${what}; the checkpoint is damaged`, {
      path,
      tensor: OBJECT_GRAPH_KEY,
      cause,
    });
  let message: ReturnType<typeof fromBinary<typeof TrackableObjectGraphSchema>>;
  try {
    message = fromBinary(TrackableObjectGraphSchema, bytes);
  } catch (cause) {
    throw corrupt('cannot be decoded', cause);
  }
  const count = message.nodes.length;
  if (count === 0) throw corrupt('has no root');
  return message.nodes.map((node, number) => ({
    children: node.children.map(({ nodeId, localName }) => {
      if (nodeId < 0 || nodeId >= count) {
        throw corrupt(`says that node ${number} has the child ${nodeId}, but there are ${count} nodes`);
      }
      return { name: localName, node: nodeId };
    }),
    attributes: node.attributes.map(({ name, fullName, checkpointKey }) => ({ name, fullName, key: checkpointKey })),
    slots: node.slotVariables.map(({ originalVariableNodeId: variable, slotName: name, slotVariableNodeId: slot }) => {
      for (const one of [variable, slot]) {
        if (one < 0 || one >= count) {
          throw corrupt(`says that node ${number} has a slot at ${one}, but there are ${count} nodes`);
        }
      }
      return { variable, name, node: slot };
    }),
  }));
}

/**
 * The value of a variable. At most one a node, however many attributes a hostile graph claims: who goes through the children
 * of many nodes must not multiply.
 */
export function variableOf(graph: StoredGraph, number: number): StoredAttribute | undefined {
  return graph[number]!.attributes.find(({ name }) => name === VARIABLE_VALUE);
}

/** Nodes that can be reached from a node by edges and slots, in order; nothing is looked for in `outside`. */
export function nodesBelow(graph: StoredGraph, start: number, outside: ReadonlySet<number> = new Set()): number[] {
  const seen = new Set([start]);
  for (const number of seen) {
    const { children, slots } = graph[number]!;
    for (const { node } of [...children, ...slots]) if (!outside.has(node)) seen.add(node);
  }
  return [...seen].sort((a, b) => a - b);
}

/** Keys of the attributes of these nodes. */
export function keysBelow(graph: StoredGraph, start: number): string[] {
  return nodesBelow(graph, start).flatMap(number => graph[number]!.attributes.map(({ key }) => key));
}

/** The shortest path from the root to each node that has one, escaped as in keys; '' is the root's. */
export function storedPaths(graph: StoredGraph): ReadonlyMap<number, string> {
  const paths = new Map([[0, '']]);
  // A Map visits what is added while it is walked: this is the breadth-first queue.
  for (const [number, path] of paths) {
    for (const { name, node } of graph[number]!.children) {
      if (!paths.has(node)) paths.set(node, path === '' ? escapePart(name) : `${path}/${escapePart(name)}`);
    }
  }
  return paths;
}

/** For each node, whether it or something below it has a value. */
export function nodesWithValues(graph: StoredGraph): readonly boolean[] {
  const parents: number[][] = graph.map(() => []);
  graph.forEach(({ children }, number) => {
    for (const { node } of children) parents[node]!.push(number);
  });
  const found = graph.map(({ attributes }) => attributes.length > 0);
  return markAncestors(found, parents);
}
