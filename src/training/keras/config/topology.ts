/**
 * Keras's configuration of a model as the topology that TensorFlow.js makes the same model from. The two forms are
 * nearly equal; what differs is put right here and in topology-options.ts.
 */
import { TensorBundleError } from '../../../errors.js';
import { unreachableLayer } from '../../models/unreachable-layer.js';
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  type KerasObject,
  kerasObject,
  plainName,
  text,
} from './keras-json.js';
import { camelCase, inputType, isRegistered, shown } from './topology-objects.js';
import { layerOptions } from './topology-options.js';
import { TopologyProblems } from './topology-problems.js';

/** Far above any real model. */
const MAX_LAYERS = 100_000;
/** Numbers that make variables large. */
const SIZES: readonly string[] = ['units', 'filters', 'input_dim', 'output_dim', 'depth_multiplier'];
/** Layers that compute something else while they are trained. */
const TRAINING =
  /Dropout|Noise|BatchNormalization|Sequential|Functional|Model|RNN|LSTM|GRU|Bidirectional|TimeDistributed/;

interface ModelSource {
  readonly model: KerasObject;
  /** Whether it is a graph of layers, so that its configuration says everything. */
  readonly isNetwork: boolean;
  /** With which the model was built; null if that is not known. */
  readonly inputShape: Json;
}

export interface Topology {
  /** For `tf.loadLayersModel`, in Keras's spelling. */
  readonly topology: JsonObject;
  /** Names of the layers of the outputs by the names that the outputs have in Python; empty if they have none there. */
  readonly outputs: ReadonlyMap<string, string>;
  /** What the model learns in another way than in Keras. */
  readonly remarks: readonly string[];
}

/**
 * `most`: the bytes of all stored variables, which limits how large a layer can be. Throws ERR_NOT_SUPPORTED for
 * layers and options that TensorFlow.js lacks, all in one;
 * ERR_CORRUPT for something that is not Keras's configuration.
 */
export function kerasTopology(
  { model: root, isNetwork, inputShape }: ModelSource,
  most: number,
  path: string,
): Topology {
  const converter = new Converter(path, most);
  const given = isNetwork && !isRegistered(root.className) ? { ...root, className: 'Functional' } : root;
  const topology = converter.model(given, inputShape);
  converter.problems.refuse(path);
  const outputs = given.className === 'Sequential' ? undefined : given.config.output_layers;
  return { topology, outputs: namedOutputs(outputs), remarks: converter.problems.remarks };
}

function isModel(className: string): boolean {
  return ['Sequential', 'Functional', 'Model'].includes(className);
}

class Converter {
  readonly problems = new TopologyProblems();
  #count = 0;

  constructor(
    readonly path: string,
    readonly most: number,
  ) {}

  model({ className, config }: KerasObject, inputShape: Json = null): JsonObject {
    const made = className === 'Sequential' ? this.#sequential(config, inputShape) : this.#functional(config);
    return { class_name: className, config: made };
  }

