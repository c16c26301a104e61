/** Layers that wrap another layer (tf_keras/src/layers/rnn/{time_distributed,bidirectional}.py). */
import { type Family, type Kind, layerIn } from './family.js';

/** TimeDistributed builds its layer without a name scope of its own. */
const timeDistributed: Kind = {
  edges: (wrapper, around, place) => {
    const inner = { scope: place.scope, label: `${place.label}/layer` };
    return [{ name: 'layer', node: around.layer(layerIn(wrapper, 'layer'), inner) }];
  },
  inner: wrapper => [layerIn(wrapper, 'layer')],
};

/** Bidirectional holds two copies of the layer that it was given, which itself is not used. */
const bidirectional: Kind = {
  edges: (wrapper, around, place) =>
    [
      ['forward_layer', layerIn(wrapper, 'forwardLayer')] as const,
      ['backward_layer', layerIn(wrapper, 'backwardLayer')] as const,
    ].map(([name, layer]) => ({
      name,
      node: around.layer(layer, {
        scope: `${place.scope}/${around.nameOf(layer)}`,
        label: `${place.label}/${name}`,
      }),
    })),
  inner: wrapper => [layerIn(wrapper, 'forwardLayer'), layerIn(wrapper, 'backwardLayer')],
};

export const wrappers: Family = [
  ['TimeDistributed', timeDistributed],
  ['Bidirectional', bidirectional],
];
