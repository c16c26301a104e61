/**
 * `model.save` of a layers model without what it does before a handler sees anything: joining all weights to one buffer
 * (tfjs-layers/src/engine/training.ts, save), which takes as much memory again and ends at 4 GiB.
 */
import type { io, NamedTensorMap } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type NamedTensor, namedTensors, type Weights, weightsOfTensors } from './weights.js';

/** Not public, though `save` uses them. */
interface Inner {
  getNamedWeights(config?: io.SaveConfig): NamedTensor[];
  getTrainingConfig(): io.TrainingConfig;
}

/** What `save` would give to a handler, and the weights by themselves. */
export async function artifactsOf(
  model: LayersModel,
  config: io.SaveConfig = {},
): Promise<{ artifacts: io.ModelArtifacts; weights: Weights }> {
  const inner = model as unknown as Inner;
  const weights: (NamedTensor & { group?: 'optimizer' })[] = namedTensors(inner.getNamedWeights(config));
  const artifacts: io.ModelArtifacts = {
    modelTopology: model.toJSON(null, false) as object,
    format: 'layers-model',
    generatedBy: 'TensorFlow.js tfjs-layers',
    convertedBy: null as never,
  };
  if (config.includeOptimizer && model.optimizer) {
    artifacts.trainingConfig = inner.getTrainingConfig();
    const state = namedTensors((await model.optimizer.getWeights()) as NamedTensor[] | NamedTensorMap);
    weights.push(...state.map(one => ({ ...one, group: 'optimizer' as const })));
  }
  const metadata = model.getUserDefinedMetadata() as object | undefined;
  if (metadata) artifacts.userDefinedMetadata = metadata as never;
  return { artifacts, weights: weightsOfTensors(weights) };
}
