/**
 * Keras's configuration of a model as the topology that TensorFlow.js makes the same model from. The forms of Keras 2
 * and TensorFlow.js are nearly equal; those of Keras 3 and of Keras's first versions differ more. What differs is put
 * right here, in topology-calls.ts and in topology-options.ts.
 */
import { TensorBundleError } from '../../../errors.js';
import { registerAdded } from '../../models/added/added-classes.js';
import { requireLayers } from '../../models/tfjs-layers.js';
import { unreachableLayer } from '../../models/unreachable-layer.js';
import { automaticMasks, isOperation, makesMask } from './automatic-masks.js';
import { isList, isObject, type Json, type JsonObject, type KerasObject, kerasObject, text } from './keras-json.js';
import { withKnownSize } from './known-size.js';
import { layerClass } from './layer-class.js';
import { NestedCalls } from './nested-calls.js';
import { layersOf } from './old-names.js';
import { operationLayer } from './operation-layer.js';
import { sharedLayers } from './shared-layers.js';
import { isPlace, layerCall, placeOf, type TensorPlace } from './topology-calls.js';
import { inputType, isRegistered, shown } from './topology-objects.js';
import { layerOptions, type Surroundings } from './topology-options.js';
import { TopologyProblems } from './topology-problems.js';
import { twoWays } from './two-ways.js';

/** Far above any real model. */
const MAX_LAYERS = 20_000;
const EXPORT = "make it a SavedModel in Python (Keras 3: model.export('dir')), and use loadFunctions";
/** Numbers that make variables large. */
const SIZES: readonly string[] = ['units', 'filters', 'input_dim', 'output_dim', 'depth_multiplier'];
/** Layers that compute something else while they are trained. */
const TRAINING =
  /Dropout|Noise|BatchNormalization|Sequential|Functional|Model|RNN|LSTM|GRU|Bidirectional|TimeDistributed/;
/** These take more than one tensor, beside models and classes of users. */
const TAKES_STATES = /RNN|LSTM|GRU|Bidirectional/;

interface ModelSource {
  readonly model: KerasObject;
  /** Whether it is a graph of layers, so that its configuration says everything. */
  readonly isNetwork: boolean;
  /** With which the model was built; null if that is not known. */
  readonly inputShape: Json;
  /** Whether Keras 3 wrote it. */
  readonly isKeras3?: boolean;
  /** Whether it is a SavedModel, whose functions run without the layers. */
  readonly hasFunctions?: boolean;
}

export interface Topology {
  /** For `tf.loadLayersModel`, in Keras's spelling. */
  readonly topology: JsonObject;
  /** Names of the layers of the outputs by the names that the outputs have in Python; empty if they have none there. */
  readonly outputs: ReadonlyMap<string, string>;
  /** What the model learns in another way than in Keras. */
  readonly remarks: readonly string[];
  /** Layers that Keras gives no mask, though their input has one. */
  readonly unmasked: ReadonlySet<string>;
  /** Layers that are in several models. */
  readonly shared: ReadonlySet<string>;
  readonly isKeras3: boolean;
}

/**
 * `most`: the bytes of all stored variables, which limits how large a layer can be. Throws ERR_NOT_SUPPORTED for
 * layers and options that TensorFlow.js lacks, all in one;
 * ERR_CORRUPT for something that is not Keras's configuration.
 */
export function kerasTopology(
  { model: root, isNetwork, inputShape, isKeras3 = false, hasFunctions = false }: ModelSource,
  most: number,
  path: string,
): Topology {
  registerAdded(requireLayers());
  const converter = new Converter(path, most, isKeras3, hasMasks(root.config.layers ?? null));
  const given = isNetwork && !isRegistered(root.className) ? { ...root, className: 'Functional' } : root;
  const topology = converter.model(given, inputShape);
  converter.problems.refuse(path, hasFunctions ? 'use loadFunctions' : EXPORT);
  const outputs = given.className === 'Sequential' ? undefined : given.config.output_layers;
  const { unmasked, shared, problems } = converter;
  return { topology, outputs: namedOutputs(outputs), remarks: problems.remarks, unmasked, shared, isKeras3 };
}

function isModel(className: string): boolean {
  return ['Sequential', 'Functional', 'Model'].includes(className);
}

