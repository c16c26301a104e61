/**
 * `model.save` of a layers model without what it does before a handler sees anything: joining all weights to one buffer
 * (tfjs-layers/src/engine/training.ts, save), which takes as much memory again and ends at 4 GiB.
 */
import type { io, NamedTensorMap } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type NamedTensor, namedTensors, weightsOfTensors } from './weights.js';

type HeldWeights = ReturnType<typeof weightsOfTensors>;

/** Not public, though `save` uses them. */
interface Inner {
  getNamedWeights(config?: io.SaveConfig): NamedTensor[];
  getTrainingConfig(): io.TrainingConfig;
}

/** What `save` would give to a handler, as the model is now, and the weights by themselves. They are the caller's to release. */
export async function artifactsOf(
  model: LayersModel,
  config: io.SaveConfig = {},
): Promise<{ artifacts: io.ModelArtifacts; weights: HeldWeights }> {
  const inner = model as unknown as Inner;
  const artifacts: io.ModelArtifacts = {
    modelTopology: model.toJSON(null, false) as object,
    format: 'layers-model',
    generatedBy: 'TensorFlow.js tfjs-layers',
    convertedBy: null as never,
  };
  const metadata = model.getUserDefinedMetadata() as object | undefined;
  if (metadata) artifacts.userDefinedMetadata = metadata as never;
  // Held before anything is awaited.
  const weights = weightsOfTensors(namedTensors(inner.getNamedWeights(config)));
  if (!config.includeOptimizer || !model.optimizer) return { artifacts, weights };
  try {
    artifacts.trainingConfig = inner.getTrainingConfig();
    const state = namedTensors((await model.optimizer.getWeights()) as NamedTensor[] | NamedTensorMap);
    const own = weightsOfTensors(state.map(one => ({ ...one, group: 'optimizer' as const })));
    return { artifacts, weights: joined(weights, own) };
  } catch (error) {
    weights.release();
    throw error;
  }
}

function joined(first: HeldWeights, second: HeldWeights): HeldWeights {
  const { length } = first.specs;
  return {
    specs: [...first.specs, ...second.specs],
    sizes: [...first.sizes, ...second.sizes],
    bytes: i => (i < length ? first.bytes(i) : second.bytes(i - length)),
    release: () => {
      first.release();
      second.release();
    },
  };
}
