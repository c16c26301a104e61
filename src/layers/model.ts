/** A tfjs LayersModel seen as the object that tf_keras saves with `save_weights(prefix)`. */
import { TensorBundleError } from '../errors.js';
import { branch, type Trackable } from '../graph/trackable.js';
import type { Surroundings } from './family.js';
import { kerasNames } from './naming.js';
import { descriptionOf, knownClasses } from './registry.js';
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
  return new ModelView(model).layer(model);
}

function notBuilt(layer: Layer): TensorBundleError {
  return new TensorBundleError(
    'ERR_INVALID_ARGUMENT',
    `'${layer.name}' (${layer.getClassName()}) is not built, so it has no weights yet; give the first layer an inputShape`,
  );
}

class ModelView implements Surroundings {
  readonly #names: ReadonlyMap<Layer, string>;
  readonly #layers = new Map<Layer, Trackable>();
  readonly #variables = new Map<LayerVariable, Trackable>();

  constructor(model: LayersModel) {
    this.#names = kerasNames(model);
  }

  layer(layer: Layer): Trackable {
    const known = this.#layers.get(layer);
    if (known) return known;
    const trackable = this.#describe(layer);
    this.#layers.set(layer, trackable);
    return trackable;
  }

  variable(layer: Layer, variable: LayerVariable, name: string): Trackable {
    const known = this.#variables.get(variable);
    if (known) return known;
    const fullName = `${this.#names.get(layer) ?? layer.name}/${name}`;
    const trackable = variableTrackable(variable, fullName, `${layer.name}/${name}`);
    this.#variables.set(variable, trackable);
    return trackable;
  }

  #describe(layer: Layer): Trackable {
    // A Sequential is only marked as built when it is first used; its layers know better.
    if (!layer.built && !('layers' in layer)) throw notBuilt(layer);
    const describe = descriptionOf(layer.getClassName());
    const object = describe ? branch(describe(layer, this)) : branch([]);
    // Nothing may be left out silently: neither by a class that is not registered, nor by one that has grown a weight.
    const forgotten = layer.weights.find(variable => !this.#variables.has(variable));
    if (forgotten === undefined) return object;
    throw new TensorBundleError(
      'ERR_NOT_SUPPORTED',
      `layer '${layer.name}' (${layer.getClassName()}) has the weight ${forgotten.originalName}, which this version cannot ` +
        `place in a checkpoint; classes with weights that it knows: ${knownClasses().join(', ')}`,
      { tensor: forgotten.originalName, found: layer.getClassName(), expected: knownClasses() },
    );
  }
}
