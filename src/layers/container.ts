/**
 * Models, also as layers of a model. tf_keras names each layer twice: `layer_with_weights-I` (if it has any) and `layer-J`;
 * the first keeps checkpoints valid when layers without weights come or go (tf_keras/src/engine/functional.py).
 */
import type { Edge } from '../graph/trackable.js';
import type { Describe, Family } from './family.js';
import type { Layer } from './types.js';

function layersOf(container: Layer): readonly Layer[] {
  const { layers } = container as Layer & { layers: readonly Layer[] };
  // tf_keras's Sequential does not list the input layer it begins with; a functional model does.
  const hidden = container.getClassName() === 'Sequential' && layers[0]?.getClassName() === 'InputLayer';
  return hidden ? layers.slice(1) : layers;
}

const describe: Describe = (container, around) => {
  const edges: Edge[] = [];
  let withWeights = 0;
  layersOf(container).forEach((layer, index) => {
    const node = around.layer(layer);
    if (layer.weights.length > 0) edges.push({ name: `layer_with_weights-${withWeights++}`, node });
    edges.push({ name: `layer-${index}`, node });
  });
  return edges;
};

export const container: Family = [
  ['Sequential', describe],
  ['Functional', describe],
  ['Model', describe],
];
