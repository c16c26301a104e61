/**
 * Keras 3's low-rank adapters: after `layer.enable_lora(rank)` the layer computes with `kernel + alpha / rank * a @ b`,
 * so the kernel alone predicts something else (keras/src/layers/core/dense.py, embedding.py,
 * convolutional/base_conv.py).
 */
import type { Companion } from '../graph/restore/companions.js';

const reason =
  'Keras adds a LoRA adapter to these values, which TensorFlow.js has no place for; in Python, save a model without ' +
  'adapters that has the merged values (what `layer.kernel` or `layer.embeddings` gives), or leave the ' +
  'variable out with exclude';

/** Names of edges as Keras 3 writes them. */
export const LORA: readonly Companion[] = ['kernel', 'embeddings'].map(name => ({
  name: `lora_${name}_a`,
  changes: [name, `_${name}`],
  reason,
}));