  #sequential(config: JsonObject, given: Json): JsonObject {
    const layers = this.#layers(config.layers);
    const shape = isList(config.build_input_shape) ? config.build_input_shape : given;
    const [first] = layers;
    const hasShape =
      first !== undefined && (isModel(String(first.class_name)) || 'batch_input_shape' in configOf(first));
    // A wrapper has the shape of its own input.
    if (first !== undefined && !hasShape && isList(shape) && !shape.some(isList)) {
      const input = { name: `${text(config.name, 'sequential')}_input`, batch_input_shape: shape, dtype: 'float32' };
      layers.unshift({ class_name: 'InputLayer', config: input });
    }
    return { name: text(config.name, 'sequential'), layers };
  }

  #functional(config: JsonObject): JsonObject {
    const layers = this.#layers(config.layers);
    const inputs = places(config.input_layers);
    const outputs = places(config.output_layers);
    const lost = unreachableLayer(layers);
    if (lost !== undefined && this.problems.isEmpty)
      throw this.#damaged(`the layer '${lost}' gets what no layer gives`);
    if (inputs.length === 0 || outputs.length === 0) throw this.#damaged('its inputs or outputs are missing');
    return { name: text(config.name, 'model'), layers, input_layers: inputs, output_layers: outputs };
  }

  #layers(entries: Json | undefined): JsonObject[] {
    if (!isList(entries)) throw this.#damaged('a model in it has no list of layers');
    this.#count += entries.length;
    if (this.#count > MAX_LAYERS) throw this.#damaged(`it has more than ${MAX_LAYERS} layers`);
    return entries.map(entry => this.#layer(entry));
  }

  #layer(entry: Json | undefined): JsonObject {
    const object = kerasObject(entry);
    if (object === undefined) throw this.#damaged(`there is no layer where one should be (${shown(entry)})`);
    const given = entry as JsonObject;
    const { config } = object;
    const name = text(given.name, text(config.name, ''));
    const className = this.#classOf(object, name);
    const made =
      className === undefined
        ? { class_name: object.className, config: { name } }
        : isModel(className)
          ? this.model({ className, config })
          : { class_name: className, config: this.#config(className, config) };
    if (!('inbound_nodes' in given)) return made;
    return { ...made, name, inbound_nodes: this.#nodes(given.inbound_nodes, object, name) };
  }

  /** The name that is registered here; undefined if there is none. */
  #classOf({ className, config }: KerasObject, name: string): string | undefined {
    const plain = plainName(className);
    // TensorFlow.js changes the name in the JSON in this way before it looks for the class.
    const known = [className, plain].map(camelCase).find(isRegistered);
    if (known !== undefined) return known;
    // A class of a user that extends Model and is made of layers.
    if (isList(config.layers) && config.output_layers !== undefined) return 'Functional';
    this.problems.lacksClass(plain, name);
    return undefined;
  }

  #config(className: string, config: JsonObject): JsonObject {
    if (className === 'InputLayer') {
      const { name = null, batch_input_shape: shape = null, dtype } = config;
      for (const key of ['sparse', 'ragged'])
        if (config[key] === true) this.problems.lacksOption(className, text(name, ''), `${key}: true`);
      return { name, batch_input_shape: shape, dtype: inputType(dtype) };
    }
    const { layer, cell, cells, ...options } = config;
    for (const key of SIZES) {
      const size = options[key];
      if (size !== undefined && size !== null && !(Number.isInteger(size) && Number(size) <= this.most))
        throw this.#damaged(`'${text(config.name, '')}' has ${shown(size)} ${key}, which its weights cannot have`);
    }
    const made: Record<string, Json> = { ...layerOptions(className, options, this.problems) } as Record<string, Json>;
    if (isObject(layer)) made.layer = this.#layer(layer);
    if (isObject(cell)) made.cell = this.#layer(cell);
    if (isList(cells)) made.cells = cells.map(one => this.#layer(one));
    return made;
  }

  /** The calls of a layer: for each, the tensors that it was given. */
  #nodes(nodes: Json | undefined, { className, config }: KerasObject, name: string): Json {
    if (!isList(nodes)) throw this.#damaged(`it does not say what the layer '${name}' gets`);
    return nodes.map(node => {
      const named = isObject(node) ? byName(node, config) : undefined;
      const tensors = named ?? (isList(node) ? (isTensor(node) ? [node] : node) : []);
      const made = tensors.filter(isTensor).map(([from, call, output, options]) => {
        if (isObject(options)) this.#checkCall(options, className, name);
        return [from!, call!, output!, {}];
      });
      const isOther = tensors.length !== made.length || (!isList(node) && node !== null && named === undefined);
      if (isOther || made.some(([from]) => from === '_CONSTANT_VALUE'))
        this.problems.lacksOption(className, name, 'a call with something else than tensors');
      return made;
    });
  }

  /** TensorFlow.js ignores the options of a call. */
  #checkCall(options: JsonObject, className: string, name: string): void {
    for (const [key, value] of Object.entries(options)) {
      if (value === null || value === undefined) continue;
      if (key !== 'training') this.problems.lacksOption(className, name, `a call with ${key}: ${shown(value)}`);
      else if (TRAINING.test(className) && value === true)
        this.problems.lacksOption(className, name, 'a call with training: true');
      else if (TRAINING.test(className))
        this.problems.remark(
          `${className} '${name}', which is called with training=False in Keras, is trained like other layers`,
        );
    }
  }

  #damaged(why: string): TensorBundleError {
    return new TensorBundleError('ERR_CORRUPT', `the architecture in ${this.path} is damaged: ${why}`, {
      path: this.path,
    });
  }
}

function configOf(layer: JsonObject): JsonObject {
  return isObject(layer.config) ? layer.config : {};
}

/** Names a layer, its call, and which of its outputs: `["dense", 0, 0]`. */
function isTensor(value: Json): value is readonly Json[] {
  return isList(value) && value.length >= 3 && typeof value[0] === 'string';
}

/** Inputs or outputs as a list. Python orders those with names by name (tf.nest). */
function places(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (isTensor(value)) return [value];
  if (isList(value)) return value.flatMap(one => places(one));
  if (!isObject(value)) return [];
  return Object.keys(value)
    .sort()
    .flatMap(key => places(value[key]));
}

/** What a model gets by the names of its inputs, in their order; undefined if it has no such inputs. */
function byName(given: JsonObject, { input_layers: inputs }: JsonObject): readonly Json[] | undefined {
  const names = isObject(inputs)
    ? Object.keys(inputs).sort()
    : places(inputs).map(place => String((place as Json[])[0]));
  return names.length > 0 ? names.map(name => given[name] ?? null) : undefined;
}

function namedOutputs(value: Json | undefined): ReadonlyMap<string, string> {
  if (!isObject(value)) return new Map();
  return new Map(
    Object.entries(value).flatMap(([key, place]) => {
      const layer = place !== undefined && isTensor(place) ? place[0] : undefined;
      return typeof layer === 'string' ? [[key, layer] as const] : [];
    }),
  );
}
