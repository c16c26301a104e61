/**
 * The architecture of a model in Keras's form, layer by layer, from TensorFlow.js's JSON: with Keras's names, and what
 * is frozen marked as Keras does.
 */
import { TensorBundleError } from '../../../errors.js';
import type { Layer, LayersModel } from '../../../layers/types.js';
import { ACTIVATIONS, type Json, kerasClass, LAYERS, PARTS, repair } from './keras-classes.js';
import { configNames } from './keras-names.js';

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

/**
 * The model and all layers in it that Keras lists. Throws ERR_NOT_SUPPORTED if Keras lacks some of them or of their
 * parts; the error lists all.
 */
export function kerasEntries(model: LayersModel): ReadonlyMap<Layer, KerasEntry> {
  const conversion = new Conversion(model);
  conversion.convert(model.toJSON(null, false) as unknown as Written, model, false);
  conversion.requireAllKnown();
  return conversion.entries;
}

class Conversion {
  readonly entries = new Map<Layer, KerasEntry>();
  readonly #names: ReadonlyMap<Layer, string>;
  readonly #unknown = new Set<string>();

  constructor(model: LayersModel) {
    this.#names = configNames(model);
  }

  /** Converts in place. `isFrozen`: within a model that is not trainable. */
  convert(written: Written, layer: Layer, isFrozen: boolean): void {
    const { class_name: className, config } = written;
    const name = this.#names.get(layer) ?? layer.name;
    if (!LAYERS.has(className)) this.#unknown.add(`the layer '${layer.name}' of the class ${className}`);
    const frozen = isFrozen || ('layers' in layer && !layer.trainable);
    this.#hold(written, layer, frozen);
    repair(className, config, layer);
    this.#checkParts(config, layer);
    config.name = name;
    if (frozen && 'trainable' in config) config.trainable = false;
    if (className === 'InputLayer') config.ragged = false;
    written.class_name = kerasClass(className);
    this.entries.set(layer, written);
  }

  requireAllKnown(): void {
    if (this.#unknown.size === 0) return;
    const found = [...this.#unknown];
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `Keras lacks ${found.join(', ')}, so this model cannot be a SavedModel; replace them, or save with saveWeights ` +
        "or saveModel of 'tensorbundle/tfjs' and make the model in Python yourself",
      { found },
    );
  }

  /** What the layer holds. */
  #hold({ class_name: className, config }: Written, layer: Layer, isFrozen: boolean): void {
    const { layers, layer: wrapped, cell, cells, forwardLayer, backwardLayer } = layer as Layer & Holder;
    this.#convertAll(config.layers, layers, isFrozen);
    this.#convertAll(config.cells, cells, isFrozen);
    if (forwardLayer !== undefined && backwardLayer !== undefined) {
      this.#bothWays(config.layer as Written, forwardLayer, backwardLayer, isFrozen);
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
      const of = `of the layer '${layer.name}' (${layer.getClassName()})`;
      if (key.endsWith('activation')) {
        if (value !== null && !ACTIVATIONS.has(value)) this.#unknown.add(`the activation ${String(value)} ${of}`);
      } else if (/_(initializer|regularizer|constraint)$/.test(key) && value !== null) {
        const part = value as { class_name: string };
        if (!PARTS.has(part.class_name)) this.#unknown.add(`${part.class_name} as ${key} ${of}`);
        part.class_name = kerasClass(part.class_name);
      }
    }
  }
}
