/**
 * Decodes and checks the object graph of a checkpoint: every node number in it exists, so code after this need not
 * check. Unknown fields are ignored.
 */
import { TensorBundleError } from '../../errors.js';
import { OBJECT_GRAPH_KEY } from '../key.js';
import type { StoredGraph } from '../stored-graph.js';
import { fromBinary, TrackableObjectGraphSchema } from './protobuf.js';

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
