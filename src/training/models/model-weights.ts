/** A model alone, as Keras's `model.save_weights` saves it: the model is the root of the objects. */

import { TextEncoder } from 'node:util';
import { captureOf } from '../../graph/attribute.js';
import '../../disposal.js';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CheckpointReader } from '../../bundle/reader.js';
import type { PathLike } from '../../commit/paths.js';
import { type RestoreOptions, restore } from '../../graph/restore/restore.js';
import type { RestoreStatus } from '../../graph/restore/restore-status.js';
import { checkpointRoot, type Extra, type Trackable } from '../../graph/trackable.js';
import { LORA } from '../../layers/lora.js';
import { optimizersOfModels } from '../../layers/optimizers/stored-optimizer.js';
import type { DescribeOptions } from '../checkpoint/description.js';
import { loadedModel, modelRoot, savedModel } from './kept-description.js';

/** The objects to save. `extras` are stored beside the graph, under the root. */
export function weightsTrackable(
  model: LayersModel,
  options: DescribeOptions,
  extras: readonly Extra[] = [],
): Trackable {
  return extras.length === 0 ? modelRoot(model, options) : checkpointRoot(savedModel(model, options), extras);
}

interface LoadOptions extends Omit<RestoreOptions, 'companions' | 'optionalRestorers' | 'aside'> {
  /** Default true. */
  includeOptimizer?: boolean | undefined;
}

/**
 * Loads what can be found; see `loadWeights`. The model is checked before the path is looked at. `described`: the
 * model, if the caller has looked at it already.
 */
export async function loadInto(
  model: LayersModel,
  from: PathLike | CheckpointReader,
  { includeOptimizer = true, ...options }: LoadOptions = {},
  described: Trackable = loadedModel(model, { optimizers: includeOptimizer }),
): Promise<RestoreStatus> {
  await using opened =
    from instanceof CheckpointReader ? null : await CheckpointReader.open(from, { signal: options.signal });
  const reader = opened ?? (from as CheckpointReader);
  const aside = includeOptimizer ? undefined : optimizersOfModels;
  return await restore(described, reader, { ...options, companions: LORA, optionalRestorers: true, aside });
}

/** A text that is stored beside the object graph. */
export function textExtra(name: string, text: string): Extra {
  const data = [new TextEncoder().encode(text)];
  return { name, dtype: 'string', shape: [], capture: () => captureOf(() => data) };
}
