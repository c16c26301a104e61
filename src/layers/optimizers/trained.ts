/** Which variables a model trains. */
import type { LayersModel } from '../types.js';
import { liveValue } from '../variable.js';

/** Names in tfjs, in the order of a step: of what the model was compiled with, whatever is frozen now; else of what is to be trained. */
export function trainedNames(model: LayersModel): string[] {
  // A Sequential trains a functional model inside.
  const { model: inner = model } = model as LayersModel & { model?: LayersModel };
  const { collectedTrainableWeights } = inner as unknown as { collectedTrainableWeights?: LayersModel['weights'] };
  return namesOf(collectedTrainableWeights ?? model.trainableWeights);
}

export function namesOf(weights: LayersModel['weights']): string[] {
  return weights.map(weight => liveValue(weight, weight.originalName).name);
}
