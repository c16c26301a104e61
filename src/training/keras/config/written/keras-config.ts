/**
 * The architecture of a model in Keras's form, layer by layer, from TensorFlow.js's JSON: with Keras's names, and what
 * is frozen marked as Keras does.
 */
import { layerKind } from '../../../../layers/registry.js';
import type { Layer, LayersModel } from '../../../../layers/types.js';
import {
  ACTIVATIONS,
  computesOtherwise,
  type Json,
  kerasClass,
  LAYERS,
  ownClass,
  PARTS,
  repair,
} from './keras-classes.js';
import { configNames } from './keras-names.js';
import { pythonConfig } from './python-config.js';

/** Of layers that lack the same. More are counted. */
const MOST_NAMED = 5;

/** A layer in Keras's form. */
export interface KerasEntry {
  readonly class_name: string;
  readonly config: Json;
}

/** The JSON of a layer in a model, before it is converted. */
interface Written extends Json {
  class_name: string;
  config: Json;
  name?: string;
  inbound_nodes?: unknown;
}

/** Layers that hold others. */
interface Holder {
  readonly layers?: readonly Layer[];
  readonly layer?: Layer;
  readonly cell?: Layer;
  readonly cells?: readonly Layer[];
  readonly forwardLayer?: Layer;
  readonly backwardLayer?: Layer;
}

export interface KerasConfig {
  /** The model and all layers in it that Keras lists. */
  readonly entries: ReadonlyMap<Layer, KerasEntry>;
  /** The layers that the configuration of the model has, by the object that describes them. */
  readonly layers: ReadonlyMap<object, Layer>;
  /** Layers that it has more than once, as part of several models, with numbers. */
  readonly shared: ReadonlyMap<Layer, number>;
  /** The layers, and the parts of layers, that Keras lacks, in words. */
  readonly lacking: readonly string[];
}

/** What a version of Keras has. */
export interface KerasVersion {
  /** The class as TensorFlow.js's JSON has it, and the configuration. */
  hasLayer(className: string, config: Json): boolean;
  hasActivation(name: string): boolean;
  /** Whether names of layers may have slashes. */
  readonly slashes: boolean;
}

export const KERAS_2: KerasVersion = {
  hasLayer: className => LAYERS.has(kerasClass(className)),
  hasActivation: name => ACTIVATIONS.has(name),
  slashes: true,
};

/** `version`: says what is lacking. */
export function kerasConfig(model: LayersModel, version = KERAS_2): KerasConfig {
  const conversion = new Conversion(model, version);
  conversion.convert(model.toJSON(null, false) as unknown as Written, model, false);
  const { entries, layers } = conversion;
  return { entries, layers, shared: repeated([...layers.values()]), lacking: conversion.lacking };
}

function repeated(layers: readonly Layer[]): Map<Layer, number> {
  const met = new Set<Layer>();
  const numbers = new Map<Layer, number>();
  for (const layer of layers) {
    if (met.has(layer) && !numbers.has(layer)) numbers.set(layer, numbers.size + 1);
    met.add(layer);
  }
  return numbers;
}

class Conversion {
  readonly entries = new Map<Layer, KerasEntry>();
  readonly layers = new Map<object, Layer>();
  /** What is lacking, and the layers of which it is a part; none if it is a layer. */
  readonly #lacking = new Map<string, Set<string>>();
  readonly #names: ReadonlyMap<Layer, string>;

  constructor(
    model: LayersModel,
    readonly version: KerasVersion,
  ) {
    this.#names = configNames(model, version.slashes);
  }

  get lacking(): string[] {
    return [...this.#lacking].map(([what, layers]) => `${what}${ofLayers([...layers])}`);
  }

  #lacks(what: string, layer?: Layer): void {
    const layers = this.#lacking.get(what) ?? new Set();
    this.#lacking.set(what, layers);
    if (layer) layers.add(`'${layer.name}' (${layer.getClassName()})`);
  }

  /** Converts in place. `isFrozen`: within a model that is not trainable. */
  convert(written: Written, layer: Layer, isFrozen: boolean): void {
    const { class_name: className, config } = written;
    const name = this.#names.get(layer) ?? layer.name;
    const isOther = computesOtherwise(className, config);
    const isKnown = !isOther && this.version.hasLayer(className, config);
    const kind = isOther ? `${ownClass(className)} (its own ${className} computes something else)` : className;
    if (!isKnown) this.#lacks(`the layer '${layer.name}' of the class ${kind}`);
    const frozen = isFrozen || ('layers' in layer && !layer.trainable);
    this.#hold(written, layer, frozen);
    repair(className, config, layer);
    this.#checkParts(config, layer);
    config.name = name;
    // TensorFlow.js's Bidirectional does not say it, and keeps the layer that it copied as it was.
    if (className === 'Bidirectional') config.trainable = layer.trainable;
    if ((frozen || !layer.trainable) && 'trainable' in config) config.trainable = false;
    if (className === 'InputLayer') config.ragged = false;
    written.class_name = isOther ? ownClass(className) : kerasClass(className);
    this.entries.set(layer, written);
    this.layers.set(written, layer);
    if (!isKnown) this.#convertHeld(layer, frozen);
  }

