/**
 * Objects in Keras 3's form, from Keras 2's. Both say the class and the configuration; Keras 3 says the module as well,
 * and by what name a user-defined class is registered (keras/src/saving/serialization_lib.py).
 */
import { ACTIVATIONS, type Json, LAYERS, PARTS } from './keras-classes.js';

/** An object in Keras 3's form. */
export interface Keras3Object extends Json {
  module: string | null;
  class_name: string;
  config: Json;
  registered_name: string | null;
}

/** Regularizers and constraints; the other parts are initializers. */
const REGULARIZERS: ReadonlySet<string> = new Set(['L1L2']);
const CONSTRAINTS: ReadonlySet<string> = new Set(['MaxNorm', 'UnitNorm', 'NonNeg', 'MinMaxNorm']);

/** Classes of Keras 2 that Keras 3 lacks, and for which it has nothing that computes the same. */
const GONE: ReadonlySet<string> = new Set(['RandomWidth', 'ConvLSTM2DCell']);

/** Activations that Keras 2 lacks. The name of the last one is not Keras's. */
const NEW: ReadonlySet<string> = new Set(['hard_silu', 'log_sigmoid', 'hard_sigmoid_of_keras3']);

/** Whether Keras 3 has the layer, or another one that computes the same. */
export function isLayerOfKeras3(className: string): boolean {
  return LAYERS.has(className) && !GONE.has(className);
}

export function isActivationOfKeras3(name: string): boolean {
  return ACTIVATIONS.has(name) || NEW.has(name);
}

/** A class of Keras 3. */
export function builtIn(module: string, className: string, config: Json): Keras3Object {
  return { module, class_name: className, config, registered_name: null };
}

export function layerObject(className: string, config: Json): Keras3Object {
  // A functional model is of a class that Keras does not publish.
  if (className === 'Functional') {
    return { module: 'keras.src.models.functional', class_name: className, config, registered_name: className };
  }
  return builtIn(className === 'Sequential' ? 'keras' : 'keras.layers', className, config);
}

/** A class that must be registered in Python. `name`: with the package, as `package>name`. */
export function userDefined(className: string, config: Json, name: string): Keras3Object {
  return { module: null, class_name: className, config, registered_name: name };
}

/** An initializer, regularizer or constraint; undefined for a class that Keras lacks. */
export function partObject(className: string, config: Json): Keras3Object | undefined {
  if (!PARTS.has(className) && !/^Lecun/.test(className)) return undefined;
  if (REGULARIZERS.has(className)) return builtIn('keras.regularizers', className, config);
  if (CONSTRAINTS.has(className)) return builtIn('keras.constraints', className, config);
  return builtIn('keras.initializers', className, config);
}

export function dtypePolicy(name: unknown): Keras3Object {
  return builtIn('keras', 'DTypePolicy', { name });
}

/**
 * Keras 2's and TensorFlow.js's hard sigmoid: 0.2 x + 0.5, cut at 0 and 1. Keras 3's function of this name is x / 6 +
 * 0.5. But Keras 3 takes layers for activations, and these compute the same. (A Sequential, not a Pipeline: Keras
 * before 3.10 takes it if it is given with `custom_objects`, and has no Pipeline before 3.8.)
 */
function hardSigmoid(): Keras3Object {
  const layers = [
    layerObject('Rescaling', { name: 'rescaling', scale: 0.2, offset: 0.5 }),
    layerObject('ReLU', { name: 're_lu', max_value: 1, negative_slope: 0, threshold: 0 }),
  ];
  return layerObject('Sequential', { name: 'hard_sigmoid', layers });
}

/** The activation of a layer, by its name in Keras 2. `registered`: the name of one that Keras lacks. */
export function activation(name: string, registered: string): unknown {
  if (name === 'hard_sigmoid') return hardSigmoid();
  if (name === 'hard_sigmoid_of_keras3') return 'hard_sigmoid';
  if (isActivationOfKeras3(name)) return name;
  return { module: 'builtins', class_name: 'function', config: registered, registered_name: registered };
}
