/**
 * Names of weights in files of TensorFlow.js, which finds weights by name only. A layer that a custom layer makes
 * without a name is called something else in each process, and layers of nested models may have equal names. Such
 * weights are found by their place in the file.
 */
import type { NamedTensorMap, Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { numberObjects } from '../graph/numbering.js';
import { modelTrackable } from '../layers/model.js';
import { knownClasses, layerKind } from '../layers/registry.js';
import type { Layer, LayerVariable } from '../layers/types.js';
import { liveValue, variableOf } from '../layers/variable.js';

const WARNING = { type: 'TensorBundleWarning', code: 'TENSORBUNDLE_WEIGHTS_NOT_LISTED' };
const told = new WeakSet<LayersModel>();

/**
 * A unique name for each weight of the model, by the name of its variable: TensorFlow.js's name, with a number if it is
 * taken.
 */
export function fileNames(model: LayersModel): Map<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  for (const weight of model.weights) {
    const { name } = liveValue(weight, weight.originalName);
    if (names.has(name)) continue;
    let fileName = weight.originalName;
    for (let i = 1; used.has(fileName); i++) fileName = `${weight.originalName}_${i}`;
    used.add(fileName);
    names.set(name, fileName);
  }
  return names;
}

/** A weight, and its name in the file. */
interface Placed {
  readonly weight: LayerVariable;
  readonly fileName: string;
}

/**
 * Decides which value belongs to which weight. Values have the order in which they were saved: of all weights, or of
 * the trained ones. Null if that order does not fit the model; then names alone decide. `byPlace`: names alone would
 * miss some weights or mix them up.
 */
export function placeWeights(
  model: LayersModel,
  values: NamedTensorMap,
): { placed: Placed[]; byPlace: boolean } | null {
  const own = fileNames(model);
  const inner = new Set(innerWeights(model));
  const saved = Object.keys(values);
  const fits = (weight: LayerVariable, i: number): boolean =>
    weight.shape.join() === values[saved[i]!]!.shape.join() &&
    (inner.has(weight) || own.get(liveValue(weight, weight.originalName).name) === saved[i]);
  const order = [model.weights, model.trainableWeights].find(some => some.length === saved.length && some.every(fits));
  if (order === undefined) return null;
  const isUnique = new Set(model.weights.map(({ originalName }) => originalName)).size === model.weights.length;
  const placed = order.map((weight, i) => ({ weight, fileName: saved[i]! }));
  return { placed, byPlace: inner.size > 0 || !isUnique };
}

/** The weights of layers within custom layers. Their names are chosen when they are made. */
function innerWeights(model: LayersModel): LayerVariable[] {
  return model.layers.filter(isCustom).flatMap(layer => layer.weights);
}

function isCustom(layer: Layer): boolean {
  const inner = layerKind(layer).inner?.(layer) ?? [];
  return (inner.length > 0 && !knownClasses().includes(layer.getClassName())) || inner.some(isCustom);
}

/**
 * TensorFlow.js saves only the weights that a layer lists. Warns of weights that a custom layer has in its fields but
 * does not list.
 */
export function warnOfUnlisted(model: LayersModel): void {
  if (told.has(model) || !model.layers.some(isCustomAnyhow)) return;
  const listed = new Set<Variable>(model.weights.map(weight => liveValue(weight, weight.originalName)));
  const { objects } = numberObjects(modelTrackable(model));
  const missing = objects
    .flatMap(({ object: { attributes } }) => attributes)
    .filter(attribute => {
      const variable = variableOf(attribute);
      return variable !== undefined && !listed.has(liveValue(variable, attribute.label));
    });
  if (missing.length === 0) return;
  told.add(model);
  process.emitWarning(
    `custom layers of the model '${model.name}' have weights that they do not list, so that TensorFlow.js neither ` +
      `trains nor saves them: ${missing.map(({ label }) => label).join(', ')}; save to 'ckpt://', or list them ` +
      '(trainableWeights, nonTrainableWeights)',
    WARNING,
  );
}

function isCustomAnyhow(layer: Layer): boolean {
  return !knownClasses().includes(layer.getClassName()) || (layerKind(layer).inner?.(layer) ?? []).some(isCustomAnyhow);
}
