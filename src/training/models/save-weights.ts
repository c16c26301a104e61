/** The weights of a model, saved as tf_keras's `save_weights` saves them. */
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type SaveResult, WRITER_OPTIONS, type WriterOptions } from '../../bundle/writer-options.js';
import { nextCall } from '../../commit/call-order.js';
import { nameAsLatest } from '../../commit/latest-name.js';
import { absolutePrefix } from '../../commit/names.js';
import { type PathLike, savePathOf } from '../../commit/paths.js';
import { invalidArgument } from '../../errors.js';
import { saveGraph } from '../../graph/stored/captured-graph.js';
import { checkModel } from '../../layers/model.js';
import { type OptionList, refuseUnknown } from '../../options.js';
import { weightsTrackable } from './model-weights.js';

export interface SaveWeightsOptions extends WriterOptions {
  /** Whether the state of the model's optimizer is saved with it. Default: whether the model is compiled, as in tf_keras. */
  includeOptimizer?: boolean;
  /** Under whose names the optimizer is written: those of tf_keras's new optimizers (default) or of its legacy ones. */
  optimizerKeys?: 'new' | 'legacy';
  /** Default true: the `checkpoint` file of the directory then names this checkpoint as the latest, as tf_keras does. */
  updateState?: boolean;
}

const SAVE_WEIGHTS_OPTIONS: OptionList<SaveWeightsOptions> = {
  ...WRITER_OPTIONS,
  includeOptimizer: 'flag',
  optimizerKeys: ['new', 'legacy'],
  updateState: 'flag',
};

/**
 * Saves all weights of a built model (trainable or not), and its optimizer if it is compiled, under PREFIX, replacing what is there atomically. The values are
 * those of the moment of the call; training may go on meanwhile. An uncompiled model gives the bytes that tf_keras's
 * `save_weights(prefix)` gives for the same architecture and layer names; layers that were not named get Keras's automatic
 * names.
 *
 * Throws what CheckpointWriter.finish throws (and what writing the state file does, after the commit: the weights are then
 * saved); ERR_NOT_SUPPORTED for a layer with weights, or an optimizer, that this version does not know; ERR_INVALID_ARGUMENT for a
 * model that is not built, or `includeOptimizer: true` for one that is not compiled.
 *
 * @example
 * await saveWeights(model, 'out/digits');      // out/digits.index, out/digits.data-00000-of-00001, out/checkpoint
 */
export async function saveWeights(
  model: LayersModel,
  prefix: PathLike,
  options: SaveWeightsOptions = {},
): Promise<SaveResult> {
  refuseUnknown(options, 'saveWeights', SAVE_WEIGHTS_OPTIONS);
  const { includeOptimizer = true, optimizerKeys, updateState = true, ...writer } = options;
  checkModel(model);
  if (options.includeOptimizer && !model.optimizer) {
    throw invalidArgument('the model has no optimizer; compile it, or leave includeOptimizer out');
  }
  const path = savePathOf(prefix);
  // Before anything is awaited: a later process.chdir must not part the weights from their state file.
  const absolute = absolutePrefix(path);
  const call = nextCall();
  const result = await saveGraph(
    weightsTrackable(model, { optimizers: includeOptimizer, optimizerKeys }),
    path,
    writer,
  );
  if (updateState) {
    await nameAsLatest(absolute, { durable: writer.durable ?? true, call });
  }
  return result;
}
