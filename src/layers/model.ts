/** A tfjs LayersModel seen as the object that tf_keras saves with `save_weights(prefix)`. */
import { TensorBundleError } from '../errors.js';
import { type Attribute, branch, type Edge, type Trackable } from '../graph/trackable.js';
import { notBuilt } from './container.js';
import type { Place, Surroundings } from './family.js';
import { variableAliases } from './keras3.js';
import { kerasNames } from './naming.js';
import { kindOf, knownClasses } from './registry.js';
import type { Layer, LayersModel, LayerVariable } from './types.js';
import { variableTrackable } from './variable.js';

/**
 * Describes the model and everything in it. Throws ERR_INVALID_ARGUMENT for something that is no built LayersModel,
 * ERR_NOT_SUPPORTED for a layer with weights that is not registered, ERR_STATE for a disposed one.
 */
export function modelTrackable(model: LayersModel): Trackable {
  if (!Array.isArray((model as Partial<LayersModel> | null)?.layers) || typeof model.getClassName !== 'function') {
    throw new TensorBundleError(
      'ERR_INVALID_ARGUMENT',
      'give a model made by tf.sequential, tf.model or tf.loadLayersModel',
    );
  }
  if (model.layers.length === 0) throw notBuilt(model);
  return new ModelView(model).layer(model, { scope: model.name, label: model.name });
}

/** What is being described, or has been. */
class ModelView implements Surroundings {
  readonly #names: ReadonlyMap<Layer, string>;
  readonly #layers = new Map<Layer, Trackable>();
  readonly #variables = new Map<LayerVariable, Trackable>();

  constructor(model: LayersModel) {
    this.#names = kerasNames(model, kindOf);
  }

  layer(layer: Layer, place: Place): Trackable {
    const known = this.#layers.get(layer);
    if (known) return known;
    // Known before it is complete: a custom layer may hold the layer that holds it.
    const children: Edge[] = [];
    const aliases: Edge[] = [];
    const trackable: Trackable = { ...branch(children), aliases, label: place.label, fullName: place.scope };
    this.#layers.set(layer, trackable);
    const kind = kindOf(layer);
    children.push(...kind.edges(layer, this, place));
    aliases.push(...variableAliases(children), ...(kind.aliases?.(layer, this, trackable) ?? []));
    this.#requireAllPlaced(layer);
    return trackable;
  }

  variable(variable: LayerVariable, name: string, place: Place, refuse?: Attribute['refuse']): Trackable {
    const known = this.#variables.get(variable);
    if (known) return known;
    const trackable = variableTrackable(variable, {
      fullName: `${place.scope}/${name}`,
      label: `${place.label}/${name}`,
      refuse,
    });
    this.#variables.set(variable, trackable);
    return trackable;
  }

  isPlaced(variable: LayerVariable): boolean {
    return this.#variables.has(variable);
  }

  nameOf(layer: Layer): string {
    return this.#names.get(layer) ?? layer.name;
  }

  /** Nothing may be left out silently, for example by a class of TensorFlow.js that has grown a weight. */
  #requireAllPlaced(layer: Layer): void {
    const forgotten = layer.weights.find(variable => !this.#variables.has(variable));
    if (forgotten === undefined) return;
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `layer '${layer.name}' (${layer.getClassName()}) has the weight ${forgotten.originalName}, which this version cannot ` +
        `place in a checkpoint; classes with weights that it knows: ${knownClasses().join(', ')}`,
      { tensor: forgotten.originalName, found: layer.getClassName(), expected: knownClasses() },
    );
  }
}