class Converter {
  readonly problems = new TopologyProblems();
  readonly unmasked = new Set<string>();
  readonly shared = new Set<string>();
  readonly #sharedIds = new Set<number>();
  #count = 0;

  constructor(
    readonly path: string,
    readonly most: number,
    readonly isKeras3: boolean,
    /** Whether a layer of it makes masks. */
    readonly hasMasks: boolean,
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
    } else if (!hasShape)
      this.problems.lacksOption(
        'Sequential',
        text(config.name, ''),
        'the shape of its input is not known; call the model, or its build(), in Python before you save it',
      );
    return { name: text(config.name, 'sequential'), layers };
  }

  #functional(config: JsonObject): JsonObject {
    const entries = isList(config.layers) ? config.layers : [];
    const [givenInputs, givenOutputs] = [places(config.input_layers), places(config.output_layers)];
    const masks = automaticMasks(entries, givenOutputs);
    const kept = entries.filter(entry => !masks.has(isObject(entry) ? text(entry.name, '') : ''));
    const layers = this.#layers(isList(config.layers) ? kept : undefined);
    const calls = new NestedCalls(layers, kept, givenOutputs);
    const connected = layers.map((layer, i) => this.#connect(layer, kept[i] as JsonObject, calls, masks));
    const lost = unreachableLayer(connected);
    // The calls of a shared layer are counted in all models together.
    if (lost !== undefined && this.problems.isEmpty && this.shared.size > 0) throw sharedLayers(this.shared, this.path);
    if (lost !== undefined && this.problems.isEmpty)
      throw this.#damaged(`the layer '${lost}' gets what no layer gives`);
    const placed = (given: readonly TensorPlace[]): Json[] => given.map(place => [...calls.asOutput(place)]);
    const [inputs, outputs] = [placed(givenInputs), placed(givenOutputs)];
    if (inputs.length === 0 || outputs.length === 0) throw this.#damaged('its inputs or outputs are missing');
    return { name: text(config.name, 'model'), layers: connected, input_layers: inputs, output_layers: outputs };
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
    const given: JsonObject = entry as JsonObject;
    const name = text(object.config.name, text(given.name, ''));
    if (isOperation(entry)) return operationLayer(given, name, this.problems);
    const found = layerClass(object, name, this.problems);
    if (found === undefined) return { class_name: object.className, config: { name } };
    const { className, config } = found;
    this.#remarkShared(given.shared_object_id, className, name);
    if (!isModel(className))
      return withKnownSize({ class_name: className, config: this.#config(className, config) }, given);
    const of = isList(given.config) ? layersOf(given.config) : config;
    return this.model({ className, config: of }, buildShape(given));
  }

  /** Keras makes a layer once that is in several models. TensorFlow.js makes each model by itself. */
  #remarkShared(id: Json | undefined, className: string, name: string): void {
    if (typeof id !== 'number' || className === 'InputLayer') return;
    if (this.#sharedIds.has(id)) {
      const what = 'these layers are in several models, which share them in Keras, but have copies here';
      this.problems.remarkOn(name, what);
      this.shared.add(name);
    }
    this.#sharedIds.add(id);
  }

  #config(className: string, config: JsonObject): JsonObject {
    if (className === 'InputLayer') {
      const { name = null, batch_input_shape: old = null, batch_shape: shape = old, dtype } = config;
      for (const key of ['sparse', 'ragged'])
        if (config[key] === true) this.problems.lacksOption(className, text(name, ''), `${key}: true`);
      return { name, batch_input_shape: shape, dtype: inputType(dtype) };
    }
    const { layer, cell, cells, ...options } = className === 'Bidirectional' ? twoWays(config, this.problems) : config;
    for (const key of SIZES) {
      const size = options[key];
      if (size !== undefined && size !== null && !(Number.isInteger(size) && Number(size) <= this.most))
        throw this.#damaged(`'${text(config.name, '')}' has ${shown(size)} ${key}, which its weights cannot have`);
    }
    const made: Record<string, Json> = {
      ...layerOptions(className, options, this.#surroundings()),
    } as Record<string, Json>;
    if (isObject(layer)) made.layer = this.#layer(layer);
    if (isObject(cell)) made.cell = this.#layer(cell);
    if (isList(cells)) made.cells = this.#layers(cells);
    return made;
  }

  /** A layer with its calls: for each, the tensors that it was given. */
  #connect(layer: JsonObject, given: JsonObject, calls: NestedCalls, masks: ReadonlySet<string>): JsonObject {
    const name = text(given.name, text(configOf(layer).name, ''));
    const { inbound_nodes: nodes } = given;
    if (!isList(nodes)) throw this.#damaged(`it does not say what the layer '${name}' gets`);
    const object = kerasObject(given)!;
    const inputs = inputNames(object.config);
    const made = nodes.map(node => {
      const call = node === null ? undefined : layerCall(node, inputs);
      if (call === undefined) {
        if (node !== null) this.problems.lacksOption(object.className, name, 'a call with something else than tensors');
        return [];
      }
      if (call.hasOthers && !isOperation(given))
        this.problems.lacksOption(object.className, name, 'a call with something else than tensors');
      // Keras 3 passes masks on by itself only where there is a single input.
      if (this.isKeras3 && TAKES_STATES.test(object.className) && call.tensors.length > 1 && call.masks.length === 0)
        this.unmasked.add(name);
      this.#checkCall(call, object.className, name, isOperation(given), masks);
      return call.tensors.map(place => [...calls.asInput(place, call.isNew), {}]);
    });
    return { ...layer, name, inbound_nodes: made };
  }

  /** TensorFlow.js ignores the options of a call. */
  #checkCall(
    { options, named, masks: given, isNew }: NonNullable<ReturnType<typeof layerCall>>,
    className: string,
    name: string,
    isDone: boolean,
    masks: ReadonlySet<string>,
  ): void {
    const takes = TAKES_STATES.test(className) || !isRegistered(className);
    if (!given.every(([from]) => masks.has(from))) this.problems.lacksOption(className, name, 'a call with mask');
    if (isDone) return;
    if (!takes && named.length > 0)
      this.problems.lacksOption(className, name, `a call with a tensor as ${named.join(', ')}`);
    for (const [key, value] of Object.entries(options)) {
      if (value === null || value === undefined) continue;
      if (key !== 'training') this.problems.lacksOption(className, name, `a call with ${key}: ${shown(value)}`);
      // In Keras 3 the model's own way of running counts, not what is written.
      else if (isNew || !TRAINING.test(className)) continue;
      else if (value === true) this.problems.lacksOption(className, name, 'a call with training: true');
      else
        this.problems.remark(
          `${className} '${name}', which is called with training=False in Keras, is trained like other layers`,
        );
    }
  }

  #surroundings(): Surroundings {
    return { problems: this.problems, hasMasks: this.hasMasks, isKeras3: this.isKeras3 };
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

