/**
 * What the description of a model depends on, as a list of values. While a model gives the same values as before, its
 * description is the same, too, and need not be made again. Values of variables do not count: a description reads them
 * when they are saved.
 */
import { fieldOf, isAnyVariable } from './family.js';
import { layerKind } from './registry.js';
import { givenWeights } from './trained.js';
import type { AnyVariable, Layer, LayersModel } from './types.js';
import { liveValue, registeredAs, typeOf } from './variable.js';

/** Compared item by item with `===`. Lists in it begin with their length. */
export type Witness = unknown[];

/** Whether two lists are of the same description. */
export function isSameWitness(one: Witness, other: Witness): boolean {
  if (one.length !== other.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false;
  return true;
}

/**
 * Adds what a model depends on, without its optimizer. False if something is in it of which that is not known: a layer
 * that keeps layers or variables in fields of its own, a wrapper, a recurrent layer, an inner model that is compiled.
 * Throws ERR_STATE for a disposed variable.
 */
export function addModel(model: LayersModel, witness: Witness): boolean {
  addWeights(model.trainableWeights, witness);
  addWeights(givenWeights(model), witness);
  return addLayer(model, witness);
}

function addLayer(layer: Layer, witness: Witness): boolean {
  witness.push(layer, layer.name, layer.getClassName(), layer.built, layer.trainable);
  if (!('layers' in layer)) {
    if (!layer.built || fieldOf(layer, 'optimizer') !== undefined) return false;
    addWeights(layer.weights, witness);
    addWeights(fieldOf(layer, '_trainableWeights') as readonly AnyVariable[], witness);
  }
  const inner = layerKind(layer).witness?.(layer, witness);
  if (inner === undefined) return false;
  witness.push(inner.length);
  for (const one of inner) if (isCompiled(one) || !addLayer(one, witness)) return false;
  return true;
}

function isCompiled(layer: Layer): boolean {
  return 'layers' in layer && fieldOf(layer, 'optimizer') != null;
}

function addWeights(weights: readonly AnyVariable[], witness: Witness): void {
  witness.push(weights.length);
  for (const weight of weights) addWeight(weight, witness);
}

function addWeight(weight: AnyVariable, witness: Witness): void {
  if (!isAnyVariable(weight)) return void witness.push(weight);
  const value = liveValue(weight, weight.name);
  witness.push(weight, value, weight.trainable, value.trainable, value.shape, typeOf(value), registeredAs(value.name));
}
