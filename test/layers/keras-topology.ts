/**
 * The architecture of a tfjs model as Keras's `model_from_json` takes it. tfjs's own `toJSON` is nearly that; what it
 * gets wrong is put right here. Automatic names stay as they are: batch.py replaces them by what Keras itself would
 * choose.
 */
import type * as tf from '@tensorflow/tfjs-node';

type Layer = tf.LayersModel['layers'][number];
type Json = Record<string, unknown>;

interface Entry extends Json {
  class_name: string;
  config: Json;
  /** tfjs's number of the layer, counted over the whole process: Keras names layers in the order of their creation. */
  created?: number;
}

/** What tfjs's RNN knows of its own; the rest of its JSON are the options of its cell, which Keras's RNN refuses. */
const RNN_OPTIONS = [
  'name',
  'trainable',
  'dtype',
  'batch_input_shape',
  'cell',
  'return_sequences',
  'return_state',
  'go_backwards',
  'stateful',
  'unroll',
];

export function kerasTopology(model: tf.LayersModel): string {
  const entry = model.toJSON(null, false) as unknown as Entry;
  repair(entry);
  complete(entry, model);
  return JSON.stringify(entry);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null;
}

function repair(value: Json): void {
  for (const child of Object.values(value)) if (isObject(child)) repair(child);
  const { class_name: className, config } = value as Partial<Entry>;
  if (typeof className !== 'string' || !isObject(config)) return;
  // Options that were left out are null in tfjs's JSON; Keras compares this one with a number.
  if (config.implementation === null) delete config.implementation;
  if (className === 'RNN') {
    for (const key of Object.keys(config)) if (!RNN_OPTIONS.includes(key)) delete config[key];
  }
  // tfjs writes the regularizer where the constraint belongs.
  if (className === 'DepthwiseConv2D') config.depthwise_constraint = null;
}

/**
 * Adds what the JSON lacks to every layer that a model or a wrapper holds: the order of creation, forgotten options.
 */
function complete(entry: Entry, layer: Layer): void {
  entry.created = layer.id;
  if (entry.class_name === 'SeparableConv2D') {
    entry.config.depth_multiplier = (layer as Layer & { depthMultiplier: number }).depthMultiplier;
  }
  const held = layer as Layer & { layers?: readonly Layer[]; layer?: Layer; cell?: Layer; cells?: readonly Layer[] };
  completeAll(entry.config.layers, held.layers);
  completeAll(entry.config.cells, held.cells);
  completeAll([entry.config.layer], [held.layer]);
  completeAll([entry.config.cell], [held.cell]);
}

/** An LSTM has a cell, but no entry for it; the entries of a Sequential lack the input layer that tfjs makes for it. */
function completeAll(entries: unknown, layers: readonly (Layer | undefined)[] | undefined): void {
  if (!Array.isArray(entries) || layers === undefined) return;
  const offset = layers.length - entries.length;
  entries.forEach((entry, i) => {
    const layer = layers[i + offset];
    if (isObject(entry) && layer) complete(entry as Entry, layer);
  });
}
