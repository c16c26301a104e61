/** Embeddings (tf_keras/src/layers/core/embedding.py). */
import { type Family, variables } from './family.js';

export const embedding: Family = [['Embedding', variables(['embeddings', 'embeddings'])]];
