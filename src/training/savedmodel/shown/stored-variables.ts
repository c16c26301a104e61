/** Which tensors of the bundle in `variables/` are the variables of a SavedModel. */
import type { Entry } from '../../../bundle/named-tensors.js';
import type { CheckpointReader } from '../../../bundle/reader.js';
import { TensorBundleError } from '../../../errors.js';
import { OBJECT_GRAPH_KEY } from '../../../graph/key.js';
import { decodeObjectGraph } from '../../../graph/stored/decode.js';
import { TrackableObjectGraphSchema } from '../../../graph/stored/protobuf.js';
import { storedVariable } from '../../../graph/stored/walks.js';
import type { StoredGraph } from '../../../graph/stored-graph.js';
import { isBytes } from '../../../realms.js';
import { checkMessages } from '../stored/message-limits.js';
import type { SavedObject } from '../stored/messages.js';

/** As for what stands beside the graph in saved_model.pb. */
const MAX_GRAPH_BYTES = 64 * 1024 ** 2;

export interface StoredVariable {
  readonly key: string;
  readonly entry: Entry;
}

/** Throws what reading the object graph throws, and ERR_TOO_LARGE for one of more than 64 MiB. */
export async function checkpointGraph(reader: CheckpointReader): Promise<StoredGraph | null> {
  if (!reader.has(OBJECT_GRAPH_KEY)) return null;
  const { bytes } = reader.entry(OBJECT_GRAPH_KEY);
  const where = { path: reader.prefix, tensor: OBJECT_GRAPH_KEY };
  if (bytes > MAX_GRAPH_BYTES) {
    const message = `the object graph in ${reader.prefix} has ${bytes} bytes, more than ${MAX_GRAPH_BYTES}`;
    throw new TensorBundleError('ERR_TOO_LARGE', message, { ...where, expected: MAX_GRAPH_BYTES, found: bytes });
  }
  const { data } = await reader.read(OBJECT_GRAPH_KEY);
  const [serialized] = data as readonly unknown[];
  const graph = isBytes(serialized) ? serialized : new Uint8Array();
  checkMessages(TrackableObjectGraphSchema, graph, reader.prefix);
  return decodeObjectGraph(graph, reader.prefix);
}

/**
 * The entry of each variable, by the number of its object. Both graphs are walked together, since TensorFlow restores
 * by the names of edges, too: numbers may differ.
 */
export function entriesOf(
  nodes: readonly SavedObject[],
  graph: StoredGraph,
  reader: CheckpointReader,
): ReadonlyMap<number, StoredVariable> {
  const found = new Map<number, StoredVariable>();
  for (const [number, stored] of pairs(nodes, graph)) {
    if (nodes[number]!.kind.case !== 'variable') continue;
    const key = storedVariable(graph, stored)?.key;
    if (key !== undefined && reader.has(key)) found.set(number, { key, entry: reader.entry(key) });
  }
  return found;
}

/** The node of the checkpoint for each object that has one. */
function pairs(nodes: readonly SavedObject[], graph: StoredGraph): ReadonlyMap<number, number> {
  const edgesOf = remembered((node: number) => new Map(graph[node]!.children.map(edge => [edge.name, edge.node])));
  const slotsOf = remembered(
    (node: number) => new Map(graph[node]!.slots.map(slot => [`${slot.variable} ${slot.name}`, slot.node])),
  );
  const found = new Map<number, number>(nodes.length === 0 ? [] : [[0, 0]]);
  for (const [number, stored] of found) {
    const edges = edgesOf(stored);
    for (const { localName, nodeId } of nodes[number]!.children) {
      const child = edges.get(localName);
      if (child !== undefined && !found.has(nodeId)) found.set(nodeId, child);
    }
  }
  for (const [number, stored] of [...found]) {
    for (const { slotName, originalVariableNodeId, slotVariableNodeId } of nodes[number]!.slotVariables) {
      const child = slotsOf(stored).get(`${found.get(originalVariableNodeId)} ${slotName}`);
      if (child !== undefined && !found.has(slotVariableNodeId)) found.set(slotVariableNodeId, child);
    }
  }
  return found;
}

/** Makes each map once, since a hostile file may lead many objects to one node. */
function remembered<T>(make: (node: number) => T): (node: number) => T {
  const made = new Map<number, T>();
  return node => {
    const existing = made.get(node);
    if (existing !== undefined) return existing;
    const value = make(node);
    made.set(node, value);
    return value;
  };
}
