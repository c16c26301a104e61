/** Saves a whole model: as one checkpoint, or as a SavedModel. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { type PathLike, savePathOf } from '../../commit/paths.js';
import { saveGraph } from '../../graph/stored/captured-graph.js';
import { checkModel } from '../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { wholeModel } from '../models/whole-model.js';
import { type SaveModelOptions as SavedModelOptions, writeSavedModel } from '../savedmodel/written/save-model.js';

export interface SaveModelOptions extends WriterOptions {
  /**
   * Whether the loss, the metrics and the optimizer with its state are saved, too. Default: whether the model is
   * compiled.
   */
  includeOptimizer?: boolean;
  /**
   * 'checkpoint' (default): one checkpoint, of which Python reads the weights. 'savedmodel': the directory PATH becomes
   * a SavedModel, which Python loads with its architecture, as `saveModel` of `tensorbundle/savedmodel` writes it. Then
   * `overwrite` may be 'atomic' or 'error', and there is no `keepPrevious`.
   */
  format?: 'checkpoint' | 'savedmodel';
}

const SAVE_MODEL_OPTIONS: OptionList<SaveModelOptions> = {
  ...WRITER_OPTIONS,
  includeOptimizer: 'flag',
  format: ['checkpoint', 'savedmodel'],
};

/**
 * Saves a model with its architecture, for `loadModel`: as one checkpoint, which the directory's `checkpoint` file then
 * names as the latest, or with `format: 'savedmodel'` as a SavedModel. Throws what `saveWeights` throws, or what
 * `saveModel` of `tensorbundle/savedmodel` throws.
 *
 * @example
 * await saveModel(model, 'out/digits');
 */
export async function saveModel(
  model: LayersModel,
  path: PathLike,
  options: SaveModelOptions = {},
): Promise<SaveResult> {
  refuseUnknown(options, 'saveModel', SAVE_MODEL_OPTIONS);
  const { includeOptimizer = true, format = 'checkpoint', ...writer } = options;
  checkModel(model);
  // Options that a SavedModel lacks are refused there.
  if (format === 'savedmodel')
    return await writeSavedModel(model, path, {
      ...writer,
      includeOptimizer: options.includeOptimizer,
    } as SavedModelOptions);
  return await saveGraph(wholeModel(model, includeOptimizer), savePathOf(path), writer, nameAsLatest);
}
