/** Loads weights into a model from whatever a path leads to. */
import '../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointReader } from '../../bundle/reader.js';
import type { PathLike } from '../../commit/paths.js';
import { invalidArgument } from '../../errors.js';
import type { RestoreStatus } from '../../graph/restore/restore-status.js';
import { loadedModel } from '../models/kept-description.js';
import type { LoadWeightsOptions } from '../models/load-weights-options.js';
import { loadInto } from '../models/model-weights.js';
import { openStored } from './opened-by-content.js';

/** See `loadWeights`. */
export async function loadStored(
  model: LayersModel,
  path: PathLike,
  options: LoadWeightsOptions = {},
): Promise<RestoreStatus> {
  const { signal, includeOptimizer = true } = options;
  // A model that cannot be loaded into is refused before the path is looked at.
  const described = loadedModel(model, { optimizers: includeOptimizer });
  const hooks = { signal, onProgress: options.onProgress?.bind(options) };
  await using stored = await openStored(path, hooks);
  if (stored instanceof CheckpointReader) {
    const { byName, ...others } = options;
    if (byName) {
      throw invalidArgument(
        `\`byName\` is for .h5 files of Keras 2; in ${stored.prefix} variables are found by their paths, and ` +
          'by `map`',
        { path: stored.prefix },
      );
    }
    return await loadInto(model, stored, { ...others, ...hooks }, described);
  }
  const { loadKerasWeights } = await import('../keras/reading/load-keras-weights.js');
  return await loadKerasWeights(model, await stored.weights(), { ...options, ...hooks });
}
