/** Makes a TensorFlow.js model from a file of Keras. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type ErrorCode, TensorBundleError, throwIfAborted } from '../../../errors.js';
import type { LoadHooks } from '../../../graph/restore/restore-source.js';
import type { RestoreStatus } from '../../../graph/restore/restore-status.js';
import type { Hdf5File } from '../../../hdf5/hdf5-file.js';
import { makeWaitingSlots } from '../../../layers/optimizers/waiting-slots.js';
import { trainedNames } from '../../../layers/trained.js';
import type { LoadModelOptions } from '../../models/whole-model.js';
import { type KerasModel, modelFromKeras, warnOfRemarks } from '../config/model-from-keras.js';
import { asShared } from '../config/shared-layers.js';
import { loadKerasWeights } from '../reading/load-keras-weights.js';
import type { KerasFile } from './keras-file.js';

/** Errors of a state that is of another optimizer, or stored in a way that nobody knows. */
const UNFIT: readonly ErrorCode[] = ['ERR_MISMATCH', 'ERR_NOT_SUPPORTED', 'ERR_UNMATCHED'];

/** Throws what `loadModel` says. */
export async function loadKerasModel(file: KerasFile, options: LoadModelOptions): Promise<LayersModel> {
  const { path, bytes } = file;
  const architecture = await file.architecture();
  if (architecture === null) {
    throw new TensorBundleError(
      'ERR_NOT_FOUND',
      `${path} holds weights but no architecture; make the model in your program, and use loadWeights`,
      { path },
    );
  }
  const { ignored, ...texts } = architecture;
  // Before anything is made: a damaged file is found here.
  const weights = await file.weights();
  const isLegacy = (await weights.at('model_weights')) !== undefined;
  const source = { ...texts, path, bytes, options, storesOnce: !isLegacy };
  const { model, remarks } = await withState(source, weights, growing(options));
  // So another way of saving the model, such as TensorFlow.js's own, gets the restored state, too.
  if (model.optimizer) makeWaitingSlots(model.optimizer, trainedNames(model));
  warnOfRemarks(ignored === undefined ? remarks : [...remarks, ignored], path);
  return model;
}

type Source = Parameters<typeof modelFromKeras>[0];
type Loaded = Pick<KerasModel, 'model' | 'remarks'>;
type OnProgress = LoadHooks['onProgress'];

/** What is loaded a second time, without the state of the optimizer, is not told again. */
function growing(options: LoadModelOptions): OnProgress {
  let told = 0;
  return progress => {
    if (progress.bytes <= told) return;
    told = progress.bytes;
    options.onProgress?.(progress);
  };
}

/**
 * As in Keras, a state of the optimizer that does not fit is left out: the optimizer is made anew. So an optimizer of
 * which a part was restored does not train on.
 */
async function withState(source: Source, weights: Hdf5File, onProgress: OnProgress): Promise<Loaded> {
  const isWanted = source.options.compile !== false;
  try {
    return await loaded(source, weights, { includeOptimizer: isWanted, onProgress });
  } catch (error) {
    const isUnfit = error instanceof TensorBundleError && UNFIT.includes(error.code);
    if (!isWanted || !isUnfit) throw error;
    // What does not fit may be a weight.
    const second = loaded(source, weights, { includeOptimizer: false, onProgress });
    const { model, remarks } = await second.catch((again: unknown) => {
      throwIfAborted(source.options.signal, 'the load');
      throw again instanceof TensorBundleError && again.code === 'ERR_NOT_SUPPORTED' ? again : error;
    });
    const more = model.optimizer ? [`the optimizer begins anew, since its state cannot be used: ${error.message}`] : [];
    return { model, remarks: [...remarks, ...more] };
  }
}

/**
 * Whether the file has a state of an optimizer, of which nothing was taken. That of an optimizer that has done no step
 * may be numbers alone, and nothing is lost with it.
 */
async function isStateUnused({ loaded: taken, unused }: RestoreStatus, weights: Hdf5File): Promise<boolean> {
  if (taken.some(isOfOptimizer)) return false;
  for (const key of unused.filter(isOfOptimizer)) {
    const dataset = await weights.at(key);
    if (dataset?.kind === 'dataset' && dataset.shape.length > 0) return true;
  }
  return false;
}

const isOfOptimizer = (key: string): boolean => /^optimizer(_weights)?\//.test(key);

async function loaded(
  source: Source,
  weights: Hdf5File,
  { includeOptimizer, onProgress }: { includeOptimizer: boolean; onProgress: OnProgress },
): Promise<Loaded> {
  const { model, remarks, setRate, kerasClass } = await modelFromKeras(source);
  try {
    const { signal } = source.options;
    const options = { includeOptimizer, classOf: kerasClass, signal, onProgress };
    const status = await loadKerasWeights(model, weights, options);
    status.assertExistingObjectsMatched();
    setRate?.();
    const isAnew = model.optimizer && includeOptimizer && (await isStateUnused(status, weights));
    return {
      model,
      remarks: isAnew ? [...remarks, 'the optimizer begins anew, since its state does not fit'] : remarks,
    };
  } catch (error) {
    const found = source.storesOnce && !includeOptimizer ? asShared(error, model, source.path) : error;
    model.optimizer?.dispose();
    model.dispose();
    throw found;
  }
}
