/**
 * The connections of a functional model in Keras 3's form: each call of a layer with its arguments, and tensors by the
 * call that made them (keras/src/models/functional.py, `serialize_node`).
 */

import { fieldOf } from '../../../../layers/family.js';
import type { Layer, LayersModel } from '../../../../layers/types.js';
import { OPERATION_LAYER } from '../../../models/added/added-names.js';
import { takesNoMask } from '../masked-calls.js';
import type { Json } from './keras-classes.js';
import { operationArguments } from './keras-operations.js';
import { type Mask, maskOperations, maskSource, RECURRENT, type SymbolicTensor } from './keras3-masks.js';

/** A tensor: the layer that made it, the number of its call, and which of the call's results it is. */
export type Reference = readonly [layer: string, call: number, result: number, options?: Json];

/** A functional model, and its layers by Keras's names. */
export interface Connected {
  readonly model: LayersModel;
  readonly layers: ReadonlyMap<string, Layer>;
  /** How often other models have called a layer that they share with this one, when Keras comes to this one. */
  readonly earlier: ReadonlyMap<Layer, number>;
  /** Operations that the calls need, by the layer whose mask they compute. Filled while the calls are written. */
  readonly masks: Map<Layer, Mask>;
}

type Call = Layer['inboundNodes'][number];

/** Other layers whose calls may say that they are part of a training. */
const TRAINED: ReadonlySet<string> = new Set([
  ...['Dropout', 'SpatialDropout1D', 'GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'BatchNormalization'],
  ...['TimeDistributed', 'Sequential', 'Model', 'Functional'],
]);

/** The calls of a layer that belong to a model and have inputs, in the order of the model's JSON. */
export function callsIn(model: LayersModel, layer: Layer): readonly Call[] {
  return allCalls(model, layer).filter(call => call.inboundLayers.length > 0);
}

/** With the making of an input. */
function allCalls(model: LayersModel, layer: Layer): readonly Call[] {
  const known = fieldOf(model, 'containerNodes') as ReadonlySet<string>;
  return layer.inboundNodes.filter((_, i) => known.has(`${layer.name}_ib-${i}`));
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
    if (layer.getClassName() === OPERATION_LAYER) return { args: operationArguments(config, tensors), kwargs: {} };
    const [first, ...others] = tensors;
    const kwargs = callOptions(layer, references[0]?.[3]);
    if (others.length === 0) return { args: [first], kwargs };
    if (!RECURRENT.has(layer.getClassName())) return { args: [tensors], kwargs };
    const mask = takesNoMask(layer) ? undefined : maskOf(graph, inputTensors[0]!);
    return { args: [first], kwargs: { ...kwargs, initial_state: others, ...(mask && { mask }) } };
  });
}

function maskOf(graph: Connected, input: SymbolicTensor): Json | undefined {
  const source = maskSource(input);
  const name = source && nameOf(graph, source.layer);
  if (source === undefined || name === undefined) return undefined;
  const mask = graph.masks.get(source.layer) ?? maskOperations(source, name, symbolic(graph, source.input));
  graph.masks.set(source.layer, mask);
  return mask.result;
}

/** Undefined for a layer of another model. */
function nameOf({ layers }: Connected, layer: Layer): string | undefined {
  return [...layers].find(([, one]) => one === layer)?.[0];
}

function symbolic(graph: Connected, { sourceLayer, nodeIndex, tensorIndex, shape, dtype }: SymbolicTensor): Json {
  const layer = sourceLayer as Layer;
  const number = allCalls(graph.model, layer).indexOf(layer.inboundNodes[nodeIndex]!);
  const history = [nameOf(graph, layer), number + (graph.earlier.get(layer) ?? 0), tensorIndex];
  return { class_name: '__keras_tensor__', config: { shape, dtype, keras_history: history } };
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
