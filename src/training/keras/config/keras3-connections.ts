/**
 * The connections of a functional model in Keras 3's form: each call of a layer with its arguments, and tensors by the
 * call that made them (keras/src/models/functional.py, `serialize_node`).
 */
import { fieldOf } from '../../../layers/family.js';
import type { Layer, LayersModel } from '../../../layers/types.js';
import type { Json } from './keras-classes.js';
import { OPERATION, operationArguments } from './keras-operations.js';

/** A tensor: the layer that made it, the number of its call, and which of the call's results it is. */
export type Reference = readonly [layer: string, call: number, result: number, options?: Json];

/** A functional model, and its layers by Keras's names. */
export interface Connected {
  readonly model: LayersModel;
  readonly layers: ReadonlyMap<string, Layer>;
  /** How often other models have called a layer that they share with this one, when Keras comes to this one. */
  readonly earlier: ReadonlyMap<Layer, number>;
}

interface SymbolicTensor {
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
}

interface Call {
  readonly inputTensors: readonly SymbolicTensor[];
  readonly inboundLayers: readonly unknown[];
}

/** Layers that take the tensors after the first one for their first state. */
const RECURRENT: ReadonlySet<string> = new Set(['RNN', 'SimpleRNN', 'GRU', 'LSTM', 'ConvLSTM2D', 'Bidirectional']);

/** Other layers whose calls may say that they are part of a training. */
const TRAINED: ReadonlySet<string> = new Set([
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'BatchNormalization'],
  ...['TimeDistributed', 'Sequential', 'Model', 'Functional'],
]);

/** The calls of a layer that belong to a model and have inputs, in the order of the model's JSON. */
export function callsIn(model: LayersModel, layer: Layer): readonly Call[] {
  const known = fieldOf(model, 'containerNodes') as ReadonlySet<string>;
  const calls = layer.inboundNodes as unknown as readonly Call[];
  return calls.filter((call, i) => known.has(`${layer.name}_ib-${i}`) && call.inboundLayers.length > 0);
}

/** `inbound`: the connections of the layer in Keras 2's form; `config`: its configuration. */
export function keras3Nodes(
  graph: Connected,
  layer: Layer,
  inbound: readonly (readonly Reference[])[],
  config: Json,
): Json[] {
  const calls = callsIn(graph.model, layer);
  return inbound.map((references, i) => {
    const { inputTensors } = calls[i]!;
    const tensors = references.map((reference, j) => tensor(graph, reference, inputTensors[j]!));
    if (layer.getClassName() === OPERATION) return { args: operationArguments(config, tensors), kwargs: {} };
    const [first, ...others] = tensors;
    const kwargs = callOptions(layer, references[0]?.[3]);
    if (others.length === 0) return { args: [first], kwargs };
    if (!RECURRENT.has(layer.getClassName())) return { args: [tensors], kwargs };
    return { args: [first], kwargs: { ...kwargs, initial_state: others } };
  });
}

/** An input or output of the model. Here, and only here, Keras counts the calls of a functional model from one. */
export function keras3Endpoint(graph: Connected, [name, call, result]: Reference): Reference {
  const layer = graph.layers.get(name)!;
  const isFunctional = 'layers' in layer && layer.getClassName() !== 'Sequential';
  return [name, numberOf(graph, layer, call) + (isFunctional ? 1 : 0), result];
}

function tensor(graph: Connected, [name, call, result]: Reference, { shape, dtype }: SymbolicTensor): Json {
  const history = [name, numberOf(graph, graph.layers.get(name)!, call), result];
  return { class_name: '__keras_tensor__', config: { shape, dtype, keras_history: history } };
}

/** TensorFlow.js, like Keras 2, counts the making of a model as its first call. */
function numberOf({ earlier }: Connected, layer: Layer, call: number): number {
  return call - ('layers' in layer ? 1 : 0) + (earlier.get(layer) ?? 0);
}

function callOptions(layer: Layer, options: Json | undefined): Json {
  const className = layer.getClassName();
  const isKnown = RECURRENT.has(className) || TRAINED.has(className);
  return isKnown && typeof options?.training === 'boolean' ? { training: options.training } : {};
}
