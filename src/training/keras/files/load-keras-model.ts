/** Makes a TensorFlow.js model from a file of Keras. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { TensorBundleError } from '../../../errors.js';
import { makeWaitingSlots } from '../../../layers/optimizers/waiting-slots.js';
import { trainedNames } from '../../../layers/trained.js';
import type { LoadModelOptions } from '../../models/whole-model.js';
import { modelFromKeras, warnOfRemarks } from '../config/model-from-keras.js';
import { loadKerasWeights } from '../reading/load-keras-weights.js';
import type { KerasFile } from './keras-file.js';

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
  const { model, remarks, setRate, kerasClass } = await modelFromKeras({ ...texts, path, bytes, options });
  try {
    const includeOptimizer = options.compile !== false;
    const status = await loadKerasWeights(model, weights, { includeOptimizer, classOf: kerasClass });
    status.assertExistingObjectsMatched();
    setRate?.();
    // So another way of saving the model, such as TensorFlow.js's own, gets the restored state, too.
    if (model.optimizer) makeWaitingSlots(model.optimizer, trainedNames(model));
  } catch (error) {
    model.optimizer?.dispose();
    model.dispose();
    throw error;
  }
  warnOfRemarks(ignored === undefined ? remarks : [...remarks, ignored], path);
  return model;
}
