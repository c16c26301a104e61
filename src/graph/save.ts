/** Writes live objects as a checkpoint: their tensors in node order, the object graph last, as TensorFlow orders them. */
import type { SaveResult, WriterOptions } from '../bundle/options.js';
import { CheckpointWriter } from '../bundle/writer.js';
import { buildObjectGraph, OBJECT_GRAPH_KEY } from './object-graph.js';
import type { Capture, Trackable } from './trackable.js';

/**
 * Saves the values that the objects have at the time of the call: everything up to the first `await` is synchronous, so
 * training may go on while the save runs.
 */
export async function saveGraph(root: Trackable, prefix: string, options: WriterOptions = {}): Promise<SaveResult> {
  const writer = new CheckpointWriter(prefix, options);
  const { tensors, serialized } = buildObjectGraph(root);
  const captures: Capture[] = [];
  try {
    for (const { key, attribute } of tensors) {
      const capture = attribute.capture();
      captures.push(capture);
      writer.add(key, { dtype: attribute.dtype, shape: attribute.shape, data: () => capture.data() });
    }
    writer.add(OBJECT_GRAPH_KEY, { dtype: 'string', shape: [], data: [serialized] });
    return await writer.finish();
  } finally {
    for (const capture of captures) capture.release();
  }
}
