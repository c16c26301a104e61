/**
 * A model with its architecture, and how it was compiled, in one checkpoint: the JSON that TensorFlow.js has for it lies beside the
 * object graph, so that one rename replaces all of it. Python reads the weights.
 */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointReader } from '../bundle/reader.js';
import { TensorBundleError } from '../errors.js';
import { extraKey } from '../graph/key.js';
import type { Extra } from '../graph/trackable.js';
import { requireLayers } from './callback-base.js';
import { loadInto, textExtra } from './model-weights.js';

const NAME = 'model';

/** What `getTrainingConfig` is: not public, though `model.save` uses it. */
interface Compiled {
  getTrainingConfig(): object;
}

/** A loss or a metric that is a function of the user's cannot be written: such a model is loaded uncompiled. */
export function architectureOf(model: LayersModel): Extra {
  const artifacts = { modelTopology: model.toJSON(null, false), trainingConfig: trainingConfig(model) };
  return textExtra(NAME, JSON.stringify(artifacts));
}

/**
 * Makes a new model from what `ModelCheckpoint` saved with `saveWeightsOnly: false`: architecture, weights, and, where it was compiled
 * with names of losses and metrics, the optimizer with its state. Classes of your own must be registered
 * (`tf.serialization.registerClass`). PATH is a prefix, one of its files, or a directory (its latest checkpoint).
 *
 * Rejects with ERR_NOT_FOUND if the checkpoint holds weights only; ERR_CORRUPT for an architecture that is no JSON; and with what
 * `loadWeights` and TensorFlow.js throw.
 *
 * @example
 * const model = await loadModel('run/best');
 */
export async function loadModel(path: string): Promise<LayersModel> {
  await using reader = await CheckpointReader.open(path);
  const key = extraKey('', NAME);
  if (!reader.has(key)) {
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `${reader.prefix} holds weights and no architecture; make the model as before, and use loadWeights`,
      { path: reader.prefix, tensor: key },
    );
  }
  const { data } = await reader.read(key);
  const artifacts = parse(new TextDecoder().decode((data as Uint8Array[])[0]), reader.prefix, key);
  const model = await requireLayers().loadLayersModel({ load: async () => artifacts });
  (await loadInto(model, reader.prefix)).assertExistingObjectsMatched();
  return model;
}

function trainingConfig(model: LayersModel): object | undefined {
  if (!model.optimizer) return undefined;
  try {
    return (model as unknown as Compiled).getTrainingConfig();
  } catch {
    return undefined;
  }
}

function parse(text: string, path: string, tensor: string): object {
  try {
    return JSON.parse(text) as object;
  } catch (cause) {
    throw new TensorBundleError('ERR_CORRUPT', `the architecture in ${path} is no JSON`, { path, tensor, cause });
  }
}
