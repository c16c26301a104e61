/** A tfjs LayersModel seen as the object that tf_keras saves with `save_weights(prefix)`. */

import type { Variable } from '@tensorflow/tfjs-core';
import { TensorBundleError } from '../errors.js';
import { numberObjects } from '../graph/numbering.js';
import { type Attribute, branch, type Edge, type Trackable } from '../graph/trackable.js';
import { notBuilt } from './container.js';
import { isLayer, type Place, type Surroundings } from './family.js';
import { variableAliases } from './keras3.js';
import { kerasNames } from './naming.js';
import { kindOf, knownClasses } from './registry.js';
import type { AnyVariable, Layer, LayersModel } from './types.js';
import { awaitsWeights, innerNotBuilt } from './unbuilt.js';
import { liveValue, variableTrackable } from './variable.js';

/**
 * Describes the model and everything in it. Throws ERR_INVALID_ARGUMENT for something that is no built LayersModel or
 * has a layer in a layer that is not built, ERR_NOT_SUPPORTED for weights that have no place, ERR_STATE for a disposed model.
 */
export function modelTrackable(model: LayersModel): Trackable {
  if (!Array.isArray((model as Partial<LayersModel> | null)?.layers) || typeof model.getClassName !== 'function') {
    throw new TensorBundleError(
      'ERR_INVALID_ARGUMENT',
      'give a model made by tf.sequential, tf.model or tf.loadLayersModel',
    );
  }
  if (model.layers.length === 0) throw notBuilt(model);
  const view = new ModelView(model);
  const trackable = view.layer(model, { scope: model.name, label: model.name });
  view.requireExpected();
  return trackable;
}

/** What is being described, or has been. */
class ModelView implements Surroundings {
  readonly #names: ReadonlyMap<Layer, string>;
  readonly #layers = new Map<Layer, Trackable>();
  /** A weight and the tf.Variable in it are one. */
  readonly #variables = new Map<Variable, Trackable>();
  readonly #expected: { readonly thing: AnyVariable | Layer; readonly refusal: TensorBundleError }[] = [];

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
    const awaiting = awaitsWeights(layer);
    // Before the layers in it, which are not built either: this is the one that the user knows.
    if (awaiting && knownClasses().includes(layer.getClassName())) throw innerNotBuilt(layer, place.label);
    const kind = kindOf(layer);
    children.push(...kind.edges(layer, this, place));
    aliases.push(...variableAliases(children), ...(kind.aliases?.(layer, this, trackable) ?? []));
    this.#requireAllPlaced(layer);
    if (awaiting && !holdsValues(trackable)) throw innerNotBuilt(layer, place.label);
    return trackable;
  }

  variable(variable: AnyVariable, name: string, place: Place, refuse?: Attribute['refuse']): Trackable {
    const label = `${place.label}/${name}`;
    const identity = liveValue(variable, label);
    const known = this.#variables.get(identity);
    if (known) return known;
    const trackable = variableTrackable(variable, { fullName: `${place.scope}/${name}`, label, refuse });
    this.#variables.set(identity, trackable);
    return trackable;
  }

  isPlaced(variable: AnyVariable): boolean {
    return this.#variables.has(liveValue(variable, variable.name));
  }

  expectPlaced(thing: AnyVariable | Layer, refusal: TensorBundleError): void {
    this.#expected.push({ thing, refusal });
  }

  requireExpected(): void {
    for (const { thing, refusal } of this.#expected) {
      if (!(isLayer(thing) ? this.#layers.has(thing) : this.isPlaced(thing))) throw refusal;
    }
  }

  nameOf(layer: Layer): string {
    return this.#names.get(layer) ?? layer.name;
  }

  /** Nothing may be left out silently, for example by a class of TensorFlow.js that has grown a weight. */
  #requireAllPlaced(layer: Layer): void {
    const forgotten = layer.weights.find(variable => !this.isPlaced(variable));
    if (forgotten === undefined) return;
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `layer '${layer.name}' (${layer.getClassName()}) has the weight ${forgotten.originalName}, which this version cannot ` +
        `place in a checkpoint; classes with weights that it knows: ${knownClasses().join(', ')}`,
      { tensor: forgotten.originalName, found: layer.getClassName(), expected: knownClasses() },
    );
  }
}

function holdsValues(node: Trackable): boolean {
  return numberObjects(node).objects.some(({ object }) => object.attributes.length > 0);
}