/** With which Keras 3 built a layer. */
function buildShape({ build_config: build }: JsonObject): Json {
  return isObject(build) && isList(build.input_shape) ? build.input_shape : null;
}

/** Whether a layer within makes masks. */
function hasMasks(value: Json): boolean {
  if (isList(value)) return value.some(hasMasks);
  if (!isObject(value)) return false;
  if (makesMask(value)) return true;
  const { layers, layer, config } = value;
  return [layers, layer, config].some(one => one !== undefined && hasMasks(one));
}

/** Inputs or outputs as a list. Python orders those with names by name (tf.nest). */
function places(value: Json | undefined): readonly TensorPlace[] {
  if (value === undefined || value === null) return [];
  if (isPlace(value)) return [placeOf(value)];
  if (isList(value)) return value.flatMap(one => places(one));
  if (!isObject(value)) return [];
  return Object.keys(value)
    .sort()
    .flatMap(key => places(value[key]));
}

/** By which a model may be called; empty if it has no inputs. */
function inputNames({ input_layers: inputs }: JsonObject): readonly string[] {
  return isObject(inputs) ? Object.keys(inputs).sort() : places(inputs).map(([name]) => name);
}

function namedOutputs(value: Json | undefined): ReadonlyMap<string, string> {
  if (!isObject(value)) return new Map();
  return new Map(Object.entries(value).flatMap(([key, place]) => (isPlace(place) ? [[key, place[0]] as const] : [])));
}
