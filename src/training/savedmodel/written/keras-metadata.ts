/**
 * What Keras needs to make the layers of a SavedModel anew without traced functions: for each layer its configuration,
 * as JSON (tf_keras/src/saving/legacy/saved_model/load.py).
 */
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Numbering } from '../../../graph/numbering.js';
import type { Layer } from '../../../layers/types.js';
import type { Json } from '../../keras/config/written/keras-classes.js';
import type { KerasEntry } from '../../keras/config/written/keras-config.js';
import type { SavedMetadataSchema } from '../stored/messages.js';
import { layerIdentifier } from './object-graph.js';

/** Of tf_keras, whose form this is. */
const KERAS_VERSION = '2.15.0';

interface MetadataSource {
  readonly numbering: Numbering;
  readonly entries: ReadonlyMap<Layer, KerasEntry>;
  /** The layer that a node describes; undefined for another node. */
  layerOf(number: number): Layer | undefined;
  /** How the root was compiled. */
  readonly training: Json | undefined;
}

export function kerasMetadata({
  numbering,
  entries,
  layerOf,
  training,
}: MetadataSource): MessageInitShape<typeof SavedMetadataSchema> {
  const paths = nodePaths(numbering);
  const nodes = paths.flatMap((nodePath, nodeId) => {
    const layer = layerOf(nodeId);
    const entry = layer && entries.get(layer);
    if (layer === undefined || entry === undefined) return [];
    const described = describe(layer, entry, nodeId === 0 ? training : undefined);
    const metadata = JSON.stringify(described);
    const version = { producer: 2, minConsumer: 1 };
    return [{ nodeId, nodePath, identifier: layerIdentifier(layer), metadata, version }];
  });
  return { nodes };
}

/** `root.layer-0.cell`: the names of the edges by which each node was first met. */
function nodePaths({ objects, numbers }: Numbering): string[] {
  const paths: string[] = objects.map(() => '');
  paths[0] = 'root';
  for (const [number, { object }] of objects.entries()) {
    for (const { name, node } of object.children) {
      const child = numbers.get(node)!;
      if (paths[child] === '') paths[child] = `${paths[number]}.${name}`;
    }
  }
  return paths;
}

function describe(layer: Layer, { class_name, config }: KerasEntry, training: Json | undefined): Json {
  const { name } = config;
  if (class_name === 'InputLayer') {
    const { dtype, sparse, ragged, batch_input_shape } = config;
    return { class_name, name, dtype, sparse, ragged, batch_input_shape, config };
  }
  const isModel = 'layers' in layer;
  // Keras gives what is set here to all layers within. A wrapper has its own value in its configuration.
  const holdsOthers = !isModel && ['layer', 'cell', 'cells'].some(key => key in config);
  return {
    name,
    trainable: isModel ? layer.trainable : holdsOthers ? null : (config.trainable ?? true),
    expects_training_arg: isModel,
    dtype: 'float32',
    batch_input_shape: config.batch_input_shape ?? null,
    ...(!isModel && { stateful: config.stateful === true }),
    // There are no functions that could stand in for a layer that Keras cannot make.
    must_restore_from_config: !isModel,
    preserve_input_structure_in_config: false,
    autocast: !isModel,
    class_name,
    config,
    ...buildShape(layer),
    ...(isModel && { is_graph_network: true, keras_version: KERAS_VERSION, backend: 'tensorflow' }),
    ...(training && { training_config: training }),
  };
}

/** The shape that the layer was built for; a list for a layer with several inputs. */
function buildShape(layer: Layer): { build_input_shape?: unknown } {
  const shapes = layer.inboundNodes[0]?.inputShapes;
  if (shapes === undefined || shapes.length === 0) return {};
  const encoded = shapes.map(items => ({ class_name: 'TensorShape', items }));
  return { build_input_shape: encoded.length === 1 ? encoded[0] : encoded };
}
