/**
 * `model.save` of a layers model, without one step that TensorFlow.js takes before it calls a handler: it joins all
 * weights to one buffer (tfjs-layers/src/engine/training.ts, save), which takes as much memory again and fails above 4
 * GiB. Also gives the weights names by which they are found when the model is loaded.
 */
import type { io } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { liveValue } from '../layers/variable.js';
import { compilationOf, trainingConfigOf, warnOfFunctions } from '../training/models/compilation.js';
import { freezeTopology } from '../training/models/frozen.js';
import { type OptimizerTensor, optimizerWeights } from './optimizer-weights.js';
import { fileNames, warnOfUnlisted } from './weight-names.js';
import { describeWeights, type NamedTensor, weightsOfTensors } from './weights.js';

type CapturedWeights = ReturnType<typeof weightsOfTensors>;

/**
 * What `save` would pass to a handler, for the model as it is now, and the weights apart. The caller must release the
 * weights.
 */
export async function artifactsOf(
  model: LayersModel,
  config: io.SaveConfig = {},
): Promise<{ artifacts: io.ModelArtifacts; weights: CapturedWeights }> {
  const modelTopology = model.toJSON(null, false) as object;
  freezeTopology(modelTopology, model);
  const artifacts: io.ModelArtifacts = {
    modelTopology,
    format: 'layers-model',
    generatedBy: 'TensorFlow.js tfjs-layers',
    convertedBy: null as never,
  };
  const metadata = model.getUserDefinedMetadata() as object | undefined;
  if (metadata) artifacts.userDefinedMetadata = metadata as never;
  warnOfUnlisted(model);
  const names = fileNames(model);
  // The tensors are kept before anything is awaited.
  const weights = weightsOfTensors(namedWeights(model, config.trainableOnly));
  const compilation = config.includeOptimizer ? compilationOf(model) : undefined;
  if (compilation === undefined) return { artifacts, weights };
  const trainingConfig = trainingConfigOf(compilation);
  if (trainingConfig === undefined) {
    const instead = "save to 'ckpt://', and load with loadModel(path, { loss, metrics })";
    warnOfFunctions(model, compilation, `the model will be loaded uncompiled, without its optimizer; ${instead}`, true);
    return { artifacts, weights };
  }
  try {
    artifacts.trainingConfig = trainingConfig as io.TrainingConfig;
    const given = optimizerWeights(model, names);
    const own = optimizerStateWeights(Array.isArray(given) ? given : await given);
    return { artifacts, weights: joinedWeights(weights, own) };
  } catch (error) {
    weights.release();
    throw error;
  }
}

/** The artifacts with one buffer per weight, for handlers that expect what TensorFlow.js passes. */
export async function bufferedArtifactsOf(model: LayersModel, config: io.SaveConfig): Promise<io.ModelArtifacts> {
  const { artifacts, weights } = await artifactsOf(model, config);
  const weightData: ArrayBuffer[] = [];
  try {
    for (const i of weights.specs.keys()) weightData.push((await weights.bytes(i)).buffer as ArrayBuffer);
  } finally {
    weights.release();
  }
  return { ...artifacts, weightSpecs: [...weights.specs], weightData };
}

/** Names, types and sizes of the weights of a model, without their values and without the optimizer. */
export function descriptionOf(model: LayersModel): ReturnType<typeof describeWeights> {
  return describeWeights(namedWeights(model));
}

function namedWeights(model: LayersModel, trainableOnly = false): NamedTensor[] {
  const names = fileNames(model);
  const chosen = trainableOnly ? model.trainableWeights.filter(({ trainable }) => trainable) : model.weights;
  return chosen.map(weight => {
    const tensor = liveValue(weight, weight.originalName);
    return { name: names.get(tensor.name)!, tensor };
  });
}

function optimizerStateWeights(state: readonly OptimizerTensor[]): CapturedWeights {
  try {
    return weightsOfTensors(state.map(({ name, tensor }) => ({ name, tensor, group: 'optimizer' as const })));
  } finally {
    for (const { tensor, own } of state) if (own) tensor.dispose();
  }
}

function joinedWeights(first: CapturedWeights, second: CapturedWeights): CapturedWeights {
  const { length } = first.specs;
  return {
    specs: [...first.specs, ...second.specs],
    sizes: [...first.sizes, ...second.sizes],
    bytes: i => (i < length ? first.bytes(i) : second.bytes(i - length)),
    content: (i, begin, end) => (i < length ? first.content(i, begin, end) : second.content(i - length, begin, end)),
    release: () => {
      first.release();
      second.release();
    },
  };
}