  /** What a user-defined layer holds may be missing in its configuration. Keras asks for it nevertheless. */
  #convertHeld(layer: Layer, isFrozen: boolean): void {
    for (const held of layerKind(layer).inner?.(layer) ?? []) {
      if (this.entries.has(held)) continue;
      this.convert({ class_name: held.getClassName(), config: pythonConfig(held) }, held, isFrozen);
    }
  }

  /** What the layer holds. */
  #hold({ class_name: className, config }: Written, layer: Layer, isFrozen: boolean): void {
    const { layers, layer: wrapped, cell, cells, forwardLayer, backwardLayer } = layer as Layer & Holder;
    this.#convertAll(config.layers, layers, isFrozen);
    this.#convertAll(config.cells, cells, isFrozen);
    if (forwardLayer !== undefined && backwardLayer !== undefined) {
      this.#bothWays(config.layer as Written, forwardLayer, backwardLayer, isFrozen);
      // TensorFlow.js's wrapper does not know, once it was set.
      config.trainable = forwardLayer.trainable;
    } else this.#convertAll([config.layer], [wrapped], isFrozen);
    this.#convertAll([config.cell], [cell], isFrozen);
    if (className === 'Sequential') this.#giveInput(config, layer as LayersModel);
    else if (layers !== undefined) this.#connect(config, layer as LayersModel);
  }

  /** Not every layer has an entry: a cell that its layer made has none. */
  #convertAll(written: unknown, layers: readonly (Layer | undefined)[] | undefined, isFrozen: boolean): void {
    if (!Array.isArray(written) || layers === undefined) return;
    // The JSON of a Sequential lacks the input layer that TensorFlow.js makes for it.
    const offset = layers.length - written.length;
    written.forEach((one: unknown, i) => {
      const layer = layers[i + offset];
      if (typeof one === 'object' && one !== null && layer) this.convert(one as Written, layer, isFrozen);
    });
  }

  /** Keras gives the two directions of a Bidirectional the name of the layer that they copy, with a prefix. */
  #bothWays(written: Written, forward: Layer, backward: Layer, isFrozen: boolean): void {
    // The configuration is that of the layer that was copied, which does not know.
    written.config.trainable = forward.trainable;
    this.convert(written, forward, isFrozen);
    const { class_name, config } = written;
    const { name, go_backwards: goBackwards } = config as { name: string; go_backwards: boolean };
    config.name = name.replace(/^forward_/, '');
    this.entries.set(forward, { class_name, config: { ...config, name } });
    const reversed = { ...config, name: `backward_${config.name}`, go_backwards: !goBackwards };
    this.entries.set(backward, { class_name, config: reversed });
  }

  /** Keras's Sequential has its input layer in the configuration, but not among its layers. */
  #giveInput(config: Json, model: LayersModel): void {
    const written = config.layers as Written[];
    const [first] = written;
    const [input] = model.inputs;
    if (first === undefined || input === undefined || first.class_name === 'InputLayer') return;
    written.unshift({
      class_name: 'InputLayer',
      config: {
        batch_input_shape: [...input.shape],
        dtype: input.dtype,
        sparse: false,
        ragged: false,
        name: `${first.config.name}_input`,
      },
    });
  }

  /** Gives the connections of a functional model the new names. */
  #connect(config: Json, model: LayersModel): void {
    const names = new Map(model.layers.map(layer => [layer.name, this.#names.get(layer) ?? layer.name]));
    const renamed = (reference: unknown): unknown => {
      const [name, ...rest] = reference as [string, ...unknown[]];
      return [names.get(name) ?? name, ...rest];
    };
    for (const written of config.layers as Written[]) {
      written.name = written.config.name as string;
      written.inbound_nodes = (written.inbound_nodes as unknown[][]).map(node => node.map(renamed));
    }
    config.input_layers = (config.input_layers as unknown[]).map(renamed);
    config.output_layers = (config.output_layers as unknown[]).map(renamed);
  }

  /** Initializers, regularizers, constraints and activations may be user-defined, too. */
  #checkParts(config: Json, layer: Layer): void {
    for (const [key, value] of Object.entries(config)) {
      if (key.endsWith('activation')) {
        const isLacking = typeof value === 'string' && !this.version.hasActivation(value);
        if (isLacking) this.#lacks(`the activation ${value}`, layer);
      } else if (/_(initializer|regularizer|constraint)$/.test(key) && isPart(value)) {
        if (!PARTS.has(value.class_name)) this.#lacks(`${value.class_name} as ${key}`, layer);
        value.class_name = kerasClass(value.class_name);
      }
    }
  }
}

function ofLayers(layers: readonly string[]): string {
  if (layers.length === 0) return '';
  const rest = layers.length - MOST_NAMED;
  const named = `${layers.slice(0, MOST_NAMED).join(', ')}${rest > 0 ? `, and ${rest} more` : ''}`;
  return layers.length === 1 ? ` of the layer ${named}` : ` of the layers ${named}`;
}

/** In the configuration of a user-defined layer, anything may have such a name. */
function isPart(value: unknown): value is { class_name: string } {
  return typeof value === 'object' && value !== null && 'class_name' in value && typeof value.class_name === 'string';
}
