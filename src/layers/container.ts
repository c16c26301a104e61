/**
 * Models, also as layers of a model. tf_keras names each layer twice: `layer_with_weights-I` (if it has weights) and
 * `layer-J`. The first name keeps checkpoints valid when layers without weights are added or removed
 * (tf_keras/src/engine/functional.py).
 */
import { invalidArgument, type TensorBundleError } from '../errors.js';
import { holdsValues } from '../graph/numbering.js';
import type { Edge, Trackable } from '../graph/trackable.js';
import type { Family, Kind } from './family.js';
import { containerAliases, type NamedNode } from './keras3.js';
import { isAutomatic } from './naming.js';
import type { Layer } from './types.js';

function layersOf(container: Layer): readonly Layer[] {
  const { layers } = container as Layer & { layers: readonly Layer[] };
  // tf_keras's Sequential does not list its input layer; a functional model does.
  const hidden = container.getClassName() === 'Sequential' && layers[0]?.getClassName() === 'InputLayer';
  return hidden ? layers.slice(1) : layers;
}

/** tfjs does not see layers in the fields of a custom layer. Their weights count here, too, as in Keras. */
function hasWeights(layer: Layer, node: Trackable): boolean {
  return holdsValues(node) || layer.weights.length > 0;
}

/** A model was built before it became a layer, so its layers' names do not depend on where it stands. */
const model: Kind = {
  edges: (container, around) => {
    const edges: Edge[] = [];
    let withWeights = 0;
    layersOf(container).forEach((layer, index) => {
      // A Sequential is marked as built only when it is first used, so its layers are checked instead.
      if (!layer.built && !('layers' in layer)) throw notBuilt(layer);
      const node = around.layer(layer, { scope: around.nameOf(layer), label: layer.name });
      if (hasWeights(layer, node)) edges.push({ name: `layer_with_weights-${withWeights++}`, node });
      edges.push({ name: `layer-${index}`, node });
    });
    return edges;
  },
  aliases: (container, around, self) => {
    const layers = layersOf(container).map(layer => {
      return { layer, node: around.layer(layer, { scope: around.nameOf(layer), label: layer.name }) };
    });
    const named = (): NamedNode[] =>
      layers.map(({ layer, node }) => {
        const one = { node, hasWeights: hasWeights(layer, node) };
        return isAutomatic(layer) ? one : { ...one, name: layer.name };
      });
    return () => containerAliases(named(), container.getClassName() === 'Sequential', self);
  },
  inner: layersOf,
  witness: layersOf,
};

export const container: Family = [
  ['Sequential', model],
  ['Functional', model],
  ['Model', model],
];

export function notBuilt(layer: Layer): TensorBundleError {
  return invalidArgument(
    `'${layer.name}' (${layer.getClassName()}) is not built, so it has no weights yet; give the first layer an ` +
      `inputShape`,
  );
}
