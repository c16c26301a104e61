/**
 * The architecture of a model in Keras 3's form, as `config.json` of a `.keras` file has it. It is made from that in
 * Keras 2's form, which TensorFlow.js nearly writes itself.
 */
import type { Layer, LayersModel } from '../../../../layers/types.js';
import type { Json } from './keras-classes.js';
import { type KerasConfig, kerasConfig } from './keras-config.js';
import { type Connected, callsIn, keras3Endpoint, keras3Nodes, type Reference } from './keras3-connections.js';
import { dtypePolicy, type Keras3Object } from './keras3-json.js';
import { inputLayer, KERAS_3, type Keras2Object, keras3Options, layerOf } from './keras3-layers.js';

/** A layer in the JSON of a model. */
interface Listed extends Keras2Object {
  readonly name?: string;
  readonly inbound_nodes?: readonly (readonly Reference[])[];
}

interface Keras3Config {
  readonly config: Keras3Object;
  /** The layers, and the parts of layers, that Keras 3 lacks, in words. */
  readonly lacking: readonly string[];
}

export function keras3Config(model: LayersModel): Keras3Config {
  const keras2 = kerasConfig(model, KERAS_3);
  return { config: new Conversion(keras2).object(keras2.entries.get(model)!), lacking: keras2.lacking };
}

class Conversion {
  /** Calls of layers by the models that Keras has made so far. */
  readonly #calls = new Map<Layer, number>();
  readonly #shared: ReadonlyMap<Layer, number>;
  readonly #made = new Set<Layer>();

  constructor(readonly keras2: KerasConfig) {
    this.#shared = keras2.shared;
  }

  object(written: Keras2Object): Keras3Object {
    const layer = this.keras2.layers.get(written);
    const made = this.#converted(written, layer);
    if (layer === undefined) return made;
    const id = this.#shared.get(layer);
    return id === undefined ? made : { ...made, shared_object_id: id };
  }

  #converted(written: Keras2Object, layer: Layer | undefined): Keras3Object {
    const { class_name: className, config } = written;
    if (className === 'InputLayer') return inputLayer(config);
    if (layer !== undefined && 'layers' in layer) {
      const model = layer as LayersModel;
      const options = className === 'Sequential' ? this.#row(config, model) : this.#graph(config, model);
      return layerOf(className, { ...options, trainable: model.trainable });
    }
    const options = keras3Options(config, object => this.object(object));
    return layerOf(className, layer === undefined ? options : { ...options, dtype: dtypePolicy('float32') });
  }

  /** The layers of a Sequential, the first of which is its input layer. */
  #row({ layers, ...config }: Json, model: LayersModel): Json {
    const [input, ...others] = layers as readonly Listed[];
    const listed = others.map((written, i) => {
      const layer = this.keras2.layers.get(written)!;
      // Keras builds the whole row again for each further layer.
      this.#count(model, layer, others.length - i);
      return { ...this.object(written), ...buildConfig(layer, layer.inboundNodes[0]?.inputShapes) };
    });
    this.#made.add(model);
    const row = input === undefined ? [] : [this.object(input), ...listed];
    return { ...config, layers: row, build_input_shape: input?.config.batch_input_shape ?? null };
  }

  #graph({ layers, input_layers, output_layers, ...config }: Json, model: LayersModel): Json {
    const listed = layers as readonly Listed[];
    const names = new Map(model.layers.map((layer, i) => [listed[i]!.name!, layer]));
    const made = listed.map(written => this.object(written));
    const graph: Connected = { model, layers: names, earlier: new Map(this.#calls), masks: new Map() };
    const nodes = listed.map(({ name, inbound_nodes: inbound = [], config: written }, i) => {
      const layer = model.layers[i]!;
      const connections = { name, inbound_nodes: keras3Nodes(graph, layer, inbound, written) };
      const calls = callsIn(model, layer);
      this.#count(model, layer, calls.length);
      const shapes = calls[0]?.inputTensors.map(({ shape }) => shape);
      return { ...made[i], ...buildConfig(layer, shapes), ...connections };
    });
    this.#made.add(model);
    const endpoints = (references: unknown): unknown => {
      const all = (references as readonly Reference[]).map(one => keras3Endpoint(graph, one));
      // With a list of one, the model takes or gives lists.
      return all.length === 1 ? all[0] : all;
    };
    return {
      ...config,
      layers: [...nodes, ...[...graph.masks.values()].flatMap(({ operations }) => operations)],
      input_layers: endpoints(input_layers),
      output_layers: endpoints(output_layers),
    };
  }

  /** Keras makes a model that is in two models once. */
  #count(model: LayersModel, layer: Layer, calls: number): void {
    if (this.#made.has(model)) return;
    this.#calls.set(layer, (this.#calls.get(layer) ?? 0) + calls);
  }
}

/** For what shape Keras builds a layer before it is called. A layer without weights needs none. */
function buildConfig(layer: Layer, shapes: unknown): Json {
  if ('layers' in layer || layer.weights.length === 0 || !Array.isArray(shapes) || shapes.length !== 1) return {};
  return { build_config: { input_shape: shapes[0] } };
}
